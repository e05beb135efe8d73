/** The same messages in both languages: what one has the other has too, or it does not compile. */

type Same<T> = { [Key in keyof T]: T[Key] extends string ? string : Same<T[Key]> }

export function pair<const T>(en: T, zh: Same<T>): { en: Same<T>; zh: Same<T> } {
  return { en: en as Same<T>, zh }
}
