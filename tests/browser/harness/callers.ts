/** Callers of the relay: each request is a promise of its status and body, and may leave. */

export interface Asked {
  done: Promise<{ status: number; body: string }>
  leave: () => void
}

export function ask(callers: string, key: string, model = 'claude-haiku-4-5'): Asked {
  const leaving = new AbortController()
  const done = fetch(`${callers}/v1/messages`, {
    method: 'POST',
    signal: leaving.signal,
    headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 50, stream: true, messages: [{ role: 'user', content: 'How deep is the river?' }] }),
  }).then(async (answer) => ({ status: answer.status, body: await answer.text() }))
  // Whoever left did not fail.
  const settled = done.catch((failed: unknown) => ({ status: 0, body: String(failed) }))
  return { done: settled, leave: () => leaving.abort() }
}
