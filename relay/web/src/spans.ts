/** Days and hours of UTC, in which usage is counted. */

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

export const dayOf = (ms: number) => Math.floor(ms / DAY_MS) * DAY_MS
export const hourOf = (ms: number) => Math.floor(ms / HOUR_MS) * HOUR_MS

/** The beginnings of all of them between two moments, the later one left out. */
export function beginnings(fromMs: number, toMs: number, stepMs: number): number[] {
  const first = Math.floor(fromMs / stepMs) * stepMs
  const length = Math.max(0, Math.ceil((toMs - first) / stepMs))
  return Array.from({ length }, (_, index) => first + index * stepMs)
}

/** When a day or hour of the API begins: `2026-11-21`, `2026-11-21T17`, `2026-11-21T17:00Z` or milliseconds. */
export function beginning(told: string | number | undefined): number {
  if (typeof told === 'number') return told
  const parts = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}))?/.exec(told ?? '')
  if (parts === null) return Number.NaN
  const [year, month, day, hour] = parts.slice(1).map((part) => Number(part ?? 0))
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour)
}
