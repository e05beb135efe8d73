/** The relay's clock, ticking for whoever shows a countdown or an age. One timer for all of them, none when nobody looks. */
import { computed, onScopeDispose, ref, type ComputedRef } from 'vue'
import { useLive } from '../stores/live'

const TICK_MS = 250

const tick = ref(Date.now())
let watchers = 0
let timer: ReturnType<typeof setInterval> | undefined

export function useNow(): ComputedRef<number> {
  const live = useLive()
  watchers += 1
  timer ??= setInterval(() => (tick.value = Date.now()), TICK_MS)
  onScopeDispose(() => {
    watchers -= 1
    if (watchers > 0) return
    clearInterval(timer)
    timer = undefined
  })
  return computed(() => tick.value + live.skewMs)
}
