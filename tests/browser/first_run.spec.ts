import { expect, test } from '@playwright/test'
import { ask } from './harness/callers'
import { NAME, PASSWORD, complaints, expectAccessible, open, setUp, signIn } from './harness/operator'
import { Weir } from './harness/weir'

let weir: Weir

test.beforeAll(async () => {
  weir = await Weir.start()
})
test.afterAll(() => weir.stop())
test.describe.configure({ mode: 'serial' })

test('the address that the relay prints makes the first operator', async ({ page }) => {
  const said = complaints(page, [401])
  await page.goto(await weir.invitation())
  await expect(page.getByRole('heading', { name: 'First run' })).toBeVisible()
  await expect(page).not.toHaveURL(/#/)
  await expectAccessible(page)
  await page.getByLabel('Your name').fill(NAME)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByLabel('Password, once more').fill('something else')
  await page.getByRole('button', { name: 'Set up' }).click()
  await expect(page.getByText('The two passwords differ.')).toBeVisible()
  await page.getByLabel('Password, once more').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set up' }).click()
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
  await expect(page.getByRole('status').getByText('Live')).toBeVisible()
  await expect(page.getByText('No accounts yet: nothing can be served.')).toBeVisible()
  expect(said).toEqual([])
})

test('accounts, groups and keys are made, and a caller is served through them', async ({ page }) => {
  const said = complaints(page, [422])
  await signIn(page, weir)

  await open(page, weir, '/accounts')
  await expect(page.getByText('An account is a provider’s endpoint and its key.')).toBeVisible()
  await page.getByRole('button', { name: 'New account' }).click()
  const panel = page.getByRole('dialog')
  await panel.getByLabel('Name', { exact: true }).fill('first')
  await panel.getByLabel('Address').fill('ftp://nowhere')
  await panel.getByLabel('API key').fill('upstream-secret-of-the-test')
  await panel.getByLabel('Requests at once').fill('many')
  await panel.getByRole('button', { name: 'Create' }).click()
  await expect(panel.getByText('A whole number')).toBeVisible()
  await panel.getByLabel('Requests at once').fill('2')
  await panel.getByRole('button', { name: 'Create' }).click()
  // What only the relay knows is said at its field too.
  await expect(panel.getByLabel('Address')).toHaveAttribute('aria-invalid', 'true')
  await panel.getByLabel('Address').fill(weir.provider)
  await panel.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByText('first is created.')).toBeVisible()
  await expect(page.getByRole('row', { name: /first/ })).toContainText('Open')

  await open(page, weir, '/groups')
  await page.getByRole('button', { name: 'New group' }).click()
  await panel.getByLabel('Name', { exact: true }).fill('main')
  await panel.getByRole('checkbox', { name: 'first' }).check()
  await panel.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByText('main is created.')).toBeVisible()

  await open(page, weir, '/users')
  await page.getByRole('button', { name: 'New user' }).click()
  await panel.getByLabel('Name', { exact: true }).fill('ann')
  await panel.getByLabel('A month (US$)').fill('100')
  await panel.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('row', { name: /ann/ })).toContainText('$100.00 a month')

  await open(page, weir, '/keys')
  await page.getByRole('button', { name: 'New key' }).click()
  await panel.getByLabel('Name', { exact: true }).fill('laptop')
  await panel.getByLabel('Group', { exact: true }).selectOption('main')
  await panel.getByLabel('User', { exact: true }).selectOption('ann')
  await panel.getByRole('button', { name: 'Create' }).click()
  const once = page.getByRole('dialog', { name: 'The key of laptop' })
  const key = (await once.locator('pre').first().innerText()).trim()
  expect(key).toMatch(/^weir_/)
  await expect(once.getByText(`ANTHROPIC_API_KEY=${key}`)).toBeVisible()
  await expectAccessible(page)
  await once.getByRole('button', { name: 'I have it' }).click()
  await expect(page.getByRole('row', { name: /laptop/ })).toBeVisible()
  expect(await page.content()).not.toContain(key)

  const answers = await Promise.all([ask(weir.callers, key).done, ask(weir.callers, key).done, ask(weir.callers, key).done])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(said).toEqual([])
})

test('what was served adds up in usage and in the records', async ({ page }) => {
  const said = complaints(page)
  await signIn(page, weir)
  await open(page, weir, '/usage')
  await expect(page.getByRole('row', { name: /^laptop/ })).toContainText('3')
  await page.getByRole('button', { name: 'Account', exact: true }).click()
  await expect(page.getByRole('row', { name: /^first/ })).toBeVisible()
  const csv = page.waitForEvent('download')
  await page.getByRole('link', { name: 'CSV' }).click()
  expect((await csv).suggestedFilename()).toBe('usage.csv')

  await open(page, weir, '/requests')
  await expect(page.getByRole('row', { name: /laptop/ })).toHaveCount(3)
  await page.getByRole('row', { name: /laptop/ }).first().click()
  const record = page.getByRole('dialog', { name: 'Request' })
  await expect(record.getByText('Until the first byte')).toBeVisible()
  await expect(record.getByText('No other account could serve it.')).toBeVisible()
  await page.keyboard.press('Escape')
  await page.getByLabel('Waited for at least').selectOption('60000')
  await expect(page.getByText('No requests')).toBeVisible()
  expect(said).toEqual([])
})

test('a key that is disabled is refused, and what was done stands in the audit log', async ({ page }) => {
  const said = complaints(page)
  await signIn(page, weir)
  await open(page, weir, '/keys')
  await page.getByRole('button', { name: 'More for laptop' }).click()
  await page.getByRole('menuitem', { name: 'Disable' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click()
  await expect(page.getByRole('row', { name: /laptop/ })).toContainText('Refused')

  await open(page, weir, '/audit')
  await expect(page.getByRole('row', { name: /disable key/ })).toContainText(NAME)
  await expect(page.getByRole('row', { name: /create account first/ })).toBeVisible()
  expect(await page.content()).not.toContain('upstream-secret-of-the-test')
  expect(said).toEqual([])
})

test('settings are changed, and the relay keeps to its bounds', async ({ page }) => {
  const said = complaints(page)
  await signIn(page, weir)
  await open(page, weir, '/settings')
  const attempts = page.getByLabel('Accounts that may see a request')
  await attempts.fill('0')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('At least 1')).toBeVisible()
  await attempts.fill('2')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('The settings are saved')).toBeVisible()
  await page.reload()
  await expect(attempts).toHaveValue('2')
  // The file that the relay was started with says this one.
  await expect(page.getByLabel('Closed for')).toBeDisabled()
  expect(said).toEqual([])
})

test('nobody is set up twice', async ({ request }) => {
  await expect(setUp(weir, request)).rejects.toThrow()
})
