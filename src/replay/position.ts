/**
 * Owns where a client is in the stream: what to ask for when a connection opens, and how messages move that place.
 * Kept per server numbering: `mid` (versions 3 and up) or `tag` + `time` (push-stream). Pure: time is passed in.
 */
import type { Message } from '../codec/codec'

/** Parameters of a request that say where to go on; empty = live only. */
export interface CursorQuery {
  readonly mid?: string
  readonly tag?: number
  /** HTTP date. */
  readonly time?: string
}

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
}

export interface OpenOptions {
  readonly nowMs: number
  /** Since when messages may have been missed: now for a planned change, the moment of the break otherwise. */
  readonly sinceMs: number
  /** Server time now, Unix ms. */
  readonly serverNowMs: number
  readonly channelCount: number
  /** Whether this session had a connection before, or tried to. */
  readonly resumed: boolean
  /** A long poll answers with a whole replay or nothing; streams may be cut in the middle of one. */
  readonly atomic: boolean
}

export type Verdict =
  | 'news'
  | 'before-start' // stored before the session began: not delivered
  | 'renumbered' // the server counts from the beginning again: what was remembered no longer identifies anything

/** One connection's share in the position: what it asked for, and what its messages do. */
export interface Replay {
  /** What the first request asks for. */
  readonly query: CursorQuery
  /** What the following long polls ask for: exactly the place reached. An overlap there would return at once, for ever. */
  next(): CursorQuery
  accept(message: Message, nowMs: number): Verdict
  /** Headers of an empty long poll: a first position before any message came. */
  emptyPoll(hint: PollHint, nowMs: number): void
}

export interface PollHint {
  readonly lastMessageId: string | null
  readonly lastModified: string | null
}

export interface Position {
  open(options: OpenOptions): Replay
  /** For diagnostics: no secret in it. */
  describe(): CursorQuery
  state(): PositionState
}

interface Place {
  readonly mid: string
  readonly timeAtMs: number
  readonly tag: number
}
export interface Mark extends Place {
  readonly receivedAtMs: number
}

const WHOLE_HISTORY = '00000000000000000000000000'
/** One mark per this time; of this many kept the old ones lie ever further apart, so that they reach back for a day. */
const MARK_EVERY_MS = 100
const MARKS_KEPT = 64
/** No end-of-replay mark exists on push-stream: silence of this length is one. */
const REPLAY_QUIET_MS = 1000
const REPLAY_LONGEST_MS = 10_000
/** A mid carries the time its numbering began; a message body can forge one. */
const MID_CLOCK_TOLERANCE_MS = 86_400_000
/** Servers keep messages for a day. */
const HISTORY_MS = 86_400_000

export function createPosition(options: PositionOptions): Position {
  const { version, overlapMs, lastMid, left } = options
  const { originAtMs, originIsServerTime } = left || options
  const byMid = version !== 1 && version !== 2
  let marks: Mark[] = lastMid ? [{ mid: lastMid, timeAtMs: 0, tag: 0, receivedAtMs: 0 }] : []
  if (left && left.mark) marks = [left.mark]
  let storeWasEmpty = false
  /** Counts renumberings, so that a second connection does not notice the same one again. */
  let epoch = 0

  function remember(place: Place, receivedAtMs: number): void {
    const newest = marks[marks.length - 1]
    if (!isAfter(place, newest)) return
    const before = marks[marks.length - 2]
    if (newest && before && newest.receivedAtMs - before.receivedAtMs < MARK_EVERY_MS) marks.pop()
    marks.push(Object.assign({ receivedAtMs }, place))
    if (marks.length > MARKS_KEPT) marks = thinned(marks)
  }

  function safeAt(sinceMs: number): Mark | undefined {
    return marks.filter((mark) => mark.receivedAtMs <= sinceMs - overlapMs).pop()
  }

  /**
   * Nothing that old was received: where the start is a place to ask from it is the safer one, and costs little. Not after
   * a reload: what was delivered before the place that was left is forgotten.
   */
  function first(): Mark | undefined {
    return byMid || !originIsServerTime || (left && left.mark) ? marks[0] : undefined
  }

  function open(link: OpenOptions): Replay {
    const safe = safeAt(Math.min(link.sinceMs, link.nowMs))
    const from = safe || first()
    const fromOrigin = !from && (link.resumed || version < 2 || (originIsServerTime && !byMid))
    const query = from ? overlapQuery(from) : storeWasEmpty || fromOrigin ? originQuery() : {}
    const openedInEpoch = epoch

    /** A replay of several channels comes channel by channel: until it is over its newest message is no safe place. */
    let holding = !byMid && !link.atomic && link.channelCount > 1 && !!query.time
    let held: Place | null = null
    let firstAtMs = 0
    let heldAtMs = 0
    // How far this link has read by itself: another one, beside it, may be further on other channels.
    let reached: Place | null = null

    function move(place: Place, nowMs: number): void {
      if (holding) {
        // A replay holds what there is when the server lets the link in: by its first message, not when it was asked.
        if (!firstAtMs) firstAtMs = heldAtMs = nowMs
        const live = place.timeAtMs >= wholeSecond(link.serverNowMs + firstAtMs - link.nowMs) + 1000
        holding = !live && nowMs - heldAtMs < REPLAY_QUIET_MS && nowMs - firstAtMs < REPLAY_LONGEST_MS
        heldAtMs = nowMs
        if (holding) {
          if (isAfter(place, held)) held = place
          return
        }
        if (held) remember(held, nowMs)
      }
      remember(place, nowMs)
    }

    return {
      query,
      next: () => (reached ? exactQuery(reached) : storeWasEmpty && !from ? originQuery() : query),
      accept(message, nowMs) {
        const place = placeOf(message)
        if (!place || isFromTheFuture(place.mid, link.serverNowMs)) return 'news'
        // Only a place that is surely older than anything the server may still be sorting proves a renumbering.
        const renumbered = byMid && safe && openedInEpoch === epoch && place.mid <= safe.mid
        if (renumbered) {
          epoch++
          marks = []
        }
        if (renumbered || isAfter(place, reached)) reached = place
        // It moves the position, too: else a quiet page would ask for the whole history again at every break.
        move(place, nowMs)
        if (fromOrigin && isBeforeStart(message)) return 'before-start'
        return renumbered ? 'renumbered' : 'news'
      },
      emptyPoll(hint, nowMs) {
        if (from || reached) return
        if (byMid && hint.lastMessageId === '') storeWasEmpty = true
        reached = hintedPlace(hint)
        if (reached && !marks.length) remember(reached, nowMs)
      },
    }
  }

  function placeOf({ mid, timeAtMs, tag }: Message): Place | null {
    if (byMid) return mid === null ? null : { mid, timeAtMs: 0, tag: 0 }
    return timeAtMs === null || tag === null ? null : { mid: '', timeAtMs, tag }
  }

  function hintedPlace({ lastMessageId, lastModified }: PollHint): Place | null {
    if (byMid) return lastMessageId && /^\d{26}$/.test(lastMessageId) ? startOf(lastMessageId, 0) : null
    const atMs = Date.parse(lastModified || '')
    return atMs > 0 ? startOf('', atMs) : null
  }

  /** push-stream: before the whole second. 0.3.4 sends what comes after tag 0, and its first tag is 0: one second earlier. */
  function startOf(mid: string, timeAtMs: number): Place {
    return { mid, timeAtMs: version === 1 ? timeAtMs - 1000 : timeAtMs, tag: 0 }
  }

  function exactQuery({ mid, timeAtMs, tag }: Place): CursorQuery {
    return byMid ? { mid } : { tag, time: new Date(timeAtMs).toUTCString() }
  }

  function overlapQuery({ mid, timeAtMs }: Place): CursorQuery {
    return exactQuery(startOf(mid, timeAtMs))
  }

  function originQuery(): CursorQuery {
    return exactQuery(startOf(WHOLE_HISTORY, originAtMs))
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
      const newest = marks[marks.length - 1]
      return newest ? exactQuery(newest) : {}
    },
    state() {
      // When the page ends nobody knows since when messages are missed: not before the last one that came.
      const newest = marks[marks.length - 1]
      const mark = (newest && safeAt(newest.receivedAtMs)) || first() || null
      return { originAtMs, originIsServerTime, mark }
    },
  }
}

/** Whether foreign JSON is what a page left. */
export function isPositionState(value: unknown): value is PositionState {
  const { originAtMs, originIsServerTime, mark } = Object(value) as PositionState
  const { mid, timeAtMs, tag, receivedAtMs } = Object(mark) as Mark
  return (
    typeof originIsServerTime === 'boolean' &&
    [originAtMs].concat(mark === null ? [] : [timeAtMs, tag, receivedAtMs]).every((each) => typeof each === 'number') &&
    (mark === null || (typeof mid === 'string' && /^(\d{26})?$/.test(mid)))
  )
}

/** Without the mark whose neighbours lie closest together for their age; the first and the newest ones stay. */
function thinned(marks: readonly Mark[]): Mark[] {
  const timeOf = (at: number): number => (marks[at] as Mark).receivedAtMs
  let least = Infinity
  let drop = 1
  for (let at = 1; at < marks.length - 2; at++) {
    const share = (timeOf(at + 1) - timeOf(at - 1)) / (timeOf(marks.length - 1) - timeOf(at - 1))
    if (share < least) {
      least = share
      drop = at
    }
  }
  return marks.filter((_, at) => at !== drop)
}

/** When the portal published a message, Unix ms (`extra.server_time_unix`), or `null` when it does not say. */
export function publishedAt({ body }: Message): number | null {
  const extra = body.extra as { server_time_unix?: unknown } | null | undefined
  const atMs = Number(extra && extra.server_time_unix) * 1000
  return atMs > 0 ? atMs : null
}

/**
 * mids are digits of one length: text order is number order. Places of one position have either no mid, or no time and
 * no tag.
 */
function isAfter(a: Place, b: Place | null | undefined): boolean {
  return !b || a.mid > b.mid || (a.timeAtMs - b.timeAtMs || a.tag - b.tag) > 0
}

function isFromTheFuture(mid: string, serverNowMs: number): boolean {
  return Number(mid.slice(0, 10)) * 1000 > serverNowMs + MID_CLOCK_TOLERANCE_MS
}

function wholeSecond(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000
}
