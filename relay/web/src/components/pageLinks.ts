/** The pages in the order in which they stand in the navigation. */
import type { IconName } from './icons'

export interface Part {
  part: 'live' | 'made' | 'past' | 'help'
  pages: IconName[]
}

export const PARTS: Part[] = [
  { part: 'live', pages: ['overview', 'queues'] },
  { part: 'made', pages: ['accounts', 'groups', 'keys', 'users'] },
  { part: 'past', pages: ['usage', 'requests', 'audit'] },
  { part: 'help', pages: ['guide', 'settings'] },
]
