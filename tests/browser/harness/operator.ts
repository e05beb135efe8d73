/** Somebody at the pages: set up once for each relay, signed in for each page; what a browser complains of fails the test. */
import AxeBuilder from '@axe-core/playwright'
import { type APIRequestContext, type Page, expect } from '@playwright/test'
import type { Weir } from './weir'

export const NAME = 'maria'
export const PASSWORD = 'seven swans on the weir'

/** Makes the first operator. */
export async function setUp(weir: Weir, request: APIRequestContext): Promise<void> {
  const token = (await weir.invitation()).split('#')[1]
  const answer = await request.post(`${weir.operators}/api/setup`, { data: { token, name: NAME, password: PASSWORD } })
  expect(answer.status(), await answer.text()).toBe(201)
}

export async function signIn(page: Page, weir: Weir, name = NAME, password = PASSWORD): Promise<void> {
  const answer = await page.request.post(`${weir.operators}/api/session`, { data: { name, password } })
  expect(answer.status(), await answer.text()).toBe(200)
}

/** What the console says that it should not; statuses that a test asks for are told. */
export function complaints(page: Page, expected: number[] = []): string[] {
  const said: string[] = []
  page.on('pageerror', (error) => said.push(error.message))
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    const status = /status of (\d{3})/.exec(message.text())?.[1]
    if (status === undefined || !expected.includes(Number(status))) said.push(message.text())
  })
  return said
}

/** What nobody can read or reach. */
export async function expectAccessible(page: Page): Promise<void> {
  // Colours on their way are none of the page's.
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))))
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)).toEqual([])
}

/** Nothing reaches beyond the edge of the window. */
export async function expectNoOverflow(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
}

export const open = (page: Page, weir: Weir, path: string) => page.goto(`${weir.operators}${path}`)
