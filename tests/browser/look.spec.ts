import { join } from 'node:path'
import { type Page, expect, test } from '@playwright/test'
import { type Asked, ask } from './harness/callers'
import { complaints, expectAccessible, expectNoOverflow, open, setUp, signIn } from './harness/operator'
import { EVIDENCE } from './harness/places'
import { Weir } from './harness/weir'

const ACCOUNT = (id: string, more: string) => `[accounts.${id}]\nkind = "anthropic"\nbase_url = "PROVIDER"\napi_key = "k"\n${more}\n`
const PAGES = ['/', '/queues', '/accounts', '/groups', '/keys', '/users', '/usage', '/requests', '/audit', '/guide', '/settings', '/settings?tab=prices']
const LOOKS = [
  { name: 'wide-light', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'wide-dark', width: 1280, height: 900, colorScheme: 'dark' },
  { name: 'narrow-light', width: 390, height: 844, colorScheme: 'light' },
  { name: 'narrow-dark', width: 390, height: 844, colorScheme: 'dark' },
] as const

let weir: Weir
const asked: Asked[] = []

/** A relay with a past, and with a present: some were served, some are being served, some wait. */
test.beforeAll(async ({ playwright }) => {
  weir = await Weir.start(
    ACCOUNT('main', 'max_concurrent = 3\nserial_turns = true\nturn_delay_ms = 3000') + ACCOUNT('spare', 'max_concurrent = 20\npriority = 1\nenabled = false') +
      '[groups.main]\naccounts = ["main", "spare"]\nspend_per_day = 200\n[users.ann]\nmax_concurrent = 8\n[prices."my-model"]\ninput = 1\noutput = 2\n',
  )
  const request = await playwright.request.newContext()
  await setUp(weir, request)
  await request.dispose()
  const names = ['laptop', 'ci-bot', 'nightly-evaluations', '陈伟']
  const keys = await Promise.all(names.map((name) => weir.key(name, '--max-concurrent', '4')))
  for (const key of keys.slice(0, 2)) expect((await ask(weir.callers, key).done).status).toBe(200)
  await weir.behave({ latency_ms: 3_600_000 })
  for (let round = 0; round < 3; round += 1) asked.push(...keys.map((key) => ask(weir.callers, key)))
})
test.afterAll(async () => {
  for (const one of asked) one.leave()
  await Promise.all(asked.map((one) => one.done))
  await weir.stop()
})

/** All that it loads is there. */
async function settled(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.getByText('Loading…')).toHaveCount(0)
  await expect(page.getByText('That did not work')).toHaveCount(0)
}

for (const look of LOOKS) {
  test(`pages are whole, readable and within reach: ${look.name}`, async ({ browser }) => {
    test.setTimeout(300_000)
    const context = await browser.newContext({ viewport: { width: look.width, height: look.height }, colorScheme: look.colorScheme, locale: 'en-GB' })
    const page = await context.newPage()
    const said = complaints(page)
    await signIn(page, weir)
    for (const path of PAGES) {
      await open(page, weir, path)
      await settled(page)
      await expectNoOverflow(page)
      await expectAccessible(page)
      const name = path === '/' ? 'overview' : path.replace(/\W+/g, '-').replace(/^-/, '')
      await page.screenshot({ path: join(EVIDENCE, 'pages', `${name}-${look.name}.png`), fullPage: true })
    }
    expect(said).toEqual([])
    await context.close()
  })
}

test('pages are whole in Chinese too', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'zh-CN' })
  const page = await context.newPage()
  const said = complaints(page)
  await signIn(page, weir)
  for (const path of PAGES) {
    await open(page, weir, path)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/[\u4e00-\u9fff]/)
    await expectNoOverflow(page)
  }
  expect(said).toEqual([])
  await context.close()
})

test('a form is read and reached like its page', async ({ page }) => {
  await signIn(page, weir)
  for (const path of ['/accounts?edit=', '/accounts?edit=main', '/keys?edit=', '/groups?edit=main']) {
    await open(page, weir, path)
    await expect(page.getByRole('dialog')).toBeVisible()
    await expectAccessible(page)
  }
})
