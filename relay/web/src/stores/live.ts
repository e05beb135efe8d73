/** The snapshots of the relay, one a second, of one stream for all pages. It opens with the first page that looks and reconnects by itself. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { openLive } from '../api'
import type { Snapshot, Totals } from '../types'
import { useSession } from './session'

export type Link = 'connecting' | 'open' | 'lost'

/** What a page that was just opened can draw already. */
export interface Beat {
  at_ms: number
  totals: Totals
}

const REMEMBERED_BEATS = 300
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

export const useLive = defineStore('live', () => {
  const snapshot = shallowRef<Snapshot | null>(null)
  const beats = shallowRef<Beat[]>([])
  const link = ref<Link>('connecting')
  /** What is to be added to this machine's clock to have the relay's. */
  const skewMs = ref(0)
  const heardAtMs = ref(0)

  const session = useSession()
  let source: EventSource | null = null
  let viewers = 0
  let pauseMs = FIRST_PAUSE_MS
  let again: ReturnType<typeof setTimeout> | undefined

  function watchIt(): () => void {
    viewers += 1
    if (source === null) open()
    return () => {
      viewers -= 1
      if (viewers === 0) close()
    }
  }

  function open(): void {
    clearTimeout(again)
    source?.close()
    source = openLive()
    source.addEventListener('snapshot', (event: MessageEvent<string>) => hear(JSON.parse(event.data) as Snapshot))
    source.addEventListener('error', () => void onError())
  }

  function hear(next: Snapshot): void {
    pauseMs = FIRST_PAUSE_MS
    link.value = 'open'
    heardAtMs.value = Date.now()
    skewMs.value = next.at_ms - heardAtMs.value
    snapshot.value = next
    beats.value = [...beats.value.slice(1 - REMEMBERED_BEATS), { at_ms: next.at_ms, totals: next.totals }]
  }

  async function onError(): Promise<void> {
    source?.close()
    source = null
    link.value = 'lost'
    // A stream does not say why it was refused: the session tells. Where nobody answers it is tried again later.
    await session.look().catch(() => undefined)
    if (session.session === null || viewers === 0) return
    clearTimeout(again)
    again = setTimeout(open, pauseMs)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }

  function close(): void {
    clearTimeout(again)
    source?.close()
    source = null
    link.value = 'connecting'
  }

  return { snapshot, beats, link, skewMs, heardAtMs, watchIt }
})
