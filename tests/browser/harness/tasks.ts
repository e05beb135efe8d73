/** What the main thread of a page does: each of its tasks in ms of the processor's time, which is the page's alone. */
import type { Page } from '@playwright/test'

const MAIN_THREAD = 'CrRendererMain'
const TASK = 'ThreadControllerImpl::RunTask'

/** Of Chromium's traces, in microseconds. */
interface TraceEvent {
  name: string
  pid: number
  tid: number
  args: { name?: string }
  /** What the thread had of the processor. */
  tdur?: number
}

/** Those that ran while `what` was done. */
export async function tasksOf(page: Page, what: () => Promise<unknown>): Promise<number[]> {
  const browser = page.context().browser()
  if (browser === null) throw new Error('the page has a browser of its own')
  await browser.startTracing(page, { categories: ['toplevel'] })
  await what()
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
  const thread = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`
  const main = new Set(trace.traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === MAIN_THREAD).map(thread))
  const spent = trace.traceEvents.filter((event) => event.name === TASK && main.has(thread(event))).flatMap(({ tdur }) => tdur ?? [])
  if (spent.length === 0) throw new Error('the trace does not tell what tasks of the main thread took')
  return spent.map((us) => us / 1_000)
}
