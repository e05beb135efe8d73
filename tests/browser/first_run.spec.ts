import { expect, test } from '@playwright/test'
import { NAME, PASSWORD, complaints, expectAccessible } from './harness/operator'
import { Weir } from './harness/weir'

let weir: Weir

test.beforeAll(async () => {
  weir = await Weir.start()
})
test.afterAll(() => weir.stop())
test.describe.configure({ mode: 'serial' })

test('the address that the relay prints makes the first operator', async ({ page }) => {
  const said = complaints(page, [401, 404])
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
