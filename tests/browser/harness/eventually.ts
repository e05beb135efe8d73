/** Asks again until there is an answer; who asks for too long is told what was seen last. */
import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE_MS = 60_000
const EVERY_MS = 50

export async function eventually<T>(what: string, answer: () => T | null | undefined | false | Promise<T | null | undefined | false>, seen: () => unknown): Promise<T> {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    const got = await answer()
    if (got !== null && got !== undefined && got !== false) return got
    if (performance.now() > until) throw new Error(`not within ${PATIENCE_MS} ms: ${what}; seen last:\n${String(seen())}`)
    await pause(EVERY_MS)
  }
}
