import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import * as format from '../format'

/** Numbers and times in the language of the page. */
export function useFormat() {
  const { locale } = useI18n()
  const tag = computed(() => (locale.value === 'zh' ? 'zh-CN' : 'en-GB'))
  const numbers = computed(() => (locale.value === 'zh' ? 'zh-CN' : 'en-US'))
  return {
    tag,
    duration: format.duration,
    age: format.age,
    count: (value: number) => format.count(numbers.value, value),
    compact: (value: number) => format.compact(numbers.value, value),
    usd: (micro: number) => format.usd(numbers.value, micro),
    percent: (share: number) => format.percent(numbers.value, share),
    moment: (ms: number) => format.moment(tag.value, ms),
    clock: (ms: number) => format.clock(tag.value, ms),
  }
}
