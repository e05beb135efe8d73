import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// Everything is a file of its own: the policy of the pages lets nothing run or style them that is written into a document.
export default defineConfig({
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    // `npm run dev` beside a running relay.
    proxy: { '/api': { target: process.env['WEIR_OPERATORS'] ?? 'http://127.0.0.1:8081' } },
  },
})
