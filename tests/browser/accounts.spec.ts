import { expect, test } from '@playwright/test'
import { ask } from './harness/callers'
import { complaints, open, setUp, signIn } from './harness/operator'
import { Weir } from './harness/weir'

const RESTS_S = 12
const SERVES = { status: null, retry_after: null }

let weir: Weir
let key: string

test.beforeAll(async ({ playwright }) => {
  weir = await Weir.start('[accounts.main]\nkind = "anthropic"\nbase_url = "PROVIDER"\napi_key = "k"\n[groups.main]\naccounts = ["main"]\n')
  const request = await playwright.request.newContext()
  await setUp(weir, request)
  await request.dispose()
  key = await weir.key('laptop')
})
test.afterAll(() => weir.stop())
test.afterEach(() => weir.behave(SERVES))
test.describe.configure({ mode: 'serial' })

test('an account is tried out by its button, and what its provider says is told', async ({ page }) => {
  const said = complaints(page)
  await signIn(page, weir)
  await open(page, weir, '/accounts')
  const button = page.getByRole('button', { name: 'Test main' })
  await button.click()
  await expect(page.getByText(/^main answered in \d+/)).toBeVisible()
  await weir.behave({ status: 401 })
  await button.click()
  await expect(page.getByText(/^main does not work: ./)).toBeVisible()
  await expect(page.getByRole('row', { name: /main/ })).toContainText('Open')
  expect(said).toEqual([])
})

test('the clock of a model that rests runs down, and the account serves it again', async ({ page }) => {
  const said = complaints(page)
  await signIn(page, weir)
  await open(page, weir, '/queues')
  const row = page.getByRole('article', { name: 'main' })
  await expect(row).toContainText('Open')
  await weir.behave({ status: 429, retry_after: RESTS_S })
  expect((await ask(weir.callers, key).done).status).toBe(429)
  await weir.behave(SERVES)
  await expect(row).toContainText('rate limit of the provider, only claude-haiku-4-5')
  const left = async () => Number(/for (\d+)(?:\.\d)? s more/.exec((await row.textContent()) ?? '')?.[1] ?? NaN)
  const first = await left()
  expect(first).toBeLessThanOrEqual(RESTS_S)
  await expect.poll(left).toBeLessThan(first)
  await expect(row).not.toContainText('rate limit')
  expect((await ask(weir.callers, key).done).status).toBe(200)
  expect(said).toEqual([])
})

test('an operator ends a rest', async ({ page }) => {
  await signIn(page, weir)
  await open(page, weir, '/queues')
  const row = page.getByRole('article', { name: 'main' })
  await weir.behave({ status: 401 })
  expect((await ask(weir.callers, key).done).status).toBeGreaterThanOrEqual(400)
  await weir.behave(SERVES)
  await expect(row).toContainText('Resting')
  await page.getByRole('button', { name: 'More for main' }).click()
  await page.getByRole('menuitem', { name: 'End the cooldown' }).click()
  await expect(row).toContainText('Open')
  expect((await ask(weir.callers, key).done).status).toBe(200)
})

test('the guide tells the address at which callers are served', async ({ page }) => {
  await signIn(page, weir)
  await open(page, weir, '/guide')
  const address = page.getByLabel('Address')
  await expect(address).toHaveValue(weir.callers)
  await expect(page.getByText(`ANTHROPIC_BASE_URL=${weir.callers}`)).toBeVisible()
  expect((await ask(await address.inputValue(), key).done).status).toBe(200)
})

test('what is wrong with a key or a setting is said at its field', async ({ page }) => {
  const said = complaints(page, [422])
  await signIn(page, weir)
  await open(page, weir, '/keys?edit=')
  const panel = page.getByRole('dialog')
  await panel.getByRole('button', { name: 'Create' }).click()
  await expect(panel.getByLabel('Name', { exact: true })).toHaveAttribute('aria-invalid', 'true')
  await panel.getByLabel('Name', { exact: true }).fill('of a place')
  await panel.getByLabel('Group', { exact: true }).selectOption('main')
  await panel.locator('summary').click()
  // Only the relay knows what an address is; the section opens by itself when that is said.
  const addresses = panel.getByLabel('Only from these addresses')
  await addresses.fill('the cellar')
  await panel.locator('summary').click()
  await panel.getByRole('button', { name: 'Create' }).click()
  await expect(addresses).toHaveAttribute('aria-invalid', 'true')
  await expect(addresses).toBeVisible()
  await addresses.fill('127.0.0.0/8')
  await panel.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('dialog', { name: 'The key of of a place' })).toBeVisible()

  await open(page, weir, '/settings')
  const zone = page.getByLabel('Time zone')
  await zone.fill('Atlantis/Centre')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(zone).toHaveAttribute('aria-invalid', 'true')
  await zone.fill('Europe/Berlin')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('The settings are saved')).toBeVisible()
  expect(said).toEqual([])
})
