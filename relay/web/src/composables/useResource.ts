/** Something that is loaded: not here yet, failed, or here. Loading anew keeps what is shown until the new is here. */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'

export interface Resource<T> {
  data: ShallowRef<T | null>
  error: ShallowRef<unknown>
  loading: Ref<boolean>
  reload: () => Promise<void>
}

export function useResource<T>(load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<unknown>(null)
  const loading = ref(false)
  let current = new AbortController()

  async function reload(): Promise<void> {
    current.abort()
    const mine = (current = new AbortController())
    loading.value = true
    try {
      const loaded = await load(mine.signal)
      if (mine.signal.aborted) return
      data.value = loaded
      error.value = null
    } catch (failed) {
      if (!mine.signal.aborted) error.value = failed
    } finally {
      if (mine === current) loading.value = false
    }
  }

  onScopeDispose(() => current.abort())
  void reload()
  return { data, error, loading, reload }
}
