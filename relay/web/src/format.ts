/** Numbers as people read them, of a language that is passed in. `useFormat` knows the language of the page. */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const numbers = kept((locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options))
const moments = kept((locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options))

/** `850 ms`, `9.4 s`, `48 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`: two units at most, and none that says nothing. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  const span = Math.max(0, ms)
  if (span < 1_000) return `${Math.round(span)} ms`
  if (span < 9_950) return `${(span / 1_000).toFixed(1)} s`
  if (span < MINUTE_MS) return `${Math.floor(span / 1_000)} s`
  if (span < HOUR_MS) return two(span, MINUTE_MS, 'min', 1_000, 's')
  if (span < DAY_MS) return two(span, HOUR_MS, 'h', MINUTE_MS, 'min')
  return two(span, DAY_MS, 'd', HOUR_MS, 'h')
}

/** An age in whole seconds: it stands still between two snapshots of the same second. */
export function age(ms: number): string {
  return ms < 1_000 ? '0 s' : duration(ms < 9_950 ? Math.floor(ms / 1_000) * 1_000 : ms).replace('.0 s', ' s')
}

function two(span: number, unit: number, name: string, part: number, partName: string): string {
  const whole = Math.floor(span / unit)
  const rest = Math.floor((span - whole * unit) / part)
  return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${partName}`
}

export function count(locale: string, value: number): string {
  return numbers(locale, { maximumFractionDigits: 0 }).format(value)
}

/** `1.2M`: for where room is short. */
export function compact(locale: string, value: number): string {
  if (Math.abs(value) < 10_000) return numbers(locale, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)
  return numbers(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value)
}

/** Millionths of a dollar; small amounts keep what makes them differ from nothing. */
export function usd(locale: string, micro: number): string {
  const dollars = micro / 1_000_000
  const small = dollars !== 0 && Math.abs(dollars) < 0.01
  return numbers(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: 2,
    maximumFractionDigits: small ? 6 : 2,
  }).format(dollars)
}

export function percent(locale: string, share: number): string {
  return numbers(locale, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share)
}

export function moment(locale: string, ms: number): string {
  return moments(locale, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' }).format(ms)
}

export function clock(locale: string, ms: number): string {
  return moments(locale, { timeStyle: 'medium', hourCycle: 'h23' }).format(ms)
}

/** Making one takes longer than a hundred uses of it: each is made once. */
function kept<Options, Format>(make: (locale: string, options: Options) => Format): (locale: string, options: Options) => Format {
  const made = new Map<string, Format>()
  return (locale, options) => {
    const name = locale + JSON.stringify(options)
    const format = made.get(name) ?? make(locale, options)
    made.set(name, format)
    return format
  }
}

/** A moment beneath a chart, of marks that are so far apart: as fine as tells it from those beside it. Days are those of UTC. */
export function mark(locale: string, ms: number, everyMs: number): string {
  if (everyMs >= DAY_MS) return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(ms)
  const seconds = everyMs < MINUTE_MS ? ({ second: '2-digit' } as const) : {}
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', ...seconds, hourCycle: 'h23' }).format(ms)
}
