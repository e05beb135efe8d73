/** Which of many things of one width are in sight in a row that scrolls sideways. */
import { computed, onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

const SPARE = 2

export interface Sight {
  scrolled: number
  width: number
}

/** First and behind the last: pure, so that it can be tried without a page. */
export function inSight({ scrolled, width }: Sight, pitch: number, total: number): { first: number; end: number } {
  const first = Math.max(0, Math.min(Math.floor(scrolled / pitch) - SPARE, total - 1))
  const end = Math.min(total, Math.ceil((scrolled + width) / pitch) + SPARE)
  return { first, end: Math.max(first, end) }
}

export function useStrip(element: Ref<HTMLElement | null>, total: () => number, pitch: number) {
  const sight = ref<Sight>({ scrolled: 0, width: 0 })
  const range = computed(() => inSight(sight.value, pitch, total()))
  const look = () => {
    if (element.value !== null) sight.value = { scrolled: element.value.scrollLeft, width: element.value.clientWidth }
  }
  const resized = new ResizeObserver(look)
  onMounted(() => {
    if (element.value !== null) resized.observe(element.value)
    look()
  })
  onBeforeUnmount(() => resized.disconnect())
  return { range, look }
}
