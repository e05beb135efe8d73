/** The pages by address. Every page but the login needs a session; a page is loaded when it is first opened. */
import { createRouter, createWebHistory, type RouteLocation, type RouteLocationNormalized } from 'vue-router'
import { useSession } from './stores/session'

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, from, kept) => (to.path === from.path ? (kept ?? false) : (kept ?? { top: 0 })),
  routes: [
    { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue'), meta: { open: true } },
    { path: '/setup', redirect: invited },
    { path: '/', name: 'overview', component: () => import('./pages/OverviewPage.vue') },
    { path: '/queues', name: 'queues', component: () => import('./pages/QueuesPage.vue') },
    { path: '/accounts', name: 'accounts', component: () => import('./pages/AccountsPage.vue') },
    { path: '/groups', name: 'groups', component: () => import('./pages/GroupsPage.vue') },
    { path: '/keys', name: 'keys', component: () => import('./pages/KeysPage.vue') },
    { path: '/users', name: 'users', component: () => import('./pages/UsersPage.vue') },
    { path: '/usage', name: 'usage', component: () => import('./pages/UsagePage.vue') },
    { path: '/requests', name: 'requests', component: () => import('./pages/RequestsPage.vue') },
    { path: '/audit', name: 'audit', component: () => import('./pages/AuditPage.vue') },
    { path: '/guide', name: 'guide', component: () => import('./pages/GuidePage.vue') },
    { path: '/settings', name: 'settings', component: () => import('./pages/SettingsPage.vue') },
    { path: '/:rest(.*)*', name: 'nowhere', component: () => import('./pages/NowherePage.vue') },
  ],
})

router.beforeEach(async (to) => {
  const session = useSession()
  try {
    await session.find()
  } catch {
    // Nobody answers: the page says so itself, and goes on when somebody does.
    return to.meta['open'] === true ? true : { name: 'login', query: back(to) }
  }
  const signedIn = session.session !== null
  if (to.meta['open'] === true) return signedIn ? '/' : true
  return signedIn ? true : { name: 'login', query: back(to) }
})

/** The address that a relay prints at its first start has the token behind the `#`: no server sees it, and it does not stay there. */
function invited(to: RouteLocation) {
  useSession().setupToken = to.hash.slice(1)
  return { name: 'login', hash: '' }
}

/** Where to go after the login. */
export function back(from: RouteLocationNormalized): { back?: string } {
  return from.fullPath === '/' || from.meta['open'] === true ? {} : { back: from.fullPath }
}

/** An address within these pages, whatever stands in the query. */
export function homeward(asked: unknown): string {
  return typeof asked === 'string' && asked.startsWith('/') && !asked.startsWith('//') ? asked : '/'
}
