import { expect, test } from '@playwright/test'
import { feed } from './harness/feed'
import { expectNoOverflow, open, setUp, signIn } from './harness/operator'
import { tasksOf } from './harness/tasks'
import { Weir } from './harness/weir'

const [ACCOUNTS, WAITERS, SNAPSHOTS] = [50, 2_000, 12]
/** Of the main thread, for a snapshot; and how much slower a machine that has other things to do is with the same. */
const [PROMISED_MS, SLOWER] = [30, 1.5]
const LONGEST_TASK_MS = 50

let weir: Weir

test.beforeAll(async ({ playwright }) => {
  weir = await Weir.start()
  const request = await playwright.request.newContext()
  await setUp(weir, request)
  await request.dispose()
})
test.afterAll(() => weir.stop())

test('of 50 accounts and 2,000 waiters only what is in sight is drawn, and no snapshot holds up the page', async ({ page }) => {
  await page.addInitScript(feed, { accounts: ACCOUNTS, waiters: WAITERS, snapshots: SNAPSHOTS + 1 })
  await signIn(page, weir)
  await open(page, weir, '/queues')
  await expect(page.getByRole('article')).toHaveCount(ACCOUNTS)
  const figures = page.locator('.tile', { hasText: 'Waiting' }).locator('.value')
  await expect(figures).toHaveText('2,000')
  expect(await page.locator('.chip').count()).toBeLessThan(200)

  // Within the page: who looks for elements from outside takes time of the main thread too.
  const snapshots = await tasksOf(page, () => page.evaluate(async (count) => {
    for (let shown = 0; shown < count; shown += 1) await window.nextSnapshot()
  }, SNAPSHOTS))
  const jump = await tasksOf(page, () => page.evaluate(async () => {
    const last = [...document.querySelectorAll('article')].at(-1)
    last?.scrollIntoView()
    while (last?.querySelector('.chip') === null) await new Promise(requestAnimationFrame)
  }))
  const each = snapshots.reduce((sum, ms) => sum + ms, 0) / SNAPSHOTS
  const longest = Math.max(...snapshots, ...jump)
  test.info().annotations.push({ type: 'main thread', description: `${each.toFixed(1)} ms for a snapshot, longest task ${longest.toFixed(1)} ms` })
  expect(each).toBeLessThan(SLOWER * PROMISED_MS)
  expect(longest).toBeLessThan(LONGEST_TASK_MS)

  const last = page.getByRole('article').last()
  await expect(last.locator('.chip').first()).toBeVisible()
  expect(await page.locator('.chip').count()).toBeLessThan(200)
  const strip = last.getByRole('group', { name: 'Line' })
  await strip.evaluate((element) => (element.scrollLeft = element.scrollWidth))
  await expect(strip.getByRole('listitem').last()).toBeVisible()
})

test('a span of time stands on one line, however narrow the window is', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.addInitScript(feed, { accounts: 1, waiters: 1, snapshots: 1 })
  await signIn(page, weir)
  await open(page, weir, '/queues')
  const span = page.getByRole('cell', { name: '1 min 3 s' }).first()
  await expect(span).toBeVisible()
  const lines = await span.evaluate((cell) => {
    const text = document.createRange()
    text.selectNodeContents(cell)
    return text.getClientRects().length
  })
  expect(lines).toBe(1)
  await expectNoOverflow(page)
})
