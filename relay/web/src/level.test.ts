import { expect, it } from 'vitest'
import { level } from './level'

it.each([
  [0, 0, 'none'],
  [7, 0, 'none'],
  [0, 10, 'ok'],
  [7, 10, 'ok'],
  [8, 10, 'warn'],
  [9, 10, 'warn'],
  [10, 10, 'bad'],
  [12, 10, 'bad'],
  [1, 1, 'bad'],
])('%d of %d is %s', (used, limit, told) => expect(level(used, limit)).toBe(told))
