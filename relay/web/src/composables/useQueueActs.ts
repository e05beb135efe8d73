/** What an operator does at a queue: each asks first where somebody loses something, and says what was done. */
import { useI18n } from 'vue-i18n'
import { at, get, patch, post, remove } from '../api'
import { callerOf } from '../caller'
import type { Account, Slot, Waiter } from '../types'
import { useAct } from './useAct'
import { useConfirm } from './useConfirm'
import { useFormat } from './useFormat'

export function useQueueActs() {
  const { t } = useI18n()
  const { age } = useFormat()
  const { confirm } = useConfirm()
  const { busy, act } = useAct()

  async function cancel(queue: string, waiter: Waiter, now: number): Promise<void> {
    const who = callerOf(waiter)
    const sure = await confirm({
      title: t('queues.ask.cancel', { who }),
      text: t('queues.ask.cancelText', { age: age(now - waiter.since_ms), position: waiter.position }),
      yes: t('queues.ask.cancelYes'),
    })
    if (sure) await act(() => remove(at('queues', queue, 'waiters', waiter.member)), t('queues.told.cancelled', { who }))
  }

  async function takeBack(queue: string, slot: Slot, now: number): Promise<void> {
    const who = callerOf(slot)
    const turn = queue.startsWith('turn:')
    const spent = { age: age(now - slot.since_ms), model: slot.model ?? '–' }
    const sure = await confirm({
      title: t(turn ? 'queues.ask.takeTurn' : 'queues.ask.takeBack', { who }),
      text: t(turn ? 'queues.ask.takeTurnText' : 'queues.ask.takeBackText', spent),
      yes: t('queues.ask.takeBackYes'),
    })
    if (sure) await act(() => remove(at('queues', queue, 'holders', slot.member)), t('queues.told.takenBack', { who }))
  }

  const pause = (id: string) => act(() => post(at('accounts', id, 'pause')), t('queues.told.paused', { id }))
  const resume = (id: string) => act(() => post(at('accounts', id, 'resume')), t('queues.told.resumed', { id }))
  const clearCooldown = (id: string) => act(() => post(at('accounts', id, 'clear-cooldown')), t('queues.told.cleared', { id }))

  async function drain(id: string): Promise<boolean> {
    const sure = await confirm({ title: t('queues.ask.drain', { id }), text: t('queues.ask.drainText'), yes: t('queues.acts.drain') })
    return sure && act(() => post(at('accounts', id, 'drain')), t('queues.told.drained', { id }))
  }

  /** What was seen last holds: whoever changed something else in the meantime keeps it. */
  function setLimit(id: string, limit: number): Promise<boolean> {
    const told = limit === 0 ? t('queues.told.unlimited', { id }) : t('queues.told.limit', { id, limit })
    return act(async () => {
      const seen = await get<Account>(at('accounts', id))
      await patch(at('accounts', id), { version: seen.version, fields: { max_concurrent: limit } })
    }, told)
  }

  return { busy, cancel, takeBack, pause, resume, drain, clearCooldown, setLimit }
}
