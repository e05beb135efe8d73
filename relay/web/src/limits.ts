/** Limits in words: those that are set, shortly. */
import { at } from './form/draft'
import type { Fields } from './types'

export interface Limit {
  name: 'atOnce' | 'requests' | 'tokens' | 'day' | 'month' | 'total'
  value: number
}

const FIELDS: [string, Limit['name']][] = [
  ['max_concurrent', 'atOnce'],
  ['requests_per_minute', 'requests'],
  ['tokens_per_minute', 'tokens'],
  ['spend_per_day', 'day'],
  ['spend_per_month', 'month'],
  ['spend_total', 'total'],
]

/** Spending may be told as a text with its places. */
export function limitsIn(fields: Fields): Limit[] {
  return FIELDS.map(([field, name]) => ({ name, value: Number(at(fields, field) ?? 0) })).filter(({ value }) => value > 0)
}
