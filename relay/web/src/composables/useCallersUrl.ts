/** Where callers reach this relay: as it says, and until it does, where this page is from, at the usual port. */
import { computed } from 'vue'
import { get } from '../api'
import type { About } from '../types'
import { useResource } from './useResource'

const USUAL_PORT = 8080

export function useCallersUrl() {
  const about = useResource(() => get<About>('/api/about'))
  return computed(() => about.data.value?.callers_url ?? `${location.protocol}//${location.hostname}:${USUAL_PORT}`)
}
