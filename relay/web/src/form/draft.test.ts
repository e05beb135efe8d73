import { describe, expect, it } from 'vitest'
import { changes, check, draftOf, fieldOf, whole } from './draft'
import type { FieldSpec } from './spec'

const specs: FieldSpec[] = [
  { name: 'kind', kind: 'choice', options: ['a', 'b'], otherwise: 'a' },
  { name: 'base_url', kind: 'text', needed: true },
  { name: 'region', kind: 'text', needed: true, shown: (draft) => draft['kind'] === 'b' },
  { name: 'max_concurrent', kind: 'whole', most: 1_000_000 },
  { name: 'spend_per_day', kind: 'money' },
  { name: 'models', kind: 'map' },
  { name: 'betas', kind: 'list' },
  { name: 'accounts', kind: 'several' },
  { name: 'ask_usage', kind: 'switch', otherwise: true },
  { name: 'timeouts.connect_ms', kind: 'whole', otherwise: 5_000, least: 1, most: 86_400_000 },
]

const stored = { base_url: 'https://a', max_concurrent: 4, models: { fast: 'claude' }, timeouts: { connect_ms: 900 }, accounts: ['main'] }

describe('a draft', () => {
  it('that nobody touched changes nothing', () => {
    expect(changes(specs, draftOf(specs, stored), draftOf(specs, stored))).toEqual({})
    expect(check(specs, draftOf(specs, stored))).toEqual({})
  })

  it('says what differs, in the form of the API', () => {
    const draft = {
      ...draftOf(specs, stored), max_concurrent: '0', models: 'a* = b\n c=d ', betas: 'x\n\ny', ask_usage: false, spend_per_day: '12.5',
      'timeouts.connect_ms': '1000', accounts: ['main', 'second'],
    }
    expect(changes(specs, draftOf(specs, stored), draft)).toEqual({
      max_concurrent: 0, models: { 'a*': 'b', c: 'd' }, betas: ['x', 'y'], ask_usage: false, spend_per_day: 12.5, timeouts: { connect_ms: 1000 },
      accounts: ['main', 'second'],
    })
  })

  it('takes back what was emptied', () => {
    expect(changes(specs, draftOf(specs, stored), { ...draftOf(specs, stored), base_url: ' ' })).toEqual({ base_url: null })
  })

  it('of a new thing says what is not as it would be anyway', () => {
    expect(whole(specs, { ...draftOf(specs, {}), base_url: 'https://b' })).toEqual({ base_url: 'https://b' })
  })

  it('leaves out what another kind has', () => {
    const draft = { ...draftOf(specs, {}), base_url: 'https://b', region: 'us-east-1' }
    expect(whole(specs, draft)).toEqual({ base_url: 'https://b' })
    expect(whole(specs, { ...draft, kind: 'b' })).toEqual({ kind: 'b', base_url: 'https://b', region: 'us-east-1' })
  })
})

describe('what is wrong is said at its field', () => {
  const wrongs = (said: Record<string, string>) => check(specs, { ...draftOf(specs, stored), ...said })

  it.each(['', '-1', '1.5', 'many', '1e3'])('a limit of "%s" is no whole number', (text) => {
    expect(wrongs({ max_concurrent: text })).toEqual({ max_concurrent: { message: 'number' } })
  })

  it('numbers have bounds', () => {
    expect(wrongs({ max_concurrent: '1000001' })).toEqual({ max_concurrent: { message: 'most', most: 1_000_000 } })
    expect(wrongs({ 'timeouts.connect_ms': '0' })).toEqual({ 'timeouts.connect_ms': { message: 'least', least: 1 } })
  })

  it('amounts have at most six places', () => {
    expect(wrongs({ spend_per_day: '0.0000001' })).toEqual({ spend_per_day: { message: 'money' } })
    expect(wrongs({ spend_per_day: '0.000001' })).toEqual({})
  })

  it('what is needed is asked for only where it is shown', () => {
    expect(wrongs({ base_url: ' ' })).toEqual({ base_url: { message: 'required' } })
    expect(wrongs({ kind: 'b' })).toEqual({ region: { message: 'required' } })
  })

  it('each line of a map has a name and a value', () => {
    expect(wrongs({ models: 'a = b\nc' })).toEqual({ models: { message: 'map' } })
  })
})

it('errors of the API find their field', () => {
  const names = ['max_concurrent', 'fields.max_concurrent', 'fields.timeouts.connect_ms', 'connect_ms', 'models.fast', 'accounts[1]', 'else', null]
  expect(names.map((told) => fieldOf(specs, told))).toEqual([
    'max_concurrent', 'max_concurrent', 'timeouts.connect_ms', 'timeouts.connect_ms', 'models', 'accounts', null, null,
  ])
})
