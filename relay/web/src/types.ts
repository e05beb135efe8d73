/** What the operators' API says and takes. Times are milliseconds since 1970, money is millionths of a dollar. */

export type Role = 'viewer' | 'operator' | 'admin'

export interface Session {
  name: string
  role: Role
  csrf: string | null
  expires_ms: number | null
}

export interface Page<Item> {
  items: Item[]
  next: string | null
}

// ---- live

export type AccountState = 'open' | 'full' | 'resting' | 'paused' | 'draining' | 'drained' | 'disabled' | 'broken'

export interface Why {
  cause: string
  model: string | null
  until_ms: number | null
}

/** Of a key that nobody knows any more there is no name, of a member that says nothing no key. */
export interface Member {
  member: string
  key: string | null
  key_name: string | null
  model: string | null
  since_ms: number
}

export type Slot = Member

export interface Waiter extends Member {
  position: number
}

export interface Turn {
  holder: Slot | null
  next_at_ms: number | null
  waiting: number
  line: Waiter[]
  line_more: number
}

export interface LiveAccount {
  id: string
  kind: string | null
  state: AccountState
  why: Why | null
  in_use: number
  limit: number
  waiting: number
  slots: Slot[]
  slots_more: number
  line: Waiter[]
  line_more: number
  turn: Turn | null
}

export interface LiveKey {
  id: string
  name: string | null
  in_use: number
  limit: number
  waiting: number
}

export interface LiveCaller {
  key: string
  key_name: string | null
  share: number
  wait_p50_ms: number
  wait_p95_ms: number
}

export interface LiveRelay {
  process: string
  since_ms: number
}

export interface Totals {
  in_flight: number
  waiting: number
  requests_per_s: number
  errors_per_s: number
  tokens_per_s: number
  spend_today_micro_usd: number
}

export interface Snapshot {
  at_ms: number
  totals: Totals
  accounts: LiveAccount[]
  keys: LiveKey[]
  callers: LiveCaller[]
  relays: LiveRelay[]
}

// ---- what operators make

export type Value = string | number | boolean | null | string[] | { [name: string]: Value }
export type Fields = Record<string, Value>

/** An account, group or user: declared in weir.toml or stored. */
export interface Entry {
  id: string
  version: number | null
  declared: boolean
  fields: Fields
}

export interface Account extends Entry {
  enabled: boolean
  drained: boolean
  trouble: string | null
  secrets: Record<string, string>
}

export interface Trial {
  ok: boolean
  status: number | null
  latency_ms: number
  message: string
}

export interface Spent {
  spent_micro_usd: number
  limit_micro_usd: number
}

export interface Key {
  id: string
  version: number
  name: string
  group: string
  fallback_group: string | null
  user: string | null
  max_concurrent: number
  waits: boolean
  enabled: boolean
  created_ms: number
  /** Until when the text that it had before is good too. */
  overlap_until_ms: number | null
  rules: Fields
  tags: string[]
  /** In the periods of now; null where there is no limit. */
  spent: { day: Spent | null; month: Spent | null; total: Spent | null }
}

export type NewKey = Key & { key: string }

export interface Operator {
  name: string
  role: Role
}

export interface ApiToken {
  id: string
  name: string
  role: Role
  created_ms?: number
  expires_ms: number | null
}

export type NewToken = ApiToken & { token: string }

/** By the names of weir.toml, `waiting.grace_ms`; prices of one's own as `prices.<model>`. */
export interface Settings {
  version: number
  declared: string[]
  values: Fields
  defaults: Fields
}

export interface About {
  version: string
  callers_url: string
  redis: { version: string; module_version: string; mode: string; embedded: boolean }
  relays: { process: string; version: string; since_ms: number; digest: string }[]
  differing: boolean
}

// ---- what was

export interface Counts {
  requests: number
  errors: number
  input_tokens: number
  output_tokens: number
  cache_read_tokens: number
  cache_write_tokens: number
  cost_micro_usd: number
  saved_micro_usd: number
}

export type UsageBy = 'key' | 'user' | 'account' | 'group' | 'model' | 'hour' | 'day'
export type UsageRow = Counts & Partial<Record<UsageBy, string | number>>

export interface Usage {
  rows: UsageRow[]
  totals: Counts
}

export interface Attempt {
  account: string
  cause: string
}

/** One request, as it was recorded; what is not known is absent or null. */
export interface RequestRecord {
  request: string
  at_ms: number
  key: string
  user?: string | null
  group?: string | null
  account?: string | null
  chosen?: string | null
  failed?: Attempt[] | string | null
  dialect?: string | null
  stream?: boolean | number | null
  model?: string | null
  served?: string | null
  answered?: string | null
  status?: number | null
  outcome?: string | null
  /** What the provider said, where it refused. */
  error?: string | null
  wait_ms?: number | null
  turn_ms?: number | null
  connect_ms?: number | null
  first_byte_ms?: number | null
  duration_ms?: number | null
  input?: number | null
  output?: number | null
  cache_read?: number | null
  cache_write_5m?: number | null
  cache_write_1h?: number | null
  reasoning?: number | null
  cost_micro_usd?: number | null
  unpriced?: boolean | number | null
}

export interface AuditEntry {
  id: string
  at_ms: number
  who: string
  role: Role
  from: string
  act: string
  what: string
  id_of: string
  changes: { field: string; from: Value; to: Value }[]
}
