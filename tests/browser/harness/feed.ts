/** Snapshots of a relay that is busier than a test machine could make one. It runs in the page, in the place of the stream. */

declare global {
  interface Window {
    /** Sends one, and waits until it is drawn. */
    nextSnapshot: () => Promise<void>
  }
}

interface Size {
  accounts: number
  waiters: number
  snapshots: number
}

/** Everything is within: a page gets this function alone. */
export function feed({ accounts, waiters, snapshots }: Size): void {
  const SLOTS = 64
  const names = ['ann', 'ci-bot', 'nightly-evaluations', '陈伟', 'support-desk']
  const each = Math.floor(waiters / accounts)
  let round = 0

  const begun = Date.now()

  // Two are served in each second: everybody else moves up by two places.
  const member = (account: number, place: number) => {
    const who = place + 2 * round
    const key = (account * 7 + who) % 500
    return { member: `${account}-${who}`, key: `key_${key}`, key_name: `${names[key % names.length]}-${key}`, model: 'claude-opus-5-5', since_ms: begun + who * 500 - 120_000 }
  }
  const account = (index: number) => ({
    id: `account-${index}`, kind: 'anthropic', state: 'full', why: null, in_use: SLOTS, limit: SLOTS, waiting: each,
    slots: Array.from({ length: SLOTS }, (_, place) => member(index, place)), slots_more: 0,
    line: Array.from({ length: each }, (_, place) => ({ ...member(index, SLOTS + place), position: place + 1 })), line_more: 0,
    turn: index % 5 === 0 ? { holder: member(index, 0), next_at_ms: Date.now() + 800, waiting: 0, line: [], line_more: 0 } : null,
  })
  const snapshot = () => ({
    at_ms: Date.now(),
    totals: { in_flight: accounts * SLOTS, waiting: accounts * each, requests_per_s: 80, errors_per_s: 0, tokens_per_s: 90_000, spend_today_micro_usd: 5 },
    accounts: Array.from({ length: accounts }, (_, index) => account(index)),
    keys: Array.from({ length: 500 }, (_, key) => ({ id: `key_${key}`, name: `key-${key}`, in_use: key % 9, limit: 10, waiting: key % 4 })),
    callers: Array.from({ length: 100 }, (_, key) => ({ key: `key_${key}`, key_name: `${names[key % names.length]}-${key}`, share: 0.01, wait_p50_ms: 900, wait_p95_ms: 63_000 })),
    relays: [{ process: 'one', since_ms: 0 }],
  })

  // Made before they are sent: what a snapshot costs is what the page makes of it.
  const ready = Array.from({ length: snapshots }, () => {
    round += 1
    return JSON.stringify(snapshot())
  })

  class Feed extends EventTarget {
    constructor() {
      super()
      window.nextSnapshot = async () => {
        const data = ready.shift()
        if (data === undefined) throw new Error('no snapshot is left')
        this.dispatchEvent(new MessageEvent('snapshot', { data }))
        await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))
      }
      setTimeout(() => void window.nextSnapshot())
    }
    close(): void {
      // Nothing more comes from a feed that nobody asks.
    }
  }
  window.EventSource = Feed as unknown as typeof EventSource
}
