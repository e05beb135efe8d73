/**
 * Whether an element is in sight, or nearly: what is out of sight is not drawn each second. Of many that come into sight at
 * once one is drawn in each frame, so that none of them keeps the page from answering.
 */
import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

const NEARLY = '300px 0px'

const watched = new WeakMap<Element, (seen: boolean) => void>()
/** In sight and not drawn yet, the first to come first. */
const coming = new Set<Element>()
let observer: IntersectionObserver | undefined
let frame = 0

function theObserver(): IntersectionObserver {
  observer ??= new IntersectionObserver((entries) => entries.forEach(onSight), { rootMargin: NEARLY })
  return observer
}

function onSight({ target, isIntersecting }: IntersectionObserverEntry): void {
  if (!isIntersecting) {
    coming.delete(target)
    watched.get(target)?.(false)
    return
  }
  coming.add(target)
  if (frame === 0) frame = requestAnimationFrame(drawNext)
}

function drawNext(): void {
  const [next] = coming
  if (next !== undefined) {
    coming.delete(next)
    watched.get(next)?.(true)
  }
  frame = coming.size === 0 ? 0 : requestAnimationFrame(drawNext)
}

export function useSeen(element: Ref<HTMLElement | null>): Ref<boolean> {
  const seen = ref(false)
  onMounted(() => {
    const target = element.value
    if (target === null) return
    watched.set(target, (now) => (seen.value = now))
    theObserver().observe(target)
    onBeforeUnmount(() => {
      theObserver().unobserve(target)
      coming.delete(target)
    })
  })
  return seen
}
