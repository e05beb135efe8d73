/** Which of a list is being edited: it stands in the address (`?edit=main`), so that it can be linked to and left with Back. */
import { computed, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'

const NEW = ''

export function useEdited<Item>(items: () => readonly Item[] | null, idOf: (item: Item) => string) {
  const route = useRoute()
  const router = useRouter()

  /** `null` is a new one, `undefined` none. */
  const edited = computed<Item | null | undefined>(() => {
    const asked = route.query['edit']
    if (asked === undefined || asked === null || Array.isArray(asked)) return undefined
    return asked === NEW ? null : items()?.find((item) => idOf(item) === asked)
  })

  const go = (edit: string | undefined) => void router.push({ query: { ...route.query, edit } })
  return { edited: edited as Ref<Item | null | undefined>, open: (item: Item) => go(idOf(item)), create: () => go(NEW), close: () => go(undefined) }
}
