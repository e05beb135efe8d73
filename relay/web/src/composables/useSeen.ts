/** Whether an element is in sight, or nearly: what is out of sight is not drawn each second. */
import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

const NEARLY = '300px 0px'

const watched = new WeakMap<Element, (seen: boolean) => void>()
let observer: IntersectionObserver | undefined

function theObserver(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => entries.forEach((entry) => watched.get(entry.target)?.(entry.isIntersecting)),
    { rootMargin: NEARLY },
  )
  return observer
}

export function useSeen(element: Ref<HTMLElement | null>): Ref<boolean> {
  const seen = ref(false)
  onMounted(() => {
    const target = element.value
    if (target === null) return
    watched.set(target, (now) => (seen.value = now))
    theObserver().observe(target)
    onBeforeUnmount(() => theObserver().unobserve(target))
  })
  return seen
}
