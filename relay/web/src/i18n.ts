/** The two languages of the pages. */
import { createI18n } from 'vue-i18n'
import { chapters } from './chapters'
import { remembered } from './composables/remembered'

export const LANGUAGES = { en: 'English', zh: '简体中文' } as const
export type Language = keyof typeof LANGUAGES

type Chapters = typeof chapters
type Messages = { [Chapter in keyof Chapters]: Chapters[Chapter]['en'] }

function inLanguage(language: Language): Messages {
  return Object.fromEntries(
    Object.entries(chapters).map(([chapter, both]) => [chapter, both[language]]),
  ) as unknown as Messages
}

const kept = remembered<Language | ''>('language', '')

export const i18n = createI18n({
  legacy: false,
  locale: kept.get() || (navigator.language.startsWith('zh') ? 'zh' : 'en'),
  fallbackLocale: 'en',
  messages: { en: inLanguage('en'), zh: inLanguage('zh') },
})

export function speak(language: Language): void {
  i18n.global.locale.value = language
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  kept.set(language)
}
