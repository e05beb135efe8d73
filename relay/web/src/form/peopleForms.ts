/** The fields of people who sign in, of tokens of machines, and of a new password. */
import type { Section } from './spec'

const ROLES = ['viewer', 'operator', 'admin'] as const

export const operatorSections = (isNew: boolean): Section[] => [
  {
    name: 'who',
    fields: [
      ...(isNew ? [{ name: 'name', kind: 'text', needed: true, most: 64 } as const] : []),
      { name: 'role', kind: 'choice', options: ROLES, otherwise: 'viewer', needed: true },
      { name: 'password', kind: 'password', needed: isNew, most: 1_024 },
    ],
  },
]

export const tokenSections: Section[] = [
  {
    name: 'who',
    fields: [
      { name: 'name', kind: 'text', needed: true, most: 64 },
      { name: 'role', kind: 'choice', options: ROLES, otherwise: 'viewer', needed: true },
      { name: 'expires_days', kind: 'whole', unit: 'days', otherwise: 90, most: 3_650 },
    ],
  },
]

export const passwordSections: Section[] = [
  { name: 'who', fields: [{ name: 'old', kind: 'password', needed: true, most: 1_024 }, { name: 'new', kind: 'password', needed: true, most: 1_024 }] },
]
