/**
 * Owns what is done after a break, so that nothing waits for the next one: by generation and transport a poll fetches what
 * the link cannot replay, or asks once more for what may have fallen between the server's store and its listeners.
 * It ends in one word about what was missed.
 */
import type { Frame, Message } from '../codec/codec'
import type { TransportKind } from '../core/transport-kind'
import type { Clock } from '../platform/platform'
import { createDebt } from './debt'
import { type Counts, type Holes, createHoles } from './holes'
import { remedyOf } from './remedy'
import type { PollWord } from './short-poll'
import type { GapFact, Recovered } from './status'

export interface RecoveryDeps {
  readonly clock: Clock
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
  /** It does not read a channel that was read until the break. */
  readonly lacksChannel?: boolean
  /** From when on the link itself asks. */
  readonly askedSinceMs: number
  /** Asks the store over a poll for what came since an instant; `null` where none may be opened. */
  readonly poll: ((sinceMs: number, told: (word: PollWord) => void) => () => void) | null
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
  /** A message came over the link. */
  heard(linkId: number): void
  /** `isUnfinished`: its replay was cut. */
  ended(linkId: number, isUnfinished?: boolean): void
  /** A new message, and pieces that could not be read: they had a number, too. */
  numbered(message: Message, version: number, publishedAtMs?: number): void
  unreadable(count: number): void
  /** What this page has counted, and what the one before had. */
  readonly counts: Holes['counts']
  /** `heardAtMs`: nothing was missed until then. */
  restore(counts: Counts, heardAtMs: number): void
  /** The server lost its store and counts from the beginning: what was stored since is not found from the old place. */
  renumbered(): void
  /** The server lost its store; what was stored since is found. */
  anotherStore(): void
  stop(): void
}

export type Suspicion = Omit<GapFact, 'sinceMs' | 'untilMs'>

/** A hole is told when it was not closed by then: two links bring one channel at the same time for a moment. */
const HOLE_MS = 3000
/** Servers keep messages for a day. */
const HISTORY_MS = 86_400_000
const IN_FLIGHT_MS = 1500
/** Frames of a link are held back for so long at most. */
const HOLD_MS = 2000
const FETCH_TRIES = 3
const FETCH_PAUSE_MS = 300
/** By then what was being stored while the link opened is in the store. */
const RECONCILE_MS = 2000
/** Between two polls a mid may become visible after a higher one, which moved the place that the next one asks from. */
const CHECK_MS = 10_000
const HOLE_CHECK_MS = 1000
const HOLE_BACK_MS = 30_000
/** Without more to do: by then a replay has come, and its holes are seen. */
const SETTLE_MS = 2000
/** Push server 2.0 drops what it sends between its ping and the answer; it pings so often, counted from the opening. */
const PING_MS = 120_000
const AFTER_PING_MS = 3000

const RENUMBERED: Suspicion = { certainty: 'suspected', reason: 'renumbered' }

export function createRecovery(deps: RecoveryDeps): Recovery {
  const { clock } = deps
  let link: RecoveringLink | null = null
  let held: Frame[] | null = null
  /** What an earlier link missed and nobody could fetch is missed still. `fetchSinceMs`: a poll is fetching it. */
  let missedSinceMs: number | null = null
  let fetchSinceMs = Infinity
  let worst: Recovered = 'complete'
  let isSettled = true
  let openedAtMs = 0
  let stopPoll = (): void => {}
  let stopHolding = stopPoll
  let timer: unknown
  let holeTimer: unknown = null
  let numberedAtMs = Infinity
  let anewOnId = 0
  const holes = createHoles()
  let pingTimer: unknown
  let isQuiet = true
  let isAfterCut = false
  const debt = createDebt({
    clock,
    poll: (sinceMs, told) => link && link.poll && link.poll(sinceMs, told),
    resumeAgain: deps.resumeAgain,
    paid: settle,
    waits: say,
  })

  function opened(next: RecoveringLink): void {
    leave()
    link = next
    isQuiet = true
    const { version, kind } = next
    debt.opened(version === 1 && kind === 'websocket' && next.poll ? Infinity : next.askedSinceMs)
    if (version === 4 && kind === 'websocket' && next.poll) {
      pingTimer = clock.setTimeout(afterPing, PING_MS + AFTER_PING_MS)
    }
    const ownSinceMs = next.missedSinceMs === null ? missedSinceMs : next.missedSinceMs
    if (ownSinceMs === null) return
    missedSinceMs = isSettled ? ownSinceMs : Math.min(ownSinceMs, Number(missedSinceMs))
    if (numberedAtMs === Infinity) numberedAtMs = missedSinceMs
    openedAtMs = clock.now()
    if (isSettled) worst = 'complete'
    isSettled = false
    if (openedAtMs - missedSinceMs > HISTORY_MS) suspect({ certainty: 'suspected', reason: 'history' })
    else if (next.lacksChannel) suspect({ certainty: 'suspected', reason: 'channel' })
    // A listener may have stopped the client, here and below.
    if (link !== next) return
    const remedy = remedyOf({ ...next, missedSinceMs, isAfterCut })
    switch (remedy) {
      case 'fetch':
        return fetchMissed(next)
      case 'ask-again':
        return debt.owe(ownSinceMs, RECONCILE_MS)
      case 'poll':
        return debt.owe(ownSinceMs, 0)
      case 'none':
        timer = clock.setTimeout(settle, SETTLE_MS)
        return
      default:
        return remedy satisfies never
    }
  }

  /** The last message was on its way for as long as what was missed. */
  const noReplay = (): void =>
    suspect({ certainty: 'suspected', reason: 'no-replay' }, Math.min(Number(missedSinceMs), numberedAtMs))
  /** What comes meanwhile is held back, but not for long: the order in a channel is kept where the answer comes soon. */
  function fetchMissed(from: RecoveringLink): void {
    if (!from.poll) {
      noReplay()
      return settle()
    }
    held = []
    fetchSinceMs = Number(missedSinceMs)
    let triesLeft = FETCH_TRIES
    const holding = clock.setTimeout(release, HOLD_MS)
    const { poll } = from
    const ask = (): void => {
      stopPoll = poll(Number(missedSinceMs), (word) => {
        if (word === 'lost' && --triesLeft) {
          timer = clock.setTimeout(ask, FETCH_PAUSE_MS)
          return
        }
        release()
        if (word === 'waits') return say()
        if (word === 'lost') noReplay()
        settle()
      })
    }
    stopHolding = () => clock.clearTimeout(holding)
    ask()
  }

  function afterPing(): void {
    pingTimer = clock.setTimeout(afterPing, PING_MS)
    // A quiet page has little to lose, and there are many of them.
    if (!isQuiet) debt.owe(clock.now() - AFTER_PING_MS, 0)
    isQuiet = true
  }

  function heard(linkId: number): void {
    if (!link || link.id !== linkId) return
    isQuiet = false
    debt.heard()
    if (link.kind === 'long-polling' && link.version > 2) debt.owe(clock.now(), CHECK_MS)
  }

  function release(): void {
    const frames = held || []
    held = null
    stopHolding()
    if (link) frames.forEach(link.release)
  }

  function say(): void {
    if (!isSettled) deps.recovered(worst)
  }

  function settle(): void {
    if (isSettled) return
    isSettled = true
    missedSinceMs = null
    fetchSinceMs = Infinity
    deps.recovered(worst)
  }

  function suspect(what: Suspicion, sinceMs = missedSinceMs): void {
    const untilMs = clock.now()
    if (what.certainty === 'certain') worst = 'gap'
    else if (worst === 'complete') worst = 'suspected-gap'
    // What was on its way when a link ended was published before that; a clock that was set back says nothing about then.
    const fromMs = sinceMs === null ? untilMs : sinceMs > untilMs ? untilMs - HISTORY_MS : sinceMs
    deps.gap({ ...what, sinceMs: fromMs - IN_FLIGHT_MS, untilMs })
    // Found out late: what was said about the reconnect is taken back.
    if (isSettled) deps.recovered(worst)
  }

  /** A message shows that the store was lost, which may have been at any time since the last one came: a link may be dead. */
  function lostStore(lastAtMs: number): void {
    const nowMs = clock.now()
    // A clock that was set back says nothing about then.
    const sinceMs = lastAtMs > nowMs && lastAtMs < Infinity ? nowMs - HISTORY_MS : lastAtMs
    suspect(RENUMBERED, Math.min(missedSinceMs === null ? nowMs : missedSinceMs, sinceMs))
  }

  function numbered(message: Message, version: number, publishedAtMs = clock.now()): void {
    debt.counted()
    const nowMs = clock.now()
    numberedAtMs = publishedAtMs
    if (version !== 2) return
    const found = holes.seen(message, nowMs, publishedAtMs)
    if (!found) return
    const { what, sinceMs } = found
    if (what === 'hole') {
      holeTimer = holeTimer || clock.setTimeout(checkHoles, HOLE_MS)
      return debt.owe(Math.max(sinceMs, nowMs - HOLE_BACK_MS), HOLE_CHECK_MS)
    }
    // Without a break nothing was missed. Every channel shows it, one after the other: it is told once per link.
    if (sinceMs > openedAtMs || !link || link.id === anewOnId) return
    anewOnId = link.id
    lostStore(sinceMs)
  }

  function checkHoles(): void {
    const found = holes.missing(clock.now() - HOLE_MS)
    holeTimer = holes.areOpen() ? clock.setTimeout(checkHoles, HOLE_MS) : null
    if (found) suspect({ certainty: 'certain', reason: 'overflow', missing: found.count }, found.sinceMs)
  }

  /** What is held was not placed in the stream yet: whoever asks next gets it again. */
  function leave(): void {
    clock.clearTimeout(timer)
    clock.clearTimeout(pingTimer)
    if (fetchSinceMs < Infinity) debt.owe(fetchSinceMs, 0)
    fetchSinceMs = Infinity
    debt.left()
    stopPoll()
    stopPoll = () => {}
    stopHolding()
    held = link = null
  }

  return {
    owedSinceMs: () => Math.min(debt.sinceMs(), fetchSinceMs),
    opened,
    hold: (linkId, frame) => !!held && !!link && link.id === linkId && !!held.push(frame),
    heard,
    ended(linkId, isUnfinished = false) {
      isAfterCut = isUnfinished
      if (link && link.id === linkId) leave()
    },
    numbered,
    unreadable: holes.unreadable,
    counts: holes.counts,
    restore(counts, heardAtMs) {
      holes.restore(counts)
      numberedAtMs = heardAtMs
    },
    // The position asks for everything until everything came.
    renumbered() {
      lostStore(numberedAtMs)
      if (link) debt.owe(clock.now(), 0)
    },
    anotherStore: () => lostStore(numberedAtMs),
    stop() {
      leave()
      clock.clearTimeout(holeTimer)
    },
  }
}
