/** The waterfall of a request: what it did when, as far as its record tells; what took no time is left out, but
    for a provider that answered. Pure. */
import type { RequestRecord } from './types'

export type PhaseName = 'line' | 'turn' | 'connect' | 'upstream' | 'stream' | 'failed'

export interface Phase {
  name: PhaseName
  fromMs: number
  toMs: number
}

export function phases(record: RequestRecord): Phase[] {
  const end = record.duration_ms ?? 0
  const waited = Math.min(record.wait_ms ?? 0, end)
  const inLine = Math.max(0, waited - (record.turn_ms ?? 0))
  const firstByte = record.first_byte_ms == null ? null : Math.min(Math.max(record.first_byte_ms, waited), end)
  const connected = Math.min(waited + (record.connect_ms ?? 0), firstByte ?? end)
  const all: Phase[] = [
    { name: 'line', fromMs: 0, toMs: inLine },
    { name: 'turn', fromMs: inLine, toMs: waited },
    { name: 'connect', fromMs: waited, toMs: connected },
    firstByte === null ? { name: 'failed', fromMs: connected, toMs: end } : { name: 'upstream', fromMs: connected, toMs: firstByte },
    { name: 'stream', fromMs: firstByte ?? end, toMs: end },
  ]
  return all.filter(({ name, fromMs, toMs }) => toMs > fromMs || name === 'upstream')
}

/** `a1:rate a2:unreachable`, or a list of the same. */
export function failedAt(record: RequestRecord): { account: string; cause: string }[] {
  const failed = record.failed
  if (failed == null) return []
  if (typeof failed !== 'string') return failed
  return failed.split(' ').filter(Boolean).map((one) => {
    const colon = one.lastIndexOf(':')
    return { account: one.slice(0, colon), cause: one.slice(colon + 1) }
  })
}
