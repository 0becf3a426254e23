/**
 * Owns the Server-Sent Events transport, on fetch because `EventSource` hides statuses and repeats stale URLs. An answer
 * that is no event stream is a long poll asked for in other words: it is handed to the poll loop unread.
 */
import { type Loss, loss } from '../core/loss'
import { createEventParser } from './event-parser'
import { ask, readText, refusal, startRequest } from './http'
import { createPollLoop } from './poll-loop'
import type { Transport, TransportDeps } from './transport'

export function createEventStreamTransport(deps: TransportDeps): Transport {
  const { clock, sink, timeouts, mayBecomeLongPoll } = deps
  const request = startRequest(clock)
  let over = false
  let loop: Transport | undefined
  let waiting: unknown

  function lose(reason: Loss): void {
    if (over) return
    close()
    sink.lost(reason)
  }
  function close(): void {
    over = true
    clock.clearTimeout(waiting)
    if (loop) loop.close()
    else request.abort.abort()
  }

  async function run(): Promise<void> {
    const asked = ask(deps, 'first', request, { Accept: 'text/event-stream' })
    if (mayBecomeLongPoll) {
      // Silence at a long-poll address is what a waiting poll looks like: it is one until a head says otherwise.
      waiting = clock.setTimeout(() => {
        sink.opened('long-polling', false)
        // A listener may have stopped the client inside its own call.
        if (over) return
        waiting = clock.setTimeout(() => lose(loss('timeout')), timeouts.pollHoldMs - timeouts.pollConfirmMs)
      }, timeouts.pollConfirmMs)
    }
    const response = await asked
    if (over) return
    clock.clearTimeout(waiting)
    const { status, headers, body } = response
    const isPoll = status === 200 || status === 304
    if (status === 200 && body && /^text\/event-stream\b/i.test(headers.get('Content-Type') || '')) await read(body)
    else if (isPoll && mayBecomeLongPoll) {
      request.response = response
      loop = createPollLoop(deps, request)
    } else if (isPoll) lose(loss('not-event-stream', status))
    else {
      // The body of a refusal may say more than its status, but nobody waits for it for ever.
      waiting = clock.setTimeout(() => lose(refusal(response, '')), timeouts.pollConfirmMs)
      lose(refusal(response, await response.text()))
    }
  }

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    sink.opened('sse', false)
    const feed = createEventParser(
      (data) => over || sink.frame(data),
      () => over || sink.alive(),
    )
    let confirmed = false
    await readText(
      body,
      () => over,
      (text) => {
        if (!confirmed) {
          confirmed = true
          sink.opened('sse', true)
        }
        if (!over) feed(text)
      },
    )
    lose(loss('dropped'))
  }

  run().catch(() => lose(loss('network')))
  return { close }
}
