/** What the tests start, and where they leave what they saw. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../../..')
const TARGET = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target')

/** The first that is there. */
function found(what: string, places: (string | undefined)[]): string {
  const place = places.find((one) => one !== undefined && existsSync(one))
  if (place === undefined) throw new Error(`${what} is missing: neither of ${places.filter(Boolean).join(', ')} is there`)
  return place
}

export const CHROMIUM = found('Chromium', [process.env['WEIR_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'])
export const WEIR = found('the relay', [process.env['WEIR_PROGRAM'], join(TARGET, 'release/weir'), join(TARGET, 'debug/weir')])
export const MODULE = found('the module', [process.env['WEIR_MODULE'], join(TARGET, 'release/libweir.so'), join(TARGET, 'debug/libweir.so')])
export const EVIDENCE = join(ROOT, 'target/browser')
