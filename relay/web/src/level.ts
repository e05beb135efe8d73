/** How full something is: what colour says it. 0 as a limit is no limit. */

export type Level = 'none' | 'ok' | 'warn' | 'bad'

export function level(used: number, limit: number): Level {
  if (limit <= 0) return 'none'
  if (used >= limit) return 'bad'
  return used >= limit * 0.8 ? 'warn' : 'ok'
}
