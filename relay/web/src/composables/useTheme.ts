/** Light, dark, or as the system has it. `public/theme.js` does the same before the first paint. */
import { ref } from 'vue'
import { remembered } from './remembered'

export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const kept = remembered<Theme>('theme', 'auto')
const theme = ref<Theme>(kept.get())

export function useTheme() {
  function choose(next: Theme): void {
    theme.value = next
    kept.set(next)
    if (next === 'auto') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = next
  }
  return { theme, choose }
}
