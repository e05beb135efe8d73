/** The one note beside what the pointer or the focus is on. `HoverNote` draws it. */
import { shallowRef } from 'vue'

export interface HoverNote {
  left: number
  top: number
  title: string
  text: string
  sinceMs: number
}

const note = shallowRef<HoverNote | null>(null)

export function useHoverNote() {
  function show(target: Element, words: Pick<HoverNote, 'title' | 'text' | 'sinceMs'>): void {
    const box = target.getBoundingClientRect()
    note.value = { ...words, left: box.left + box.width / 2, top: box.top }
  }
  const hide = () => (note.value = null)
  return { note, show, hide }
}
