import { expect, it } from 'vitest'
import { inSight } from './useStrip'

it('what is in sight is there, with a little to both sides', () => {
  expect(inSight({ scrolled: 0, width: 500 }, 100, 2_000)).toEqual({ first: 0, end: 7 })
  expect(inSight({ scrolled: 1_050, width: 500 }, 100, 2_000)).toEqual({ first: 8, end: 18 })
})

it('a line that became shorter than it was scrolled shows its end', () => {
  expect(inSight({ scrolled: 9_000, width: 500 }, 100, 3)).toEqual({ first: 2, end: 3 })
  expect(inSight({ scrolled: 9_000, width: 500 }, 100, 0)).toEqual({ first: 0, end: 0 })
})
