/** What uPlot is told: axes and lines in the colours that the page has at the moment. */
import uPlot from 'uplot'

export type Tone = 'series-1' | 'series-2' | 'series-3' | 'series-4' | 'series-5' | 'series-6' | 'bad-fill'

export interface Series {
  label: string
  tone: Tone
  values: (number | null)[]
  /** On an axis of its own, at the right. */
  right?: boolean
  bars?: boolean
}

export interface Look {
  /** Left and right of the first and the last moment: half a bar. */
  marginS: number
  /** As much as there is at least from the left to the right. */
  leastS: number
  width: number
  height: number
  colour: (name: string) => string
  /** Of the axis at the left, and of that at the right. */
  left: (value: number) => string
  right: (value: number) => string
  /** The mark at a moment, of marks that are so far apart. */
  time: (seconds: number, everyS: number) => string
  /** What lies between two moments, at least: no mark stands between two days. */
  stepS: number
  bars: uPlot.Series.PathBuilder | undefined
}

export const DAY_S = 86_400
const INCREMENTS_S = [15, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, DAY_S, 2 * DAY_S, 7 * DAY_S, 14 * DAY_S, 28 * DAY_S]

/** `12 Nov` and `12:34:56`, with some room beside them. */
const [DAY_WIDE, TIME_WIDE] = [50, 64]
const AXIS_FONT = "11px 'Inter Variable', system-ui, sans-serif"

export function plotOptions(series: Series[], look: Look): uPlot.Options {
  const axis = { stroke: look.colour('ink-3'), font: AXIS_FONT, ticks: { show: false }, gap: 6 }
  const grid = { stroke: look.colour('line'), width: 1 }
  const hasRight = series.some((one) => one.right)
  return {
    width: look.width,
    height: look.height,
    padding: [8, hasRight ? 0 : 22, 0, 0],
    legend: { show: false },
    // Days are counted in UTC.
    ...(look.stepS >= DAY_S ? { tzDate: (s: number) => uPlot.tzDate(new Date(s * 1_000), 'Etc/UTC') } : {}),
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: true, range: (_, least, most) => [Math.min(least, most - look.leastS) - look.marginS, most + look.marginS] }, y: { range: fromZero }, right: { range: fromZero } },
    axes: [
      { ...axis, grid: { show: false }, size: 26, space: look.stepS >= DAY_S ? DAY_WIDE : TIME_WIDE, incrs: INCREMENTS_S.filter((increment) => increment >= look.stepS), values: (_, splits, __, ___, everyS) => splits.map((s) => look.time(s, everyS)) },
      { ...axis, grid, size: roomFor, values: (_, splits) => splits.map(look.left) },
      { ...axis, show: hasRight, scale: 'right', side: 1, grid: { show: false }, size: roomFor, values: (_, splits) => splits.map(look.right) },
    ],
    series: [{}, ...series.map((one) => line(one, look))],
  }
}

function line(one: Series, look: Look): uPlot.Series {
  const colour = look.colour(one.tone)
  return {
    label: one.label,
    scale: one.right ? 'right' : 'y',
    stroke: colour,
    width: one.bars ? 0 : 1.75,
    points: { show: false },
    ...(one.bars && look.bars ? { fill: colour, paths: look.bars } : { fill: `${colour}1f` }),
  }
}

/** As wide as the longest number beside it. */
function roomFor(_: uPlot, numbers: string[] | null): number {
  return Math.max(40, ...(numbers ?? []).map((number) => number.length * 6.4 + 14))
}

function fromZero(_: uPlot, __: number | null, most: number | null): [number, number] {
  return [0, Math.max(1e-9, (most ?? 0) * 1.1) || 1]
}
