import { expect, test } from '@playwright/test'
import { feed } from './harness/feed'
import { open, setUp, signIn } from './harness/operator'
import { Weir } from './harness/weir'

const [ACCOUNTS, WAITERS, SNAPSHOTS] = [50, 2_000, 12]

let weir: Weir

test.beforeAll(async ({ playwright }) => {
  weir = await Weir.start()
  const request = await playwright.request.newContext()
  await setUp(weir, request)
  await request.dispose()
})
test.afterAll(() => weir.stop())

test('of 50 accounts and 2,000 waiters only what is in sight is drawn', async ({ page }) => {
  await page.addInitScript(feed, { accounts: ACCOUNTS, waiters: WAITERS, snapshots: SNAPSHOTS + 1 })
  await signIn(page, weir)
  await open(page, weir, '/queues')
  await expect(page.getByRole('article')).toHaveCount(ACCOUNTS)
  const figures = page.locator('.tile', { hasText: 'Waiting' }).locator('.value')
  await expect(figures).toHaveText('2,000')
  expect(await page.locator('.chip').count()).toBeLessThan(200)

  const profile = await page.context().newCDPSession(page)
  await profile.send('Performance.enable', { timeDomain: 'threadTicks' })
  const spent = async () => (await profile.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
  const before = await spent()
  const longest = await page.evaluate(async (snapshots) => {
    const told = { longest: 0 }
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (told.longest = Math.max(told.longest, duration)))).observe({ entryTypes: ['longtask'] })
    for (let shown = 0; shown < snapshots; shown += 1) await window.nextSnapshot()
    return told.longest
  }, SNAPSHOTS)
  const each = ((await spent()) - before) / SNAPSHOTS
  // How fast a machine is, is not what is promised here; the numbers stand in the report.
  test.info().annotations.push({ type: 'main thread', description: `${(each * 1_000).toFixed(1)} ms for a snapshot, longest task ${longest.toFixed(0)} ms` })

  await page.getByRole('article').last().scrollIntoViewIfNeeded()
  await expect(page.getByRole('article').last().locator('.chip').first()).toBeVisible()
  expect(await page.locator('.chip').count()).toBeLessThan(200)
  const strip = page.getByRole('article').last().getByRole('group', { name: 'Line' })
  await strip.evaluate((element) => (element.scrollLeft = element.scrollWidth))
  await expect(strip.getByRole('listitem').last()).toBeVisible()
})
