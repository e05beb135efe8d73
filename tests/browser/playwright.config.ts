import { defineConfig } from '@playwright/test'
import { CHROMIUM, EVIDENCE } from './harness/places'

// Each file has a relay, a Redis and a provider of its own, so files run beside each other.
export default defineConfig({
  testDir: '.',
  outputDir: EVIDENCE,
  fullyParallel: false,
  workers: 2,
  // Both are used up only by what fails: a machine that stalls is to be no reason.
  timeout: 180_000,
  expect: { timeout: 45_000 },
  reporter: [['list']],
  use: {
    launchOptions: { executablePath: CHROMIUM, args: ['--no-sandbox'] },
    locale: 'en-GB',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
})
