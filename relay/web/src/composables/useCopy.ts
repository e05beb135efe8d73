/** Copies a text, and says for a moment that it was done. Where the clipboard is closed (no TLS) it says that it was not. */
import { ref } from 'vue'

const SAID_MS = 2_000

export function useCopy() {
  const copied = ref(false)
  async function copy(text: string, fallback: HTMLElement | null): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      if (fallback === null) return
      // Selected, it is one key press away.
      getSelection()?.selectAllChildren(fallback)
      return
    }
    copied.value = true
    setTimeout(() => (copied.value = false), SAID_MS)
  }
  return { copied, copy }
}
