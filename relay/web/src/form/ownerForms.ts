/** The fields of groups and of users: limits that hold for all of their keys together. */
import type { FieldSpec, Section } from './spec'

const name: FieldSpec = { name: 'id', kind: 'text', needed: true, fixed: true, most: 64 }

const limits: FieldSpec[] = [
  { name: 'max_concurrent', kind: 'whole', most: 1_000_000 },
  { name: 'requests_per_minute', kind: 'whole', most: 1_000_000_000 },
  { name: 'tokens_per_minute', kind: 'whole', most: 1_000_000_000_000 },
]
const spending: FieldSpec[] = [
  { name: 'spend_per_day', kind: 'money' },
  { name: 'spend_per_month', kind: 'money' },
  { name: 'spend_total', kind: 'money' },
]

export function groupSections(isNew: boolean): Section[] {
  return [
    { name: 'serves', fields: [...(isNew ? [name] : []), { name: 'accounts', kind: 'several', needed: true }, { name: 'aliases', kind: 'map' }] },
    { name: 'limits', fields: limits },
    { name: 'spending', fields: spending },
  ]
}

export function userSections(isNew: boolean): Section[] {
  return [
    { name: 'limits', fields: [...(isNew ? [name] : []), ...limits] },
    { name: 'spending', fields: spending },
  ]
}
