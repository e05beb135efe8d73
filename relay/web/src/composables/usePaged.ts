/** A list that comes in pieces, the newest first: the first piece, and more when asked for. */
import { computed, ref, shallowRef, watch } from 'vue'
import { get, type Query } from '../api'
import type { Page } from '../types'
import { useAct } from './useAct'
import { useResource } from './useResource'

export function usePaged<Item>(path: string, query: () => Query) {
  const later = shallowRef<Item[]>([])
  const next = ref<string | null>(null)
  const { busy, act } = useAct()

  const first = useResource(async (signal) => {
    const page = await get<Page<Item>>(path, query(), signal)
    later.value = []
    next.value = page.next
    return page.items
  })

  async function more(): Promise<void> {
    if (next.value === null) return
    const asked = JSON.stringify(query())
    await act(async () => {
      const page = await get<Page<Item>>(path, { ...query(), cursor: next.value })
      // Whoever asks for something else meanwhile does not get the rest of this.
      if (JSON.stringify(query()) !== asked) return
      later.value = [...later.value, ...page.items]
      next.value = page.next
    })
  }

  watch(() => JSON.stringify(query()), () => void first.reload())
  const items = computed(() => [...(first.data.value ?? []), ...later.value])
  return { first, items, next, more, busy }
}
