/**
 * Owns where a client is in the stream: what to ask for when a connection opens, and how messages move that place.
 * Kept per server numbering: `mid` (versions 3 and up) or `tag` + `time` (push-stream). Pure: time is passed in.
 */
import type { Message } from '../codec/codec'
import { HISTORY_MS } from '../core/history'
import { type Mark, type Place, createMarks, isAfter, isMark } from './marks'
import {
  type CursorQuery,
  type PollHint,
  WHOLE_HISTORY,
  isFromTheFuture,
  numberingOf,
  publishedAt,
  wholeSecond,
} from './numbering'
import { createUnfinished } from './unfinished'

export interface PositionOptions {
  /** Server generation, as `config.server.version` names it. */
  readonly version: number
  /** A resume asks again for what arrived this long before the break; repeats are dropped by identity. */
  readonly overlapMs: number
  /** Server time at the start of the session, Unix ms: what is older is not news. */
  readonly originAtMs: number
  /** Whether that time came from the server. If not, only a resume after a break relies on it. */
  readonly originIsServerTime: boolean
  /** The newest mid at the start of the session, where the portal told it: the place to begin at. */
  readonly lastMid?: string | null
  /** What the page before this one left: its start and its place are this one's. */
  readonly left?: PositionState | null
}

/** What a page leaves to the next one: plain JSON. */
export interface PositionState extends Pick<PositionOptions, 'originAtMs' | 'originIsServerTime'> {
  /** Where to ask from: at least the overlap older than all that was received; `null`: from the start of the session. */
  readonly mark: Mark | null
  /** The newest place that was reached: numbers that are given again are known by it. */
  readonly newest?: Mark | null | undefined
}

export interface OpenOptions {
  readonly nowMs: number
  /** Since when messages may have been missed: now for a planned change, the moment of the break otherwise. */
  readonly sinceMs: number
  /** Server time now, Unix ms, and by how much it may be later. */
  readonly serverNowMs: number
  readonly unsureMs?: number
  /** Mailboxes of the channels, in the order they are listed. */
  readonly channels: readonly string[]
  /** Whether this session had a connection before, or tried to. */
  readonly resumed: boolean
  /** A long poll answers with a whole replay, or says that it was cut off; streams may be cut in the middle of one. */
  readonly atomic: boolean
  /** It reads one channel that no other link does: it moves no place, and what others have shown to be firm is not so for it. */
  readonly isAlone?: boolean
}

export type Verdict =
  | 'news'
  | 'before-start' // stored before the session began: not delivered
  | 'renumbered' // the server counts from the beginning again: the next link asks for everything it has
  | 'another-store' // its numbers go on behind the old ones, but what was stored under those is gone

/** One connection's share in the position: what it asked for, and what its messages do. */
export interface Replay {
  /** What the first request asks for. */
  readonly query: CursorQuery
  /** How to list the channels, where it matters. */
  readonly order?: readonly number[] | undefined
  /** What the following long polls ask for: exactly the place reached, because an overlap is answered at once, for ever. */
  next(): CursorQuery
  /** `isOther`: another message had its mid. */
  accept(message: Message, nowMs: number, isOther?: boolean): Verdict
  /** What comes next is a part of an answer that was cut off in its middle. */
  cutOff(): void
  /** Whether a replay is under way that may be cut in its middle. */
  isUnfinished(): boolean
  /** Whether a replay has come further, though maybe with nothing new, since this was asked last: the next is shorter. */
  gotFurther(): boolean
  /** Headers of an empty long poll: a first position before any message came. */
  emptyPoll(hint: PollHint, nowMs: number): void
}

export interface Position {
  open(options: OpenOptions): Replay
  /** For diagnostics: no secret in it. */
  describe(): CursorQuery
  /** `owedSinceMs`: what came since then is to be asked for once more. */
  state(owedSinceMs?: number): PositionState
}

/** No end-of-replay mark exists on push-stream: silence of this length is one. */
const REPLAY_QUIET_MS = 1000
const REPLAY_LONGEST_MS = 10_000
/** By then a link has brought what it asked for: a place may be this far behind what had come when it was reached. */
export const REPLAYED_MS = 15_000
/** A message that was published so much later than another one has the higher mid. */
const SORTING_MS = 10_000

export function createPosition(options: PositionOptions): Position {
  const { version, overlapMs, lastMid, left } = options
  const { originAtMs, originIsServerTime } = left || options
  const { byMid, placeOf, hintedPlace, startOf, queryOf } = numberingOf(version)
  const origin = startOf(WHOLE_HISTORY, wholeSecond(originAtMs))
  const marks = createMarks()
  const begin = lastMid ? { mid: lastMid, timeAtMs: 0, tag: 0, receivedAtMs: 0, isFirm: true } : null
  let leftMark = left && left.mark
  const first = leftMark || begin
  if (first) marks.add(first)
  /** What the page before had reached. It may have passed something. */
  let passed = left && left.newest
  let storeWasEmpty = false
  /** Counts renumberings, so that a second connection does not notice the same one again. */
  let epoch = 0
  /** Numbering began anew, and what was stored before that was noticed has not come yet: links may die before it does. */
  let isBehind = false
  const unfinished = createUnfinished()

  /**
   * Nothing that old was received: the start is safer where it is a place to ask from. Not after a reload: what was delivered
   * before the place that was left is forgotten. Mids: what was missed before the first message came lies before it.
   */
  function oldest(): Mark | undefined {
    return leftMark || (byMid || originIsServerTime ? undefined : marks.oldest())
  }

  /**
   * Nobody knows when what was open died: not before the last message came, but maybe right after it, with others of lower
   * mids on their way.
   */
  function safeAt(sinceMs: number, firmAtMs = sinceMs): Mark | undefined {
    const newest = marks.newest()
    const aliveAtMs = newest && byMid ? Math.min(newest.receivedAtMs, sinceMs) : sinceMs
    return marks.before(aliveAtMs - overlapMs, firmAtMs - overlapMs)
  }

  function newestOf(): Mark | null | undefined {
    const newest = marks.newest()
    return passed && isAfter(passed, newest) ? passed : newest
  }

  function open(link: OpenOptions): Replay {
    const isWhole = isBehind
    const from = isWhole ? undefined : safeAt(link.sinceMs, link.isAlone ? 0 : link.sinceMs) || oldest()
    // 0.3.4 is asked from a second earlier.
    let fromOrigin = from
      ? version === 1 && from.timeAtMs <= wholeSecond(originAtMs)
      : isWhole || link.resumed || version < 2 || (originIsServerTime && !byMid)
    const base = from ? startOf(from.mid, from.timeAtMs) : origin
    const isAsking = !!from || storeWasEmpty || fromOrigin
    const openedInEpoch = epoch

    // A server that restarts numbers the rest of a second from the beginning: within it no tag is a place.
    const surelyStored: Place = { mid: '', timeAtMs: wholeSecond(link.serverNowMs) - 1000, tag: 0 }
    const reading =
      byMid || link.isAlone || link.channels.length < 2 || !isAsking ? null : unfinished.open(base, link.channels)
    /** A replay of several channels comes channel by channel: until it is over its newest message is no safe place. */
    let holding = !!reading && !link.atomic
    const query = isAsking ? queryOf(reading ? reading.from : base) : {}
    let isAnswered = false
    let held: Place | null = null
    let firstAtMs = 0
    let heldAtMs = 0
    // How far this link has read by itself: another one, beside it, may be further on other channels.
    let reached: Place | null = null

    /** A lower place proves it only if it is surely older than anything the server may still be sorting. */
    function isRenumbered({ mid }: Place, publishedAtMs: number | null, isOther: boolean): boolean {
      const newest = newestOf()
      if (!byMid || !newest || mid > newest.mid) return false
      if (isOther || (from && mid <= from.mid && openedInEpoch === epoch)) return true
      const isLater = (mark: Mark): boolean =>
        mid <= mark.mid && Number(publishedAtMs) - SORTING_MS > (mark.publishedAtMs || Infinity)
      return marks.some(isLater) || (!!passed && isLater(passed))
    }

    function move(place: Place, nowMs: number, publishedAtMs: number | null, channel: string | null): void {
      if (holding) {
        // A replay holds what there is when the server lets the link in: by its first message, not when it was asked.
        if (!firstAtMs) firstAtMs = heldAtMs = nowMs
        const letInAtMs = link.serverNowMs + (link.unsureMs || 0) + firstAtMs - link.nowMs
        const live = place.timeAtMs >= wholeSecond(letInAtMs) + 1000
        holding = !live && nowMs - heldAtMs < REPLAY_QUIET_MS && nowMs - firstAtMs < REPLAY_LONGEST_MS
        heldAtMs = nowMs
        if (holding) {
          if (isAfter(place, held)) held = place
          const sure = reading && reading.came(channel, place.timeAtMs < surelyStored.timeAtMs ? place : surelyStored)
          // Links may end sooner than a replay surely does, one after the other: the marks must not stay where they are.
          if (sure && isAfter(sure, base) && isAfter(sure, marks.newest())) marks.add({ ...sure, receivedAtMs: nowMs })
          return
        }
        if (held) marks.add({ ...held, receivedAtMs: nowMs })
      }
      // Nothing of a lower mid was to become visible any more.
      const isFirm =
        options.originIsServerTime &&
        Number(publishedAtMs) > 0 &&
        Number(publishedAtMs) + SORTING_MS < options.originAtMs
      marks.add({ ...place, receivedAtMs: nowMs, publishedAtMs, isFirm }, link.nowMs - SORTING_MS)
    }

    return {
      query,
      order: reading ? reading.order : undefined,
      cutOff: () => void (holding = !!reading),
      isUnfinished: () => holding && !!held,
      gotFurther: () => !!reading && reading.gotFurther(),
      next() {
        if (reached) return queryOf(reached)
        // The first poll was never answered: what came meanwhile is not live any more.
        fromOrigin = fromOrigin || !(isAsking || isAnswered)
        return isAsking || !(storeWasEmpty || fromOrigin) ? query : queryOf(origin)
      },
      accept(message, nowMs, isOther = false) {
        const place = placeOf(message)
        if (!place || isFromTheFuture(place.mid, link.serverNowMs)) return 'news'
        const publishedAtMs = publishedAt(message)
        // Ten digits say when the store began.
        const began = (newestOf() || place).mid.slice(0, 10)
        // An empty poll repeats the zeros it was asked with.
        const isAnother = Number(began) > 0 && began < place.mid.slice(0, 10)
        const renumbered = isRenumbered(place, publishedAtMs, isOther)
        // On Node servers a replay is one frame.
        if (isWhole && openedInEpoch === epoch) isBehind = false
        if (renumbered) {
          epoch++
          marks.clear()
          passed = leftMark = null
          isBehind = true
        }
        if (renumbered || isAfter(place, reached)) reached = place
        // Also what is older than the start: else a quiet page would ask for the whole history again at every break. What one
        // channel brings says nothing about the others.
        if (!link.isAlone) move(place, nowMs, publishedAtMs, message.channel)
        if (fromOrigin && isBeforeStart(message)) return 'before-start'
        return renumbered ? 'renumbered' : isAnother ? 'another-store' : 'news'
      },
      emptyPoll(hint, nowMs) {
        isAnswered = true
        if (from || reached) return
        if (byMid && hint.lastMessageId === '') storeWasEmpty = true
        reached = hintedPlace(hint)
        // Nothing came for as long as the poll was held.
        const isFirm = nowMs - link.nowMs > SORTING_MS
        if (reached && !marks.newest()) marks.add({ ...reached, receivedAtMs: nowMs, isFirm })
      },
    }
  }

  function isBeforeStart(message: Message): boolean {
    const publishedAtMs = byMid ? publishedAt(message) || createdAt(message) : message.timeAtMs
    // Server times are whole seconds: what shares the second of the start counts as news.
    return publishedAtMs !== null && publishedAtMs < wholeSecond(originAtMs)
  }

  /** Some servers spoil this time: one that lies outside of what they keep says nothing. */
  function createdAt({ createdAtMs }: Message): number | null {
    return createdAtMs && Math.abs(createdAtMs - originAtMs) < HISTORY_MS ? createdAtMs : null
  }

  return {
    open,
    describe() {
      const newest = marks.newest()
      return newest ? queryOf(newest) : {}
    },
    state(owedSinceMs = Infinity) {
      const newest = marks.newest()
      // When the page ends nobody knows since when messages are missed, either.
      const mark =
        (!isBehind && newest && (safeAt(Math.min(newest.receivedAtMs, owedSinceMs), owedSinceMs) || oldest())) || null
      return { originAtMs, originIsServerTime, mark, newest: isBehind ? null : newestOf() }
    },
  }
}

/** What was received since then may come again, when somebody asks from that place. */
export function neededSince({ mark }: PositionState): number {
  return mark ? mark.receivedAtMs - REPLAYED_MS : 0
}

/** Whether foreign JSON is what a page left. */
export function isPositionState(value: unknown): value is PositionState {
  const { originAtMs, originIsServerTime, mark, newest } = Object(value) as PositionState
  return (
    typeof originIsServerTime === 'boolean' &&
    typeof originAtMs === 'number' &&
    (mark === null || isMark(mark)) &&
    (!newest || isMark(newest))
  )
}
