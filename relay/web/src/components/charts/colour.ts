/** The colour that a token has now, as a canvas takes it: what is light or dark is decided by then. */

export function resolvedColour(name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(--${name})`
  document.body.append(probe)
  const written = getComputedStyle(probe).color
  probe.remove()
  const parts = written.match(/[\d.]+/g)?.slice(0, 3).map(Number)
  return parts === undefined ? written : `#${parts.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
}
