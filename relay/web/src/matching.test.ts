import { expect, it } from 'vitest'
import { matching } from './matching'
import type { LiveAccount } from './types'

const slot = (key_name: string) => ({ member: key_name, key: 'k', key_name, model: 'm', since_ms: 0 })
const account = (id: string, served: string[], waiting: string[]): LiveAccount => ({
  id, kind: 'anthropic', state: 'open', why: null, in_use: served.length, limit: 2, waiting: waiting.length, slots: served.map(slot), slots_more: 0,
  line: waiting.map((name, index) => ({ ...slot(name), position: index + 1 })), line_more: 0, turn: null,
})
const all = [account('main', ['ann'], ['bob']), account('second', ['陈伟'], [])]
const found = (word: string, onlyBusy = false) => matching(all, word, onlyBusy).map(({ id }) => id)

it('an account is found by its name, its kind, who it serves and who waits for it', () => {
  expect(found('')).toEqual(['main', 'second'])
  expect(found('SEC')).toEqual(['second'])
  expect(found('anthropic')).toEqual(['main', 'second'])
  expect(found(' bob ')).toEqual(['main'])
  expect(found('陈')).toEqual(['second'])
  expect(found('nobody')).toEqual([])
})

it('accounts without a line can be left out', () => {
  expect(found('', true)).toEqual(['main'])
})
