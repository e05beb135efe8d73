import { expect, it } from 'vitest'
import { failedAt, phases } from './phases'
import type { RequestRecord } from './types'

const record = (more: Partial<RequestRecord>): RequestRecord => ({ request: 'r', at_ms: 0, key: 'k', ...more })

it('a request waits in line, for its turn, for the upstream, and streams', () => {
  expect(phases(record({ wait_ms: 500, turn_ms: 200, first_byte_ms: 900, duration_ms: 2_000 }))).toEqual([
    { name: 'line', fromMs: 0, toMs: 300 },
    { name: 'turn', fromMs: 300, toMs: 500 },
    { name: 'upstream', fromMs: 500, toMs: 900 },
    { name: 'stream', fromMs: 900, toMs: 2_000 },
  ])
})

it('a connection that was made for it is told apart', () => {
  expect(phases(record({ wait_ms: 100, connect_ms: 50, first_byte_ms: 400, duration_ms: 400 }))).toEqual([
    { name: 'line', fromMs: 0, toMs: 100 },
    { name: 'connect', fromMs: 100, toMs: 150 },
    { name: 'upstream', fromMs: 150, toMs: 400 },
  ])
})

it('what took no time is no phase, but for a provider that answered', () => {
  expect(phases(record({ wait_ms: 0, first_byte_ms: 0, duration_ms: 0 }))).toEqual([{ name: 'upstream', fromMs: 0, toMs: 0 }])
  expect(phases(record({ wait_ms: 0, first_byte_ms: 900, duration_ms: 900 }))).toEqual([{ name: 'upstream', fromMs: 0, toMs: 900 }])
  expect(phases(record({}))).toEqual([])
})

it('without a first byte the rest was in vain', () => {
  expect(phases(record({ wait_ms: 100, duration_ms: 400 }))).toEqual([
    { name: 'line', fromMs: 0, toMs: 100 },
    { name: 'failed', fromMs: 100, toMs: 400 },
  ])
})

it('no phase ends after the request', () => {
  expect(phases(record({ wait_ms: 900, turn_ms: 1_000, first_byte_ms: 800, duration_ms: 500 }))).toEqual([
    { name: 'turn', fromMs: 0, toMs: 500 },
    { name: 'upstream', fromMs: 500, toMs: 500 },
  ])
})

it('accounts that failed are read in both forms', () => {
  expect(failedAt(record({ failed: 'a:1:rate b:unreachable' }))).toEqual([{ account: 'a:1', cause: 'rate' }, { account: 'b', cause: 'unreachable' }])
  expect(failedAt(record({ failed: [{ account: 'a', cause: 'rate' }] }))).toEqual([{ account: 'a', cause: 'rate' }])
  expect(failedAt(record({}))).toEqual([])
})
