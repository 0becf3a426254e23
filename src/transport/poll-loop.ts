/**
 * Owns the loop of long polls: ask, wait, hand over the whole body, ask again from the place reached. A poll counts
 * only when its body is complete. Answers that bring nothing new slow the loop down, so that no server can spin it.
 */
import { loss, lossFromStatus } from '../core/loss'
import type { Transport, TransportDeps } from './transport'

/** Gateways answer so when they lose patience with a waiting poll. */
const GATEWAY_TIMEOUTS = [408, 504, 524]
const GATEWAY_PATIENCE_MS = 1000
/** A poll held this long may be empty without any blame. */
const HELD_MS = 1000
const PAUSE_FIRST_MS = 250
const PAUSE_LONGEST_MS = 5000
/** Polls in a row that get no answer at all before the link counts as dead. */
const SILENT_POLLS = 2

/** `first`: a poll that is already under way (an event-stream request that was answered as a poll). */
export interface PollUnderWay {
  readonly response: Promise<Response>
  readonly abort: AbortController
  readonly startedAtMs: number
}

export function createPollLoop(deps: TransportDeps, first?: PollUnderWay): Transport {
  const { clock, sink, timeouts } = deps
  let over = false
  let confirmed = false
  let silent = 0
  let pauseMs = 0
  let abort: AbortController | null = null
  const timers = new Map<'confirm' | 'hold' | 'pause', unknown>()

  function after(name: 'confirm' | 'hold' | 'pause', delayMs: number, then: () => void): void {
    clear(name)
    timers.set(
      name,
      clock.setTimeout(() => (timers.delete(name), then()), delayMs),
    )
  }
  function clear(name: 'confirm' | 'hold' | 'pause'): void {
    if (timers.has(name)) clock.clearTimeout(timers.get(name))
    timers.delete(name)
  }

  function end(): void {
    over = true
    timers.forEach((_, name) => clear(name))
    abort?.abort()
  }
  function lose(reason: ReturnType<typeof loss>): void {
    if (over) return
    end()
    sink.lost(reason)
  }
  function confirm(): void {
    clear('confirm')
    if (confirmed) return
    confirmed = true
    sink.opened('long-polling', true)
  }

  async function poll(phase: 'first' | 'next', underWay?: PollUnderWay): Promise<void> {
    const startedAtMs = underWay?.startedAtMs ?? clock.now()
    const mine = underWay?.abort ?? new AbortController()
    abort = mine
    after('hold', timeouts.pollHoldMs, () => {
      // Nothing came, not even the empty answer that every server sends: ask again, twice at most.
      if (++silent >= SILENT_POLLS) return lose(loss('timeout'))
      mine.abort()
      void poll('next')
    })
    // The loop may have moved on, or ended, while this poll was awaited.
    const isStale = (): boolean => over || abort !== mine
    try {
      const response = await (underWay?.response ?? ask(phase, mine.signal))
      if (isStale()) return
      const body = response.status === 304 ? '' : await response.text()
      if (isStale()) return
      clear('hold')
      take(response, body, clock.now() - startedAtMs)
    } catch {
      if (!isStale()) lose(loss('network'))
    }
  }

  function ask(phase: 'first' | 'next', signal: AbortSignal): Promise<Response> {
    const { url, headers } = deps.address(phase)
    // `no-store`: a cache would answer the same empty poll for ever. Credentials stay with their own origin: servers answer `*`.
    const init: RequestInit = { signal, cache: 'no-store', credentials: 'same-origin' }
    if (headers) init.headers = { ...headers }
    if (!deps.fetch) return Promise.reject(new TypeError('no fetch in this runtime'))
    return deps.fetch(url, init)
  }

  function take(response: Response, body: string, heldMs: number): void {
    const { status } = response
    const patienceEnded = GATEWAY_TIMEOUTS.indexOf(status) >= 0 && heldMs >= GATEWAY_PATIENCE_MS
    if (!patienceEnded && status !== 200 && status !== 204 && status !== 304) {
      return lose(lossFromStatus(status, body, response.headers.get('Retry-After')))
    }
    silent = 0
    if (!patienceEnded) confirm()
    if (over) return
    let news = false
    if (status === 200 && body !== '') news = sink.frame(body) === 'news'
    else if (!patienceEnded) {
      sink.emptyPoll({
        lastMessageId: response.headers.get('Last-Message-Id'),
        lastModified: response.headers.get('Last-Modified'),
      })
      sink.alive()
    }
    // A listener may have stopped the client inside its own call.
    if (over) return
    const quiet = !news && (status === 200 || heldMs < HELD_MS)
    pauseMs = quiet ? Math.min(pauseMs === 0 ? PAUSE_FIRST_MS : pauseMs * 2, PAUSE_LONGEST_MS) : 0
    if (pauseMs === 0) void poll('next')
    else after('pause', pauseMs, () => void poll('next'))
  }

  const waitedMs = first ? clock.now() - first.startedAtMs : 0
  after('confirm', Math.max(0, timeouts.pollConfirmMs - waitedMs), () => sink.opened('long-polling', false))
  void poll('first', first)
  return { close: end }
}
