/** Names of keys by their ids: what is counted knows the ids alone. */
import { computed } from 'vue'
import { all } from '../api'
import type { Key } from '../types'
import { useResource } from './useResource'

export function useKeyNames() {
  const keys = useResource(() => all<Key>('/api/keys'))
  const names = computed(() => new Map(keys.data.value?.map((key) => [key.id, key.name])))
  return { keys, nameOf: (id: string) => names.value.get(id) ?? id }
}
