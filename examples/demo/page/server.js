/** Owns the requests to the local server's control, and what the page knows of the faults that are set. */

/** Asks for an action. Rejects where the server does not answer or refuses; the message says why. */
export async function control(action, fields = {}) {
  const response = await fetch('/bx-pull/control', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ action, ...fields }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}

export async function serverState() {
  const response = await fetch('/bx-pull/state', { cache: 'no-store' })
  return response.json()
}

/** Publishes as the portal does: `count` messages, at most a few requests at a time. */
export async function publish(message, to, count) {
  let next = 1
  async function work() {
    while (next <= count) {
      const params = count > 1 ? numbered(message.params, next) : message.params
      next += 1
      await control('publish', { message: { ...message, params }, to })
    }
  }
  // A browser opens six connections per host, and the client needs one or two of them.
  await Promise.all([work(), work(), work()])
}

/** Exchanges the server for one of another generation. Resolves when it answers; rejects after ten seconds. */
export async function changeGeneration(version) {
  await fetch(`/demo/generation?version=${version}`, { method: 'POST' })
  const untilMs = Date.now() + 10_000
  for (;;) {
    const state = await serverState().catch(() => null)
    if (state?.version === version) return
    if (Date.now() > untilMs) throw new Error(String(version))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function numbered(params, number) {
  return Array.isArray(params) ? [...params, number] : { ...params, number }
}
