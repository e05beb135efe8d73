/** Short messages at the edge of the page, read out by screen readers. */
import { ref } from 'vue'

export interface Notice {
  id: number
  tone: 'ok' | 'bad'
  text: string
}

const SHOWN_MS = 6_000
const MOST = 4

const notices = ref<Notice[]>([])
let last = 0

export function useNotices() {
  function tell(tone: Notice['tone'], text: string): void {
    last += 1
    const id = last
    notices.value = [...notices.value.slice(1 - MOST), { id, tone, text }]
    setTimeout(() => dismiss(id), SHOWN_MS)
  }
  function dismiss(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }
  return { notices, tell, dismiss }
}
