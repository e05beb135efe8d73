/** Something done with one click: busy while it is done, and what went wrong is said. */
import { ref } from 'vue'
import { useNotices } from './useNotices'
import { useTell } from './useTell'

export function useAct() {
  const busy = ref(false)
  const { tell } = useNotices()
  const words = useTell()

  /** Whether it was done. */
  async function act(what: () => Promise<unknown>, done?: string): Promise<boolean> {
    busy.value = true
    try {
      await what()
      if (done !== undefined) tell('ok', done)
      return true
    } catch (failed) {
      tell('bad', words(failed))
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, act }
}
