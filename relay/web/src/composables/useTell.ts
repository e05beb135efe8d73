/** Errors in the words of the page: those that it knows in the reader's language, all others as the relay said them. */
import { useI18n } from 'vue-i18n'
import { ApiError } from '../api'

const KNOWN = ['unreachable', 'forbidden', 'conflict', 'declared']

export function useTell() {
  const { t } = useI18n()
  return (failed: unknown): string => {
    if (failed instanceof ApiError && KNOWN.includes(failed.code)) return t(`common.failed.${failed.code}`)
    return failed instanceof Error ? failed.message : String(failed)
  }
}
