/** The fields of a price: US dollars for a million tokens. */
import type { Section } from './spec'

export const PRICE_FIELDS = ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'web_search'] as const

export function priceSections(isNew: boolean): Section[] {
  return [
    {
      name: 'prices',
      fields: [
        ...(isNew ? [{ name: 'model', kind: 'text', needed: true, most: 200 } as const] : []),
        ...PRICE_FIELDS.map((name) => ({ name: `price.${name}`, kind: 'money', needed: name === 'input' || name === 'output' }) as const),
      ],
    },
  ]
}
