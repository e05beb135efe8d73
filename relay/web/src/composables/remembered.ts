/** A choice that this browser remembers. Where it keeps nothing (a private window) the choice lasts as long as the page. */

export interface Remembered<T extends string> {
  get: () => T
  set: (value: T) => void
}

export function remembered<T extends string>(name: string, otherwise: T): Remembered<T> {
  const key = `weir.${name}`
  return {
    get() {
      try {
        return (localStorage.getItem(key) as T | null) ?? otherwise
      } catch {
        return otherwise
      }
    },
    set(value) {
      try {
        localStorage.setItem(key, value)
      } catch {
        // The choice is not kept; the page has it all the same.
      }
    },
  }
}
