/** Between what the API says and what people type: a draft has a text for every number. Pure. */
import type { Fields, Value } from '../types'
import type { Draft, DraftValue, FieldSpec, Wrong, Wrongs } from './spec'

const WHOLE = /^\d+$/
const MONEY = /^\d{1,9}(\.\d{1,6})?$/
const MAPPED = /^([^=]+?)\s*=\s*(.+)$/

/** What the form begins with. */
export function draftOf(specs: readonly FieldSpec[], fields: Fields): Draft {
  return Object.fromEntries(specs.map((spec) => [spec.name, shown(spec, at(fields, spec.name))]))
}

/** What is wrong, by field. */
export function check(specs: readonly FieldSpec[], draft: Draft): Wrongs {
  const wrongs: Wrongs = {}
  for (const spec of specs) {
    if (spec.shown?.(draft) === false) continue
    const wrong = wrongIn(spec, draft[spec.name] ?? '')
    if (wrong !== null) wrongs[spec.name] = wrong
  }
  return wrongs
}

/** All that is said: what a new thing is made of. What is as it would be anyway is left out. */
export function whole(specs: readonly FieldSpec[], draft: Draft): Fields {
  return changes(specs, draftOf(specs, {}), draft)
}

/** What differs; null takes a field's default. */
export function changes(specs: readonly FieldSpec[], before: Draft, draft: Draft): Fields {
  const changed: Fields = {}
  for (const spec of specs) {
    const old = before[spec.name]
    const now = spec.shown?.(draft) === false ? shown(spec, undefined) : (draft[spec.name] ?? '')
    if (JSON.stringify(old) !== JSON.stringify(now)) put(changed, spec.name, meant(spec, now))
  }
  return changed
}

/** Which field of the form an error of the API is about: it may name it with what is around it. */
export function fieldOf(specs: readonly FieldSpec[], told: string | null): string | null {
  if (told === null) return null
  const inner = told.replace(/^(fields|secrets|values|rules)\./, '')
  const names = specs.map((spec) => spec.name)
  return names.find((name) => name === told || name === inner) ?? names.find((name) => inner.startsWith(`${name}.`) || inner.startsWith(`${name}[`) || name.endsWith(`.${inner}`)) ?? null
}

export function at(fields: Fields, path: string): Value | undefined {
  if (path in fields) return fields[path]
  return path.split('.').reduce<Value | undefined>((table, step) => (isTable(table) ? table[step] : undefined), fields)
}

function put(fields: Fields, path: string, value: Value): void {
  const steps = path.split('.')
  const last = steps.pop() ?? path
  let table: Fields = fields
  for (const step of steps) {
    const inner = table[step]
    const next: Fields = isTable(inner) ? inner : {}
    table[step] = next
    table = next
  }
  table[last] = value
}

function isTable(value: Value | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(spec: FieldSpec, value: Value | undefined): DraftValue {
  switch (spec.kind) {
    case 'switch':
      return typeof value === 'boolean' ? value : (spec.otherwise ?? false)
    case 'several':
      return Array.isArray(value) ? [...value] : []
    case 'list':
      return Array.isArray(value) ? value.join('\n') : ''
    case 'map':
      return isTable(value) ? Object.entries(value).map(([name, to]) => `${name} = ${String(to)}`).join('\n') : ''
    case 'whole':
      return String(value ?? spec.otherwise ?? 0)
    case 'money':
      return String(value ?? 0)
    case 'moment':
      return typeof value === 'number' ? localText(value) : ''
    default:
      return String(value ?? spec.otherwise ?? '')
  }
}

function meant(spec: FieldSpec, value: DraftValue): Value {
  if (typeof value !== 'string') return value
  const text = value.trim()
  switch (spec.kind) {
    case 'whole':
      return Number(text)
    case 'money':
      return Number(text === '' ? 0 : text)
    case 'moment':
      return text === '' ? null : new Date(text).getTime()
    case 'list':
      return lines(text)
    case 'map':
      return Object.fromEntries(lines(text).map((line) => MAPPED.exec(line)?.slice(1, 3) ?? []).filter((pair) => pair.length === 2)) as Fields
    default:
      return text === '' ? null : text
  }
}

/** `2027-01-31T12:00`, as the browser's own field takes it. */
function localText(ms: number): string {
  const at = new Date(ms)
  const two = (part: number) => String(part).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

function lines(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
}

function wrongIn(spec: FieldSpec, value: DraftValue): Wrong | null {
  const text = typeof value === 'string' ? value.trim() : ''
  const isEmpty = typeof value === 'boolean' ? false : Array.isArray(value) ? value.length === 0 : text === ''
  if (spec.needed && isEmpty) return { message: 'required' }
  switch (spec.kind) {
    case 'whole':
      if (!WHOLE.test(text)) return { message: 'number' }
      if (Number(text) < (spec.least ?? 0)) return { message: 'least', least: spec.least ?? 0 }
      return Number(text) > spec.most ? { message: 'most', most: spec.most } : null
    case 'money':
      return text === '' || MONEY.test(text) ? null : { message: 'money' }
    case 'map':
      return lines(text).every((line) => MAPPED.test(line)) ? null : { message: 'map' }
    default:
      return null
  }
}
