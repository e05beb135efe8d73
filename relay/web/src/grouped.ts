/** Usage by one thing over time: sums for the table, and a line for each of the largest for the chart. Pure. */
import { beginning } from './spans'
import type { Counts, UsageBy, UsageRow } from './types'

export type Measure = 'cost' | 'tokens' | 'requests'

export const MEASURES: Record<Measure, (row: Counts) => number> = {
  cost: (row) => row.cost_micro_usd,
  tokens: (row) => row.input_tokens + row.output_tokens + row.cache_read_tokens + row.cache_write_tokens,
  requests: (row) => row.requests,
}

const NUMBERS = [
  'requests', 'errors', 'input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'cost_micro_usd', 'saved_micro_usd',
] as const satisfies (keyof Counts)[]

export interface Summed extends Counts {
  name: string
}

export interface Line {
  /** `null` is all others together. */
  name: string | null
  values: number[]
}

/** The dearest first, then those with the most requests. */
export function summed(rows: UsageRow[], by: UsageBy): Summed[] {
  const sums = new Map<string, Summed>()
  for (const row of rows) {
    const name = String(row[by] ?? '')
    const sum = sums.get(name) ?? { name, ...nothing() }
    for (const number of NUMBERS) sum[number] += row[number] ?? 0
    sums.set(name, sum)
  }
  return [...sums.values()].sort((one, other) => other.cost_micro_usd - one.cost_micro_usd || other.requests - one.requests)
}

export function linesOf(rows: UsageRow[], by: UsageBy, step: 'day' | 'hour', times: number[], measure: Measure, most: number): Line[] {
  const what = MEASURES[measure]
  const places = new Map(times.map((time, index) => [time, index]))
  const lines = new Map<string, number[]>()
  for (const row of rows) {
    const place = places.get(beginning(row[step]))
    if (place === undefined) continue
    const name = String(row[by] ?? '')
    const values = lines.get(name) ?? times.map(() => 0)
    values[place] = (values[place] ?? 0) + what(row)
    lines.set(name, values)
  }
  const sum = (values: number[]) => values.reduce((one, other) => one + other, 0)
  const sorted = [...lines].sort(([, one], [, other]) => sum(other) - sum(one))
  const shown: Line[] = sorted.slice(0, most).map(([name, values]) => ({ name, values }))
  const rest = sorted.slice(most)
  if (rest.length === 0) return shown
  return [...shown, { name: null, values: times.map((_, index) => rest.reduce((all, [, values]) => all + (values[index] ?? 0), 0)) }]
}

function nothing(): Counts {
  return Object.fromEntries(NUMBERS.map((number) => [number, 0])) as unknown as Counts
}
