/** Many things in a row are one stop of the Tab key; arrows go from one to the next. Each that is there has `data-roving`. */
import { ref } from 'vue'

/** `first` is the place in the row of the first thing that is there. */
export function useRoving(first: () => number = () => 0) {
  const active = ref(0)

  /** The place among those that are there; -1 of anything else. */
  const placeOf = (row: Element, thing: Element | null) => things(row).findIndex((one) => one === thing)

  /** For the element that holds them. */
  function onKeydown(event: KeyboardEvent): void {
    const row = event.currentTarget as Element
    const at = placeOf(row, document.activeElement)
    const next = at < 0 ? -1 : target(event.key, at, things(row).length - 1)
    if (next < 0 || next === at) return
    event.preventDefault()
    things(row)[next]?.focus()
  }

  function onFocusin(event: FocusEvent): void {
    const at = placeOf(event.currentTarget as Element, event.target as Element)
    if (at >= 0) active.value = first() + at
  }

  /** Of the thing at `index`, where those up to `last` are there. */
  const tabindex = (index: number, last: number) =>
    index === Math.min(Math.max(active.value, first()), last) ? 0 : -1

  return { onKeydown, onFocusin, placeOf, tabindex }
}

const things = (row: Element) => [...row.querySelectorAll<HTMLElement>('[data-roving]')]

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
