import '@fontsource-variable/inter/index.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/table.css'
import './styles/overlays.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { whenSignedOut } from './api'
import App from './App.vue'
import { i18n, speak } from './i18n'
import { back, router } from './router'
import { useSession } from './stores/session'

const app = createApp(App).use(createPinia()).use(i18n).use(router)
speak(i18n.global.locale.value)

const session = useSession()
whenSignedOut(() => {
  if (session.session != null) session.lose()
  const here = router.currentRoute.value
  if (here.meta['open'] !== true) void router.replace({ name: 'login', query: back(here) })
})

app.mount('#app')
