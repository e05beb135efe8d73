import { expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, beginning, beginnings } from './spans'

const MIDNIGHT = Date.UTC(2026, 10, 21)

it('days and hours are read in every form in which they are told', () => {
  expect(beginning('2026-11-21')).toBe(MIDNIGHT)
  expect(beginning('2026-11-21T17')).toBe(MIDNIGHT + 17 * HOUR_MS)
  expect(beginning('2026-11-21T17:00Z')).toBe(MIDNIGHT + 17 * HOUR_MS)
  expect(beginning(MIDNIGHT)).toBe(MIDNIGHT)
  expect(beginning('other')).toBeNaN()
})

it('each day of a span begins once, and the last one is not beyond it', () => {
  expect(beginnings(MIDNIGHT + 5, MIDNIGHT + 2 * DAY_MS, DAY_MS)).toEqual([MIDNIGHT, MIDNIGHT + DAY_MS])
  expect(beginnings(MIDNIGHT, MIDNIGHT, DAY_MS)).toEqual([])
})
