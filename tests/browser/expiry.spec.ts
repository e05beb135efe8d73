import { expect, test } from '@playwright/test'
import { NAME, PASSWORD, complaints, open, setUp, signIn } from './harness/operator'
import { Weir } from './harness/weir'

let weir: Weir

test.beforeAll(async ({ playwright }) => {
  weir = await Weir.start('[sessions]\ntotal_ms = 12000\n')
  const request = await playwright.request.newContext()
  await setUp(weir, request)
  await request.dispose()
})
test.afterAll(() => weir.stop())

test('a page that is only looked at leads to the login when the session has ended, and back', async ({ page }) => {
  const said = complaints(page, [401])
  await signIn(page, weir)
  await open(page, weir, '/queues')
  await expect(page.getByRole('heading', { name: 'Queues' })).toBeVisible()
  await expect(page.getByText('Your session has ended.')).toBeVisible()
  await page.getByLabel('Name').fill(NAME)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Queues' })).toBeVisible()
  await expect(page.getByRole('status').getByText('Live')).toBeVisible()
  expect(said).toEqual([])
})
