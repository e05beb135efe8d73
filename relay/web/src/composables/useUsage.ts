/** What was used between two moments, by what. */
import { get } from '../api'
import { beginning } from '../spans'
import type { Counts, Usage, UsageBy, UsageRow } from '../types'

export function usage(fromMs: number, toMs: number, by: UsageBy[], signal?: AbortSignal): Promise<Usage> {
  return get<Usage>('/api/usage', { from_ms: fromMs, to_ms: toMs, by: by.join(',') }, signal)
}

/** A number for each day or hour, 0 where nothing was counted. */
export function overTime(rows: UsageRow[], by: 'day' | 'hour', times: number[], what: (row: Counts) => number): number[] {
  const sums = new Map<number, number>()
  for (const row of rows) {
    const at = beginning(row[by])
    sums.set(at, (sums.get(at) ?? 0) + what(row))
  }
  return times.map((time) => sums.get(time) ?? 0)
}

