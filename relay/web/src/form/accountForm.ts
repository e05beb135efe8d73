/** The fields of an account, as `[accounts.<name>]` of weir.toml has them. */
import type { Draft, FieldSpec, Section } from './spec'

export const KINDS = ['anthropic', 'openai', 'gemini', 'bedrock', 'azure-openai', 'deepseek'] as const

const DAY_MS = 86_400_000
const isBedrock = (draft: Draft) => draft['kind'] === 'bedrock'
const isAzure = (draft: Draft) => draft['kind'] === 'azure-openai'

const name: FieldSpec = { name: 'id', kind: 'text', needed: true, fixed: true, most: 64 }

/** Written, never read: left empty they stay. */
export const secretFields: FieldSpec[] = [
  { name: 'api_key', kind: 'secret' },
  { name: 'access_key_id', kind: 'secret', shown: isBedrock },
  { name: 'secret_access_key', kind: 'secret', shown: isBedrock },
  { name: 'session_token', kind: 'secret', shown: isBedrock },
]

const timeout = (which: string, otherwise: number): FieldSpec => ({ name: `timeouts.${which}`, kind: 'whole', unit: 'ms', otherwise, least: 1, most: DAY_MS })

const sections: Section[] = [
  {
    name: 'endpoint',
    fields: [
      { name: 'kind', kind: 'choice', options: KINDS, otherwise: 'anthropic', needed: true, fixed: true },
      { name: 'base_url', kind: 'text', most: 2_048 },
      { name: 'region', kind: 'text', shown: isBedrock, most: 64 },
      { name: 'api_version', kind: 'text', shown: isAzure, most: 64 },
      ...secretFields,
    ],
  },
  {
    name: 'limits',
    fields: [
      { name: 'max_concurrent', kind: 'whole', most: 1_000_000 },
      { name: 'priority', kind: 'whole', most: 1_000 },
      { name: 'requests_per_minute', kind: 'whole', most: 1_000_000_000 },
      { name: 'tokens_per_minute', kind: 'whole', most: 1_000_000_000_000 },
    ],
  },
  {
    name: 'turns',
    fields: [{ name: 'serial_turns', kind: 'switch' }, { name: 'turn_delay_ms', kind: 'whole', unit: 'ms', most: DAY_MS }],
  },
  {
    name: 'models',
    fields: [{ name: 'models', kind: 'map' }, { name: 'translate', kind: 'switch' }, { name: 'ask_usage', kind: 'switch', otherwise: true }, { name: 'betas', kind: 'list', shown: isBedrock }],
  },
  { name: 'people', fields: [{ name: 'enabled', kind: 'switch', otherwise: true }, { name: 'note', kind: 'note', most: 1_000 }] },
  {
    name: 'network',
    folded: true,
    fields: [
      timeout('connect_ms', 5_000),
      timeout('first_byte_stream_ms', 300_000),
      timeout('first_byte_ms', 900_000),
      timeout('idle_ms', 300_000),
      timeout('total_ms', 3_600_000),
      { name: 'allow_http', kind: 'switch' },
      { name: 'allow_private', kind: 'switch' },
    ],
  },
]

/** The name is asked for once. */
export function accountSections(isNew: boolean): Section[] {
  return sections.map((section) => (section.name === 'endpoint' && isNew ? { ...section, fields: [name, ...section.fields] } : section))
}
