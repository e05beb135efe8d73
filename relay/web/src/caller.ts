/** Who holds or waits: the name of the key where it is known, else as much as is. */
import type { Member } from './types'

export function callerOf(member: Pick<Member, 'key' | 'key_name' | 'member'>): string {
  return member.key_name ?? member.key ?? member.member
}
