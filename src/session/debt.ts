/**
 * Owns what the store has to be asked for once more, although links have read beyond it: it is owed until a link or a poll
 * beside it has brought it, and links may die before. Whatever asks, asks from the oldest part of it.
 */
import type { Clock } from '../platform/platform'
import { type PollWord, TRIES } from './short-poll'

export interface DebtDeps {
  readonly clock: Clock
  /** Asks for what came since an instant by a poll, which the result stops; `null` where none may be opened. */
  poll(sinceMs: number, told: (word: PollWord) => void): (() => void) | null
  /** Asks by another link, which begins at `sinceMs()`. */
  resumeAgain(): void
  /** It was asked, whatever it brought. */
  paid(): void
  /** It most likely has nothing to bring; not paid yet. */
  waits(): void
}

export interface Debt {
  /** Whatever opens next asks for what came since then, too; `Infinity`: nothing is owed. */
  sinceMs(): number
  /** The store is to be asked for what came since then, in so many ms at the latest. */
  owe(sinceMs: number, inMs: number): void
  /** A link stands that asks from there by itself. */
  opened(askedSinceMs: number): void
  /** News came over the link. */
  heard(): void
  /** A message was delivered. */
  counted(): void
  /** The link ended. What was on its way may not have come. */
  left(): void
}

const PAUSE_MS = 2000
/** More than this is not asked for twice: links that end before they can pay would ask for ever more. */
const MOST = 5000

export function createDebt({ clock, poll, resumeAgain, paid, waits }: DebtDeps): Debt {
  let owedSinceMs = Infinity
  let count = 0
  /** The parts that the link, or a poll beside it, is asking for. */
  let linkSinceMs = Infinity
  let pollSinceMs = Infinity
  let hasLink = false
  let triesLeft = 0
  let payAtMs = Infinity
  let timer: unknown
  let stopPoll: (() => void) | null = null

  function since(): number {
    return Math.min(owedSinceMs, linkSinceMs, pollSinceMs)
  }

  function owe(sinceMs: number, inMs: number): void {
    if (since() === Infinity) count = 0
    owedSinceMs = Math.min(owedSinceMs, sinceMs)
    const atMs = clock.now() + inMs
    if (atMs >= payAtMs || owedSinceMs === Infinity) return
    clock.clearTimeout(timer)
    payAtMs = atMs
    timer = clock.setTimeout(pay, inMs)
  }

  function pay(): void {
    payAtMs = Infinity
    // The next link will.
    if (!hasLink) return
    const sinceMs = Math.min(owedSinceMs, pollSinceMs)
    owedSinceMs = pollSinceMs = Infinity
    if (stopPoll) stopPoll()
    stopPoll = null
    if (sinceMs === Infinity) return paid()
    if (triesLeft-- > 0) {
      pollSinceMs = sinceMs
      stopPoll = poll(since(), (word) => {
        if (word === 'waits') return waits()
        pollSinceMs = Infinity
        stopPoll = null
        if (word === 'lost') return owe(sinceMs, PAUSE_MS)
        triesLeft = TRIES
        paid()
      })
      if (stopPoll) return
      pollSinceMs = Infinity
    }
    owedSinceMs = sinceMs
    paid()
    // A listener may have stopped the client.
    if (hasLink) resumeAgain()
  }

  function left(): void {
    clock.clearTimeout(timer)
    payAtMs = Infinity
    if (stopPoll) stopPoll()
    stopPoll = null
    owedSinceMs = Math.min(owedSinceMs, linkSinceMs, pollSinceMs)
    linkSinceMs = pollSinceMs = Infinity
    hasLink = false
  }

  return {
    sinceMs: since,
    owe,
    opened(askedSinceMs) {
      left()
      hasLink = true
      triesLeft = TRIES
      if (askedSinceMs > owedSinceMs) return owe(owedSinceMs, PAUSE_MS)
      linkSinceMs = owedSinceMs
      owedSinceMs = Infinity
    },
    heard() {
      linkSinceMs = Infinity
    },
    counted() {
      if (++count > MOST) owedSinceMs = linkSinceMs = pollSinceMs = Infinity
    },
    left,
  }
}
