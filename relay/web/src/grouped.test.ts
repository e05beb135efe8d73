import { expect, it } from 'vitest'
import { linesOf, summed } from './grouped'
import { DAY_MS } from './spans'
import type { UsageRow } from './types'

const row = (key: string, day: string, requests: number, cost: number): UsageRow => ({
  key, day, requests, errors: 0, input_tokens: requests * 10, output_tokens: requests, cache_read_tokens: 0, cache_write_tokens: 0, cost_micro_usd: cost, saved_micro_usd: 1,
})
const rows = [row('a', '2026-11-20', 1, 5), row('b', '2026-11-20', 9, 90), row('a', '2026-11-21', 2, 10), row('c', '2026-11-21', 1, 1)]
const days = [Date.UTC(2026, 10, 20), Date.UTC(2026, 10, 20) + DAY_MS]

it('the table has each once, the dearest first', () => {
  expect(summed(rows, 'key').map(({ name, requests, cost_micro_usd, saved_micro_usd }) => [name, requests, cost_micro_usd, saved_micro_usd])).toEqual([
    ['b', 9, 90, 1],
    ['a', 3, 15, 2],
    ['c', 1, 1, 1],
  ])
})

it('the chart has a line for the largest, and one for all others', () => {
  expect(linesOf(rows, 'key', 'day', days, 'cost', 1)).toEqual([
    { name: 'b', values: [90, 0] },
    { name: null, values: [5, 11] },
  ])
  expect(linesOf(rows, 'key', 'day', days, 'tokens', 3)).toEqual([
    { name: 'b', values: [99, 0] },
    { name: 'a', values: [11, 22] },
    { name: 'c', values: [0, 11] },
  ])
})

it('what is outside of the time is not drawn', () => {
  expect(linesOf(rows, 'key', 'day', days.slice(1), 'requests', 5)).toEqual([
    { name: 'a', values: [2] },
    { name: 'c', values: [1] },
  ])
})
