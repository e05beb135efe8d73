/** The settings that hold for all relays, by the names that weir.toml has for them. */
import type { Fields, Value } from '../types'
import type { FieldSpec, Section } from './spec'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

const span = (name: string, least: number, most: number): FieldSpec => ({ name, kind: 'whole', unit: 'ms', least, most })
const whole = (name: string, least: number, most: number): FieldSpec => ({ name, kind: 'whole', least, most })
const days = (name: string): FieldSpec => ({ name, kind: 'whole', unit: 'days', least: 1, most: 3_660 })

export const settingsSections: Section[] = [
  {
    name: 'waiting',
    fields: [
      span('waiting.max_stream_ms', 0, DAY_MS),
      span('waiting.max_whole_ms', 0, DAY_MS),
      span('waiting.grace_ms', 0, HOUR_MS),
      span('waiting.heartbeat_ms', 1, HOUR_MS),
      span('waiting.silence_ms', 1, HOUR_MS),
    ],
  },
  { name: 'failover', fields: [whole('failover.max_attempts', 1, 100), span('failover.within_ms', 0, HOUR_MS)] },
  { name: 'affinity', fields: [span('admission.affinity_patience_ms', 0, HOUR_MS)] },
  { name: 'retention', fields: [whole('retention.records', 0, 100_000_000), days('retention.record_days'), days('retention.hour_counter_days'), days('retention.day_counter_days')] },
  {
    name: 'spend',
    fields: [
      { name: 'spend.time_zone', kind: 'text', needed: true, most: 64 },
      { name: 'spend.unpriced', kind: 'choice', options: ['refuse', 'allow'], needed: true },
    ],
  },
]

/** `{"waiting": {"grace_ms": 1}}` by whole names: `{"waiting.grace_ms": 1}`. */
export function byWholeName(fields: Fields): Fields {
  const flat: Fields = {}
  for (const [table, inner] of Object.entries(fields)) {
    for (const [name, value] of Object.entries(inner as Record<string, Value>)) flat[`${table}.${name}`] = value
  }
  return flat
}

/** Prices of one's own, by model. */
export function ownPrices(values: Fields): Record<string, Fields> {
  const prices = Object.entries(values).filter(([name]) => name.startsWith('prices.'))
  return Object.fromEntries(prices.map(([name, price]) => [name.slice('prices.'.length), price as Fields]))
}
