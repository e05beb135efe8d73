/** Who is signed in. `null` is nobody; `undefined` is not known yet. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { ApiError, get, post, remove, useCsrf } from '../api'
import type { Role, Session } from '../types'

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 }

export const useSession = defineStore('session', () => {
  const session = ref<Session | null>()
  const setupNeeded = ref(false)
  /** From the address that the relay printed. */
  const setupToken = ref('')
  const expired = ref(false)

  function take(given: Session): void {
    session.value = given
    setupNeeded.value = false
    expired.value = false
    useCsrf(given.csrf)
  }

  /** Asks who is signed in, unless it is known. Throws where the relay does not answer. */
  async function find(): Promise<void> {
    if (session.value !== undefined) return
    await look()
  }

  /** Asks anew, such as when the live stream breaks: a session may have ended. */
  async function look(): Promise<void> {
    try {
      take(await get<Session>('/api/session'))
    } catch (failed) {
      if (!(failed instanceof ApiError) || failed.status !== 401) throw failed
      setupNeeded.value = failed.code === 'setup_required'
      lose()
    }
  }

  /** Whoever was signed in is told why they are not any more, however many requests have heard of it. */
  function lose(): void {
    if (session.value) expired.value = true
    session.value = null
    useCsrf(null)
  }

  async function signIn(name: string, password: string): Promise<void> {
    take(await post<Session>('/api/session', { name, password }))
  }

  async function setUp(token: string, name: string, password: string): Promise<void> {
    take(await post<Session>('/api/setup', { token, name, password }))
  }

  async function signOut(): Promise<void> {
    await remove('/api/session')
    session.value = null
    expired.value = false
    useCsrf(null)
  }

  const may = (role: Role) => session.value != null && RANK[session.value.role] >= RANK[role]
  const mayOperate = computed(() => may('operator'))
  const mayAdminister = computed(() => may('admin'))

  return { session, setupNeeded, setupToken, expired, mayOperate, mayAdminister, find, look, lose, signIn, setUp, signOut }
})
