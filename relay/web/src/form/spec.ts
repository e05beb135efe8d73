/** What a field of a form takes. Forms are lists of these; `draft.ts` reads and writes them, `FieldControl` draws them. */

interface Named {
  /** As the API calls it, `timeouts.connect_ms` for what is inside a table. */
  name: string
  /** Left out where this says no, such as what another kind of account has. */
  shown?: (draft: Draft) => boolean
  /** Whether it stays as it was made. */
  fixed?: boolean
  needed?: boolean
}

interface TextSpec extends Named {
  kind: 'text' | 'note' | 'secret' | 'password'
  otherwise?: string
  most?: number
}

interface WholeSpec extends Named {
  kind: 'whole'
  otherwise?: number
  least?: number
  most: number
  unit?: 'ms' | 's' | 'perMinute' | 'days'
}

interface MoneySpec extends Named {
  kind: 'money'
}

interface SwitchSpec extends Named {
  kind: 'switch'
  otherwise?: boolean
}

interface ChoiceSpec extends Named {
  kind: 'choice'
  options: readonly string[]
  otherwise?: string
}

/** In local time, as the browser asks for it; the API has milliseconds. */
interface MomentSpec extends Named {
  kind: 'moment'
}

/** A list of words, or a choice of several names that are given from outside. */
interface ListSpec extends Named {
  kind: 'list' | 'several'
}

interface MapSpec extends Named {
  kind: 'map'
}

export type FieldSpec = TextSpec | WholeSpec | MoneySpec | SwitchSpec | ChoiceSpec | ListSpec | MapSpec | MomentSpec

export interface Section {
  name: string
  fields: FieldSpec[]
  /** Folded until somebody wants it. */
  folded?: boolean
}

export type DraftValue = string | boolean | string[]
export type Draft = Record<string, DraftValue>

/** What is wrong with a field: a message, and what goes into it; or the words of the relay. */
export type Wrong = { message: 'required' | 'number' | 'money' | 'map' } | { message: 'least'; least: number } | { message: 'most'; most: number } | { told: string }
export type Wrongs = Record<string, Wrong>
