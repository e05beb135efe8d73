import { describe, expect, it } from 'vitest'
import { age, compact, duration, mark, percent, usd } from './format'

describe('spans of time', () => {
  it.each([
    [-5, '0 ms'],
    [0, '0 ms'],
    [850, '850 ms'],
    [1_000, '1.0 s'],
    [9_949, '9.9 s'],
    [9_999, '9 s'],
    [48_400, '48 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [360_000_000, '4 d 4 h'],
    [Number.NaN, '–'],
  ])('%d ms are said as %s', (ms, said) => expect(duration(ms)).toBe(said))

  it.each([
    [-200, '0 s'],
    [999, '0 s'],
    [1_900, '1 s'],
    [9_960, '9 s'],
    [65_000, '1 min 5 s'],
  ])('an age of %d ms is said in whole seconds', (ms, said) => expect(age(ms)).toBe(said))
})

describe('numbers', () => {
  it.each([
    [1_830_000, '$1.83'],
    [0, '$0.00'],
    [9_120, '$0.00912'],
    [1, '$0.000001'],
    [48_213_400, '$48.21'],
  ])('%d millionths of a dollar are %s', (micro, said) => expect(usd('en-US', micro)).toBe(said))

  it('short numbers keep what tells them apart', () => {
    expect([0.2, 12.44, 9_999, 20_640, 1_250_000].map((value) => compact('en-US', value))).toEqual(['0.2', '12', '9,999', '20.6K', '1.3M'])
  })

  it('small shares are not rounded to nothing', () => {
    expect([percent('en-US', 0.004), percent('en-US', 0.22)]).toEqual(['0.4%', '22%'])
  })
})

describe('marks beneath a chart', () => {
  it.each([15_000, 30_000, 60_000, 300_000, 3_600_000, 86_400_000])('every %d ms none says what the one before it says', (everyMs) => {
    const said = Array.from({ length: 5 }, (_, place) => mark('en-GB', 1_795_000_000_000 + place * everyMs, everyMs))
    expect(new Set(said).size).toBe(said.length)
  })

  it('seconds are said where they tell two of them apart, and nowhere else', () => {
    expect(mark('en-GB', 30_000, 30_000)).toMatch(/^\d\d:\d\d:30$/)
    expect(mark('en-GB', 60_000, 60_000)).toMatch(/^\d\d:\d\d$/)
  })
})
