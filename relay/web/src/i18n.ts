/** The two languages of the pages. Messages are beside each other, a file for each page; a new page adds a line here. */
import { createI18n } from 'vue-i18n'
import { common } from './messages/common'
import { login } from './messages/login'
import { overview } from './messages/overview'
import { queues } from './messages/queues'
import { remembered } from './composables/remembered'

export const LANGUAGES = { en: 'English', zh: '简体中文' } as const
export type Language = keyof typeof LANGUAGES

const chapters = { common, login, overview, queues }

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
