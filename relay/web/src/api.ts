/** The one place that talks to the relay. What it refuses becomes an `ApiError`; a lost session is told to whoever listens. */
import type { Page } from './types'

/** A refusal of the API, or no answer at all (status 0, code `unreachable`). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string | null = null,
    readonly retryAfterS: number | null = null,
  ) {
    super(message)
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
export type Query = Record<string, string | number | null | undefined>

const PATIENCE_MS = 30_000

let csrf = ''
let onSignedOut: () => void = () => undefined

/** Nothing where nobody is signed in. */
export function useCsrf(token: string | null): void {
  csrf = token ?? ''
}

export function whenSignedOut(act: () => void): void {
  onSignedOut = act
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return send<T>('GET', withQuery(path, query), undefined, signal)
}

export function post<T = void>(path: string, body: unknown = {}): Promise<T> {
  return send<T>('POST', path, body)
}

export function patch<T = void>(path: string, body: unknown): Promise<T> {
  return send<T>('PATCH', path, body)
}

export function put<T = void>(path: string, body: unknown): Promise<T> {
  return send<T>('PUT', path, body)
}

export function remove(path: string): Promise<void> {
  return send('DELETE', path)
}

/** All items of a list that is short by its nature: accounts, groups, users. */
export async function all<Item>(path: string, query: Query = {}): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = null
  do {
    const page: Page<Item> = await get<Page<Item>>(path, { ...query, limit: 200, cursor })
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return items
}

/** A path of which every piece may hold any letter. */
export function at(...pieces: string[]): string {
  return '/api/' + pieces.map(encodeURIComponent).join('/')
}

export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

/** The stream of snapshots; whoever opens it closes it. */
export function openLive(): EventSource {
  return new EventSource('/api/live')
}

async function send<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (method !== 'GET' && csrf !== '') headers['x-weir-csrf'] = csrf
  if (body !== undefined) headers['content-type'] = 'application/json'
  const patience = AbortSignal.timeout(PATIENCE_MS)
  let answer: Response
  try {
    answer = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch (failed) {
    if (signal?.aborted) throw failed
    throw new ApiError(0, 'unreachable', 'The relay does not answer.')
  }
  if (!answer.ok) throw await refusal(answer)
  return (answer.status === 204 ? undefined : await answer.json()) as T
}

async function refusal(answer: Response): Promise<ApiError> {
  const told = await answer.json().catch(() => null)
  const error = told?.error ?? {}
  const retry = Number(answer.headers.get('retry-after') ?? Number.NaN)
  const refused = new ApiError(
    answer.status,
    error.code ?? `http_${answer.status}`,
    error.message ?? `The relay answered ${answer.status}.`,
    error.field ?? null,
    Number.isFinite(retry) ? retry : null,
  )
  if (refused.code === 'signed_out' || refused.code === 'setup_required') onSignedOut()
  return refused
}
