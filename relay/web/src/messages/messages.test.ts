import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { chapters } from '../chapters'

const SOURCES = join(import.meta.dirname, '..')

const sources = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(vue|ts)$/.test(file) && !file.endsWith('.test.ts'))
  .map((file) => readFileSync(join(SOURCES, file), 'utf8'))

function said(language: 'en' | 'zh', path: string): unknown {
  const [chapter, ...rest] = path.split('.')
  const root = (chapters as Record<string, { en: unknown; zh: unknown }>)[chapter ?? '']
  return rest.reduce<unknown>((words, step) => (words as Record<string, unknown> | undefined)?.[step], root?.[language])
}

it('every message that a page asks for by its whole name is there in both languages', () => {
  const asked = new Set(sources.flatMap((source) => [...source.matchAll(/\bt\('([a-zA-Z.]+)'/g)].map((match) => match[1] ?? '')))
  expect(asked.size).toBeGreaterThan(50)
  const silent = [...asked].filter((path) => typeof said('en', path) !== 'string' || typeof said('zh', path) !== 'string')
  expect(silent).toEqual([])
})

it('both languages take the same words into a message', () => {
  const places = (words: string) => [...new Set(words.match(/\{\w+\}/g))].toSorted().join()
  const differing: string[] = []
  const compare = (en: unknown, zh: unknown, path: string): void => {
    if (typeof en === 'string') {
      if (places(en) !== places(String(zh))) differing.push(path)
      return
    }
    for (const [name, words] of Object.entries(en as object)) compare(words, (zh as Record<string, unknown>)[name], `${path}.${name}`)
  }
  for (const [name, { en, zh }] of Object.entries(chapters)) compare(en, zh, name)
  expect(differing).toEqual([])
})
