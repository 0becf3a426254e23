/**
 * Owns the loop of long polls: ask, wait, hand over the whole body, ask again from the place reached. A poll counts
 * only when its body is complete; what can be read of one that was cut off is handed over as a part. Answers that
 * bring nothing new slow the loop down, so that no server can spin it.
 */
import type { Frame } from '../codec/codec'
import { type Loss, loss } from '../core/loss'
import { type HttpRequest, ask, readText, refusal, startRequest } from './http'
import type { FrameOutcome, Transport, TransportDeps } from './transport'

/** Gateways answer so when they lose patience with a waiting poll. */
const GATEWAY_TIMEOUTS = [408, 504, 524]
const GATEWAY_PATIENCE_MS = 1000
/** A poll held this long may be empty without any blame. */
const HELD_MS = 1000
/** An empty answer may be late by this. */
const HELD_GRACE_MS = 5000
const PAUSE_FIRST_MS = 250
const PAUSE_LONGEST_MS = 5000
/** Polls in a row that get no answer at all before the link counts as dead. */
const SILENT_POLLS = 2

/** `first` may be under way, or even answered, already. */
export function createPollLoop(deps: TransportDeps, first: HttpRequest = startRequest(deps.clock)): Transport {
  const { clock, sink, timeouts } = deps
  let over = false
  let confirmed = false
  let silent = 0
  let pauseMs = 0
  /** How long a poll without an answer is waited for: a server that holds polls for shorter tells so by its answers. */
  let patienceMs = timeouts.pollHoldMs
  let heldMostMs = 0
  let current = first
  /** Ends the waiting for an answer, or the pause before the next poll. */
  let waiting: unknown

  function close(): void {
    over = true
    clock.clearTimeout(confirming)
    clock.clearTimeout(waiting)
    current.abort.abort()
  }
  function lose(reason: Loss): void {
    if (over) return
    close()
    sink.lost(reason)
  }

  async function poll(mine: HttpRequest): Promise<void> {
    current = mine
    const wait = (): void => {
      clock.clearTimeout(waiting)
      waiting = clock.setTimeout(() => {
        // Nothing came, not even the empty answer that every server sends: ask again, twice at most.
        if (++silent >= SILENT_POLLS) return lose(loss('timeout'))
        mine.abort.abort()
        pollNext()
      }, patienceMs)
    }
    // The loop may have moved on, or ended, while this poll was awaited.
    const isStale = (): boolean => over || current !== mine
    /** Of a body that has not ended yet. */
    let text = ''
    wait()
    try {
      const response = mine.response || (await ask(deps, mine === first ? 'first' : 'next', mine))
      if (isStale()) return
      const { body, status } = response
      let frame: Frame
      if (status === 200 && body && deps.wholeOf && !deps.binary) {
        await readText(body, isStale, (piece) => {
          text += piece
          // A large answer over a slow line takes its time.
          wait()
        })
        frame = text
        text = ''
      } else frame = await (deps.binary && status === 200 ? response.arrayBuffer() : response.text())
      if (!isStale()) take(response, frame, clock.now() - mine.startedAtMs)
    } catch {
      if (isStale()) return
      const part = deps.wholeOf && deps.wholeOf(text)
      if (!part) return lose(loss('network'))
      clock.clearTimeout(waiting)
      // A page that goes breaks its bodies off between two listeners of its `pagehide`, and has no further task. What it
      // wrote down in the first one must be all it heard: the next page gets this.
      waiting = clock.setTimeout(() => {
        confirm()
        if (!over) sink.frame(part, true)
        lose(loss('network'))
      }, 0)
    }
  }
  function pollNext(): void {
    void poll(startRequest(clock))
  }

  function confirm(): void {
    clock.clearTimeout(confirming)
    if (confirmed) return
    confirmed = true
    sink.opened('long-polling', true)
  }

  function take(response: Response, body: Frame, heldMs: number): void {
    const { status, headers } = response
    /** `null`: the answer was empty. */
    let brought: FrameOutcome | null = null
    clock.clearTimeout(waiting)
    if (GATEWAY_TIMEOUTS.indexOf(status) < 0 || heldMs < GATEWAY_PATIENCE_MS) {
      if (status !== 200 && status !== 204 && status !== 304) return lose(refusal(response, String(body)))
      confirm()
      // A listener may have stopped the client inside its own call, here and below.
      if (over) return
      if (typeof body === 'string' ? body : body.byteLength) brought = sink.frame(body)
      else {
        sink.emptyPoll({
          lastMessageId: headers.get('Last-Message-Id'),
          lastModified: headers.get('Last-Modified'),
        })
        sink.alive()
      }
      if (over) return
    }
    silent = 0
    // What another link brought first says nothing about how long the server holds a poll.
    if (!brought && heldMs >= HELD_MS) {
      heldMostMs = Math.max(heldMostMs, heldMs)
      patienceMs = Math.min(timeouts.pollHoldMs, heldMostMs + HELD_GRACE_MS)
    }
    const mayHurry = brought === 'news' || (status !== 200 && heldMs >= HELD_MS)
    pauseMs = mayHurry ? 0 : Math.min(pauseMs * 2 || PAUSE_FIRST_MS, PAUSE_LONGEST_MS)
    if (mayHurry) pollNext()
    else waiting = clock.setTimeout(pollNext, pauseMs)
  }

  const confirming = clock.setTimeout(
    () => sink.opened('long-polling', false),
    Math.max(0, timeouts.pollConfirmMs + first.startedAtMs - clock.now()),
  )
  void poll(first)
  return { close }
}
