/** A form that is being filled in: its draft, what is wrong with it, and what happens when it is sent. */
import { computed, ref, shallowRef } from 'vue'
import { ApiError } from '../api'
import { changes, check, draftOf, fieldOf, whole } from '../form/draft'
import type { Draft, DraftValue, FieldSpec, Section, Wrongs } from '../form/spec'
import type { Fields } from '../types'
import { useTell } from './useTell'

export function useDraft(sections: () => readonly Section[]) {
  const words = useTell()
  const before = shallowRef<Draft>({})
  const draft = ref<Draft>({})
  const wrongs = ref<Wrongs>({})
  /** What is wrong with no field of the form. */
  const failed = ref('')
  const busy = ref(false)
  const specs = computed<FieldSpec[]>(() => sections().flatMap((section) => section.fields))
  const changed = computed(() => JSON.stringify(before.value) !== JSON.stringify(draft.value))

  function begin(fields: Fields): void {
    before.value = draftOf(specs.value, fields)
    draft.value = draftOf(specs.value, fields)
    wrongs.value = {}
    failed.value = ''
  }

  function set(name: string, value: DraftValue): void {
    draft.value = { ...draft.value, [name]: value }
    wrongs.value = Object.fromEntries(Object.entries(wrongs.value).filter(([field]) => field !== name))
  }

  /** Whether it was sent and taken. */
  async function submit(send: () => Promise<unknown>): Promise<boolean> {
    wrongs.value = check(specs.value, draft.value)
    failed.value = ''
    if (Object.keys(wrongs.value).length > 0) return false
    busy.value = true
    try {
      await send()
      return true
    } catch (error) {
      const field = error instanceof ApiError ? fieldOf(specs.value, error.field) : null
      if (field === null) failed.value = words(error)
      else wrongs.value = { [field]: { told: words(error) } }
      return false
    } finally {
      busy.value = false
    }
  }

  const asChanges = (): Fields => changes(specs.value, before.value, draft.value)
  const asWhole = (): Fields => whole(specs.value, draft.value)

  return { draft, wrongs, failed, busy, changed, specs, begin, set, submit, asChanges, asWhole }
}

export type DraftForm = ReturnType<typeof useDraft>
