/** The fields of a key. What is limited by rules stands in `rules` of the API. */
import type { Section } from './spec'

export const ROUTES = ['messages', 'chat', 'responses', 'generate_content', 'embeddings', 'count_tokens', 'models', 'stored'] as const

export const keySections: Section[] = [
  {
    name: 'whose',
    fields: [
      { name: 'name', kind: 'text', needed: true, most: 200 },
      { name: 'group', kind: 'choice', options: [], needed: true },
      { name: 'fallback_group', kind: 'choice', options: [] },
      { name: 'user', kind: 'choice', options: [] },
      { name: 'tags', kind: 'list' },
    ],
  },
  {
    name: 'limits',
    fields: [
      { name: 'max_concurrent', kind: 'whole', most: 1_000_000 },
      { name: 'rules.requests_per_minute', kind: 'whole', most: 1_000_000_000 },
      { name: 'rules.tokens_per_minute', kind: 'whole', most: 1_000_000_000_000 },
      { name: 'waits', kind: 'switch', otherwise: true },
    ],
  },
  {
    name: 'spending',
    fields: [
      { name: 'rules.spend_per_day', kind: 'money' },
      { name: 'rules.spend_per_month', kind: 'money' },
      { name: 'rules.spend_total', kind: 'money' },
    ],
  },
  {
    name: 'reach',
    folded: true,
    fields: [
      { name: 'rules.models', kind: 'list' },
      { name: 'rules.routes', kind: 'list' },
      { name: 'rules.ips', kind: 'list' },
      { name: 'rules.expires_ms', kind: 'moment' },
    ],
  },
]
