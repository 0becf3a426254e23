/**
 * Owns what is done after a break, so that nothing waits for the next one: by generation and transport a poll fetches what
 * the link cannot replay, or asks once more for what may have fallen between the server's store and its listeners.
 * It ends in one word about what was missed.
 */
import type { Frame, Message } from '../codec/codec'
import { HISTORY_MS } from '../core/history'
import type { TransportKind } from '../core/transport-kind'
import type { SteadyClock } from '../platform/steady-clock'
import { REPLAYED_MS } from '../replay/position'
import { createDebt } from './debt'
import type { Counts } from './holes'
import type { SincePoll } from './left-behind'
import { createMissedFetch } from './missed-fetch'
import { type Numbers, createNumbers } from './numbers'
import { createPingWindow } from './ping-window'
import { remedyOf } from './remedy'
import type { PollWord } from './short-poll'
import type { GapFact, Recovered } from './status'

export interface RecoveryDeps {
  readonly clock: SteadyClock
  /** Since when there are channels that no link has read yet; `Infinity`: all are read. */
  unreadSinceMs(): number
  gap(fact: GapFact): void
  recovered(outcome: Recovered): void
  /** Resumes over a second connection, which asks from `owedSinceMs`. */
  resumeAgain(): void
}

/** A link as far as recovering matters. */
export interface RecoveringLink {
  readonly id: number
  readonly version: number
  readonly kind: TransportKind
  /** Since when messages may have been missed; `null` where nothing was (a planned change, the very first link). */
  readonly missedSinceMs: number | null
  /** It lacks a channel that was read before, and nobody can ask for it. */
  readonly lacksChannel?: boolean
  /** From when on the link itself asks. */
  readonly askedSinceMs: number
  /** The same without what is owed, which links in quick succession would owe for ever. */
  readonly ownSinceMs: number
  /** Asks the store over a poll for what came since an instant; `null` where none may be opened. */
  readonly poll: SincePoll | null
  /** Reads a frame that was held back. */
  release(frame: Frame): void
}

export interface Recovery {
  /** Whatever opens next asks for what came since then, too: the store has to be asked once more. */
  owedSinceMs(): number
  /** The link stands and carries the traffic. */
  opened(link: RecoveringLink): void
  /** Whether a frame of the link was taken over for later: what was missed goes first. */
  hold(linkId: number, frame: Frame): boolean
  /** A message came over a link. */
  heard(linkId: number): void
  /** A message came beside the link that carries the traffic, which may have passed it. */
  passed(): void
  /** `isUnfinished`: its replay was cut. `isLost`: not by us. */
  ended(linkId: number, isUnfinished?: boolean, isLost?: boolean): void
  /** A new message, and pieces that could not be read: they had a number, too. `isLate`: a later link was there first. */
  numbered(message: Message, version: number, publishedAtMs?: number, isLate?: boolean): void
  unreadable(count: number, isBeyond?: boolean): void
  /** What this page has counted, and what the one before had. */
  readonly counts: Numbers['counts']
  /** `heardAtMs`: nothing was missed until then. */
  restore(counts: Counts, heardAtMs: number): void
  /** The server lost its store and counts from the beginning: what was stored since is not found from the old place. */
  renumbered(): void
  /** The server lost its store; what was stored since is found. */
  anotherStore(): void
  /** What is left since then in a channel that was exchanged cannot be asked for. */
  leftBehind(sinceMs: number): void
  stop(): void
}

type Suspicion = Omit<GapFact, 'sinceMs' | 'untilMs'>

const IN_FLIGHT_MS = 1500
/** By then what was being stored while the link opened is in the store. */
const RECONCILE_MS = 2000
/** Between two polls a mid may become visible after a higher one, which moved the place that the next one asks from. */
const CHECK_MS = 10_000
/** Without more to do: by then a replay has come, and its holes are seen. */
const SETTLE_MS = 2000

const RENUMBERED: Suspicion = { certainty: 'suspected', reason: 'renumbered' }

export function createRecovery(deps: RecoveryDeps): Recovery {
  const { clock } = deps
  let link: RecoveringLink | null = null
  /** What an earlier link missed and nobody could fetch is missed still. */
  let missedSinceMs: number | null = null
  let worst: Recovered = 'complete'
  let isSettled = true
  let timer: unknown
  let linkedAtMs = 0
  let isAfterCut = false
  /** The next link is opened because the store is asked once more. */
  let isAgain = false
  const debt = createDebt({
    clock,
    poll: (sinceMs, told) => link && link.poll && link.poll(sinceMs, told),
    resumeAgain() {
      isAgain = true
      deps.resumeAgain()
    },
    paid: settle,
    waits: say,
  })
  const fetch = createMissedFetch(clock, (frames) => link && frames.forEach(link.release))
  const numbers = createNumbers({
    clock,
    owedSinceMs: () => Math.min(owedSinceMs(), deps.unreadSinceMs()),
    owe: debt.owe,
    missing: (count, sinceMs) => suspect({ certainty: 'certain', reason: 'overflow', missing: count }, sinceMs),
    lostStore: (sinceMs) =>
      suspect(RENUMBERED, Math.min(missedSinceMs === null ? clock.now() : missedSinceMs, sinceMs)),
  })
  const pings = createPingWindow(clock, (sinceMs) => debt.owe(sinceMs, 0))

  function owedSinceMs(): number {
    return Math.min(debt.sinceMs(), fetch.sinceMs())
  }

  function opened(next: RecoveringLink): void {
    const isPlanned = !!link && !isAgain
    isAgain = false
    leave()
    link = next
    linkedAtMs = clock.now()
    numbers.opened(next)
    const { version, kind } = next
    debt.opened(version === 1 && kind === 'websocket' && next.poll ? Infinity : next.askedSinceMs)
    if (version === 4 && kind === 'websocket') pings.opened()
    if (isPlanned || next.missedSinceMs !== null) passed()
    const ownSinceMs = next.missedSinceMs === null ? missedSinceMs : next.missedSinceMs
    const remedy = remedyOf({ ...next, missedSinceMs: ownSinceMs, isAfterCut, isPlanned })
    if (ownSinceMs === null) return void (remedy === 'ask-again' && debt.owe(next.ownSinceMs, RECONCILE_MS))
    missedSinceMs = isSettled ? ownSinceMs : Math.min(ownSinceMs, Number(missedSinceMs))
    numbers.missedSince(missedSinceMs)
    if (isSettled) worst = 'complete'
    isSettled = false
    if (linkedAtMs - missedSinceMs > HISTORY_MS) suspect({ certainty: 'suspected', reason: 'history' })
    else if (next.lacksChannel) suspect({ certainty: 'suspected', reason: 'channel' })
    // A listener may have stopped the client, here and below.
    if (link !== next) return
    switch (remedy) {
      case 'fetch':
        return fetchMissed(next)
      case 'ask-again':
        return debt.owe(next.ownSinceMs, RECONCILE_MS)
      case 'poll':
        return debt.owe(ownSinceMs, 0)
      case 'none':
        timer = clock.setTimeout(settle, SETTLE_MS)
        return
      default:
        return remedy satisfies never
    }
  }

  function fetchMissed({ poll }: RecoveringLink): void {
    const fromMs = Number(missedSinceMs)
    // The last message was on its way for as long as what was missed.
    const heardAtMs = Math.min(fromMs, numbers.heardAtMs())
    const noReplay = (): void => suspect({ certainty: 'suspected', reason: 'no-replay' }, heardAtMs)
    const ended = (word: PollWord): void => {
      if (word === 'waits') return say()
      if (word === 'lost') noReplay()
      settle()
    }
    if (!poll) return ended('lost')
    fetch.start((told) => poll(fromMs, told), fromMs, ended)
  }

  function heard(linkId: number): void {
    if (link && link.id === linkId) {
      pings.heard()
      debt.heard()
    }
    passed()
  }

  /** What becomes visible between two polls, the first one of a link too, or behind what an older link brought first. */
  function passed(): void {
    if (link && link.kind === 'long-polling' && link.version > 2) debt.owe(clock.now(), CHECK_MS)
  }

  function say(): void {
    if (!isSettled) deps.recovered(worst)
  }

  function settle(): void {
    if (isSettled) return
    isSettled = true
    missedSinceMs = null
    deps.recovered(worst)
  }

  function suspect(what: Suspicion, sinceMs = missedSinceMs): void {
    const nowMs = clock.now()
    if (what.certainty === 'certain') worst = 'gap'
    else if (worst === 'complete') worst = 'suspected-gap'
    // What was on its way when a link ended was published before that.
    const fromMs = (sinceMs === null ? nowMs : sinceMs) - IN_FLIGHT_MS
    deps.gap({ ...what, sinceMs: clock.told(fromMs), untilMs: clock.told(nowMs) })
    // Found out late: what was said about the reconnect is taken back.
    if (isSettled) deps.recovered(worst)
  }

  function leave(): void {
    clock.clearTimeout(timer)
    pings.left()
    if (fetch.sinceMs() < Infinity) debt.owe(fetch.sinceMs(), 0)
    debt.left()
    fetch.stop()
    numbers.left()
    link = null
  }

  return {
    owedSinceMs,
    opened,
    hold: (linkId, frame) => !!link && link.id === linkId && fetch.hold(frame),
    heard,
    passed,
    ended(linkId, isUnfinished = false, isLost = false) {
      isAfterCut = isUnfinished
      if (!link) return
      if (link.id === linkId) return leave()
      // What it replaced was dead: nobody brought what fell beside its listener.
      const { ownSinceMs } = link
      const remedy = remedyOf({ ...link, missedSinceMs: ownSinceMs, isAfterCut: false, isPlanned: false })
      const isSoon = clock.now() - linkedAtMs < REPLAYED_MS
      if (isLost && isSoon && remedy === 'ask-again') debt.owe(ownSinceMs, RECONCILE_MS)
    },
    numbered(message, version, publishedAtMs = clock.now(), isLate = false) {
      debt.counted()
      numbers.seen(message, version, publishedAtMs, isLate)
    },
    unreadable(count, isBeyond) {
      numbers.unreadable(count)
      if (isBeyond) suspect({ certainty: 'certain', reason: 'overflow' })
    },
    counts: numbers.counts,
    restore: numbers.restore,
    // The position asks for everything until everything came. A lower mid may still be on its way into the store.
    renumbered() {
      numbers.begunAgain()
      if (link) debt.owe(clock.now(), RECONCILE_MS)
    },
    anotherStore: numbers.begunBehind,
    leftBehind: (sinceMs) => suspect({ certainty: 'suspected', reason: 'channel' }, sinceMs),
    stop() {
      leave()
      numbers.stop()
    },
  }
}
