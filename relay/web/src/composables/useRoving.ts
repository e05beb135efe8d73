/** Many things in a row are one stop of the Tab key; arrows go from one to the next. Each has `data-roving` and its index. */
import { ref } from 'vue'

export function useRoving() {
  const active = ref(0)

  /** For the element that holds them. */
  function onKeydown(event: KeyboardEvent): void {
    const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[data-roving]')]
    const at = items.indexOf(document.activeElement as HTMLElement)
    const next = at < 0 ? -1 : target(event.key, at, items.length - 1)
    if (next < 0 || next === at) return
    event.preventDefault()
    items[next]?.focus()
  }

  function onFocusin(event: FocusEvent): void {
    const index = Number((event.target as HTMLElement).dataset['roving'] ?? Number.NaN)
    if (Number.isInteger(index)) active.value = index
  }

  /** Of the thing at `index`, where those from `first` to `last` are there. */
  const tabindex = (index: number, first: number, last: number) =>
    index === Math.min(Math.max(active.value, first), last) ? 0 : -1

  return { onKeydown, onFocusin, tabindex }
}

function target(key: string, at: number, last: number): number {
  switch (key) {
    case 'ArrowRight':
      return Math.min(at + 1, last)
    case 'ArrowLeft':
      return Math.max(at - 1, 0)
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return -1
  }
}
