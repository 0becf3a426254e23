/**
 * Owns the Server-Sent Events transport, on fetch because `EventSource` hides statuses and repeats stale URLs. An answer
 * that is no event stream is a long poll asked for in other words: it is handed to the poll loop unread.
 */
import { createParser } from 'eventsource-parser'
import { loss, lossFromStatus } from '../core/loss'
import { createPollLoop } from './poll-loop'
import type { Transport, TransportDeps } from './transport'

export function createEventStreamTransport(deps: TransportDeps): Transport {
  const { clock, sink, timeouts } = deps
  const abort = new AbortController()
  const startedAtMs = clock.now()
  let over = false
  let loop: Transport | null = null
  let waiting: unknown = null

  function lose(reason: ReturnType<typeof loss>): void {
    if (over) return
    close()
    sink.lost(reason)
  }
  function close(): void {
    over = true
    stopWaiting()
    if (loop) loop.close()
    else abort.abort()
  }
  function stopWaiting(): void {
    if (waiting !== null) clock.clearTimeout(waiting)
    waiting = null
  }

  function ask(): Promise<Response> {
    const { url, headers } = deps.address('first')
    if (!deps.fetch) return Promise.reject(new TypeError('no fetch in this runtime'))
    return deps.fetch(url, {
      headers: { ...headers, Accept: 'text/event-stream' },
      signal: abort.signal,
      cache: 'no-store',
      credentials: 'same-origin',
    })
  }

  async function run(): Promise<void> {
    const asked = ask()
    if (deps.mayBecomeLongPoll) {
      // Silence at a long-poll address is what a waiting poll looks like: it is one until a head says otherwise.
      waiting = clock.setTimeout(() => {
        waiting = null
        sink.opened('long-polling', false)
        // A listener may have stopped the client inside its own call.
        if (over) return
        waiting = clock.setTimeout(() => lose(loss('timeout')), timeouts.pollHoldMs - timeouts.pollConfirmMs)
      }, timeouts.pollConfirmMs)
    }
    const response = await asked
    stopWaiting()
    if (over) return
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('Content-Type') ?? '')
    if (response.status === 200 && isStream && response.body) return read(response.body)
    const isPoll = response.status === 200 || response.status === 304
    if (isPoll && deps.mayBecomeLongPoll) {
      loop = createPollLoop(deps, { response: Promise.resolve(response), abort, startedAtMs })
      return
    }
    if (isPoll) return lose(loss('not-event-stream', response.status))
    const refused = (body: string): void =>
      lose(lossFromStatus(response.status, body, response.headers.get('Retry-After')))
    // The body of a refusal may say more than its status, but nobody waits for it for ever.
    waiting = clock.setTimeout(() => refused(''), timeouts.pollConfirmMs)
    refused(await response.text())
  }

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    sink.opened('sse', false)
    const parser = createParser({
      onEvent: (event) => {
        if (!over) sink.frame(event.data)
      },
      onComment: () => {
        if (!over) sink.alive()
      },
    })
    // A streaming decoder: a character may be split over two chunks.
    const decoder = new TextDecoder()
    const reader = body.getReader()
    let confirmed = false
    for (;;) {
      const { done, value } = await reader.read()
      if (over) return
      if (done) return lose(loss('dropped'))
      if (!confirmed) {
        confirmed = true
        sink.opened('sse', true)
      }
      if (!over) parser.feed(decoder.decode(value, { stream: true }))
      if (over) return
    }
  }

  run().catch(() => lose(loss('network')))
  return { close }
}
