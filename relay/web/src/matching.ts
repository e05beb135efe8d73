/** Which accounts of a snapshot have what is sought in their name, or in a caller's that they serve or keep waiting. */
import { callerOf } from './caller'
import type { LiveAccount } from './types'

export function matching(accounts: LiveAccount[], sought: string, onlyBusy: boolean): LiveAccount[] {
  const word = sought.trim().toLowerCase()
  const has = (name: string) => name.toLowerCase().includes(word)
  return accounts.filter(
    (account) =>
      (!onlyBusy || account.waiting > 0) &&
      (word === '' || has(account.id) || has(account.kind ?? '') || account.slots.some((slot) => has(callerOf(slot))) || account.line.some((waiter) => has(callerOf(waiter)))),
  )
}
