/**
 * Owns the transport of portals without a queue server: the PHP endpoint is asked again and again, rarely while nothing
 * happens, more often after news. Every answer is complete at once, so nothing is ever held open.
 */
import { messagesOf } from '../codec/php-answer'
import { type Loss, type LossReason, loss } from '../core/loss'
import { toRecord } from '../portal/foreign-value'
import { readPhpLiteral } from '../portal/php-literal'
import { isPhpSessionError, renewedSessionId } from '../portal/session-id'
import { ask, refusal, startRequest } from './http'
import type { Transport, TransportDeps } from './transport'

/** How long until the next poll, and how many short steps follow before it gets quiet again. */
export interface PollStep {
  readonly delayMs: number
  readonly shortLeft: number
}

export const QUIET: PollStep = { delayMs: 60_000, shortLeft: 0 }
const AFTER_NEWS: PollStep = { delayMs: 10_000, shortLeft: 4 }
const SHORT_MS = 20_000

/** `hasNews`: the poll brought a message other than a counter, which old PHP adds to every answer. */
export function nextStep({ shortLeft }: PollStep, hasNews: boolean): PollStep {
  if (hasNews) return AFTER_NEWS
  return shortLeft ? { delayMs: SHORT_MS, shortLeft: shortLeft - 1 } : QUIET
}

export function createIntervalPollingTransport(deps: TransportDeps): Transport {
  const { clock, sink, timeouts } = deps
  let over = false
  let isOpen = false
  let step = QUIET
  let timer: unknown
  let current = startRequest(clock)
  /** The session id that was refused, and the one that came in its place. */
  let stale: string | undefined
  let fresh = ''

  function close(): void {
    over = true
    clock.clearTimeout(timer)
    current.abort.abort()
  }
  function lose(reason: Loss): void {
    if (over) return
    close()
    sink.lost(reason)
  }

  async function poll(phase: 'first' | 'next', isRepeated = false): Promise<void> {
    timer = clock.setTimeout(() => lose(loss('timeout')), timeouts.pollHoldMs)
    current = startRequest(clock)
    try {
      const place = deps.address(phase)
      const { form } = place
      const given = (form && form['sessid']) || ''
      const sessid = given === stale ? fresh : given
      const response = await ask({ ...deps, address: () => ({ ...place, form: { ...form, sessid } }) }, phase, current)
      const body = await response.text()
      if (over) return
      clock.clearTimeout(timer)
      const answer = readPhpLiteral(body)
      const next = renewedSessionId(answer)
      if (next && next !== sessid && !isRepeated) {
        stale = given
        fresh = next
        return await poll(phase, true)
      }
      if (!response.ok) return lose(refusal(response, body))
      const reason = reasonOf(answer)
      if (reason) return lose(loss(reason))
      take(body, answer)
    } catch {
      lose(loss('network'))
    }
  }

  function take(body: string, answer: unknown): void {
    if (!isOpen) {
      isOpen = true
      sink.opened('interval-polling', true)
      // A listener may have stopped the client inside its own call, here and below.
      if (over) return
    }
    const messages = messagesOf(answer)
    const isNew = messages.length > 0 && sink.frame(body) === 'news'
    if (!messages.length) sink.alive()
    if (over) return
    step = nextStep(step, isNew && !messages.every(isCounter))
    timer = clock.setTimeout(() => void poll('next'), step.delayMs)
  }

  void poll('first')
  return { close }
}

/** Why an answer is none; `null` for one that may hold messages. */
function reasonOf(answer: unknown): LossReason | null {
  const { ERROR: code, MESSAGE: messages } = toRecord(answer)
  if (isPhpSessionError(code)) return 'unauthorized'
  if (code === 'ERROR_OPEN_CHANNEL') return 'bad-channel'
  if (code) return 'server-error'
  // A login page, or whatever else has taken the place of the endpoint.
  return code === undefined && messages === undefined ? 'bad-request' : null
}

function isCounter(message: unknown): boolean {
  const { module_id: module, command } = toRecord(message)
  return module === 'main' && command === 'user_counter'
}
