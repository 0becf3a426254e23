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
  /** Server generation, protocol.md section 2. */
  readonly version: number
  /** A resume asks again for what arrived this long before the break; repeats are dropped by identity. */
  readonly overlapMs: number
  /** Server time at the start of the session, Unix ms: what is older is not news. */
  readonly originAtMs: number
  /** Whether that time came from the server. If not, only a resume after a break relies on it. */
  readonly originIsServerTime: boolean
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
}

interface Place {
  readonly mid: string
  readonly timeAtMs: number
  readonly tag: number
}
interface Mark extends Place {
  readonly receivedAtMs: number
}

const WHOLE_HISTORY = '0'.repeat(26)
/** One mark per this time; of this many kept the old ones lie ever further apart, so that they reach back for a day. */
const MARK_EVERY_MS = 100
const MARKS_KEPT = 64
/** No end-of-replay mark exists on push-stream: silence of this length is one (push-stream.md 7.4). */
const REPLAY_QUIET_MS = 1000
const REPLAY_LONGEST_MS = 10_000
/** A mid carries the time its numbering began; a message body can forge one (push-server.md 3j). */
const MID_CLOCK_TOLERANCE_MS = 86_400_000

export function createPosition(options: PositionOptions): Position {
  const { version, overlapMs, originAtMs } = options
  const byMid = version >= 3
  let marks: Mark[] = []
  let storeWasEmpty = false
  /** Counts renumberings, so that a second connection does not notice the same one again. */
  let epoch = 0

  function remember(place: Place, receivedAtMs: number): void {
    const newest = marks[marks.length - 1]
    if (newest && compare(place, newest) <= 0) return
    const mark = { ...place, receivedAtMs }
    const before = marks[marks.length - 2]
    if (newest && before && newest.receivedAtMs - before.receivedAtMs < MARK_EVERY_MS) marks[marks.length - 1] = mark
    else marks.push(mark)
    if (marks.length > MARKS_KEPT) marks = thinned(marks)
  }

  function open(link: OpenOptions): Replay {
    const since = Math.min(link.sinceMs, link.nowMs) - overlapMs
    const safe = marks.reduce<Mark | undefined>((found, mark) => (mark.receivedAtMs <= since ? mark : found), undefined)
    const from = safe ?? marks[0]
    const fromOrigin = !from && (options.originIsServerTime ? !byMid || link.resumed : link.resumed || version === 1)
    const query = from ? overlapQuery(from) : storeWasEmpty ? originQuery() : fromOrigin ? originQuery() : {}
    // Only a place that is surely older than anything the server may still be sorting proves a renumbering.
    const floor = byMid && safe ? safe.mid : null
    const openedInEpoch = epoch

    const mayBeCut = !byMid && !link.atomic && link.channelCount > 1 && query.time !== undefined
    let holding: { place: Place | null; lastAtMs: number } | null = mayBeCut
      ? { place: null, lastAtMs: link.nowMs }
      : null
    // How far this link has read by itself: another one, beside it, may be further on other channels.
    let reached: Place | null = null

    function release(nowMs: number): void {
      const place = holding?.place
      holding = null
      if (place) remember(place, nowMs)
    }

    /** A replay of several channels comes channel by channel: until it is over its newest message is no safe place. */
    function move(place: Place, nowMs: number): void {
      if (holding) {
        const live = place.timeAtMs >= Math.floor(link.serverNowMs / 1000) * 1000 + 1000
        const over = live || nowMs - holding.lastAtMs >= REPLAY_QUIET_MS || nowMs - link.nowMs >= REPLAY_LONGEST_MS
        if (over) release(nowMs)
        else {
          if (!holding.place || compare(place, holding.place) > 0) holding.place = place
          holding.lastAtMs = nowMs
          return
        }
      }
      remember(place, nowMs)
    }

    return {
      query,
      next: () => (reached ? exactQuery(reached) : storeWasEmpty && !from ? originQuery() : query),
      accept(message, nowMs) {
        const place = placeOf(message, byMid)
        if (!place || (byMid && isFromTheFuture(place.mid, link.serverNowMs))) return 'news'
        const renumbered = floor !== null && openedInEpoch === epoch && place.mid <= floor
        if (renumbered) {
          epoch++
          marks = []
        }
        if (renumbered || !reached || compare(place, reached) > 0) reached = place
        if (fromOrigin && isBeforeStart(message)) return 'before-start'
        move(place, nowMs)
        return renumbered ? 'renumbered' : 'news'
      },
      emptyPoll(hint, nowMs) {
        if (from || reached) return
        if (byMid && hint.lastMessageId === '') storeWasEmpty = true
        reached = hintedPlace(hint)
        if (reached && marks.length === 0) remember(reached, nowMs)
      },
    }
  }

  function hintedPlace({ lastMessageId, lastModified }: PollHint): Place | null {
    if (byMid) return /^\d{26}$/.test(lastMessageId ?? '') ? { mid: lastMessageId ?? '', timeAtMs: 0, tag: 0 } : null
    const at = Date.parse(lastModified ?? '')
    // 0.3.4 counts tags from 0, so that tag 0 of that very second may still come.
    return at > 0 ? { mid: '', timeAtMs: version === 1 ? at - 1000 : at, tag: 0 } : null
  }

  function exactQuery(place: Place): CursorQuery {
    return byMid ? { mid: place.mid } : { tag: place.tag, time: httpDate(place.timeAtMs) }
  }

  /** push-stream: the whole second again. 0.3.4 sends what comes after tag 0, and its first tag is 0: one second earlier. */
  function overlapQuery(place: Place): CursorQuery {
    return byMid
      ? { mid: place.mid }
      : { tag: 0, time: httpDate(version === 1 ? place.timeAtMs - 1000 : place.timeAtMs) }
  }

  function originQuery(): CursorQuery {
    return byMid ? { mid: WHOLE_HISTORY } : overlapQuery({ mid: '', tag: 0, timeAtMs: originAtMs })
  }

  function isBeforeStart(message: Message): boolean {
    const publishedAtMs = byMid ? publishedAt(message) : message.timeAtMs
    // Server times are whole seconds: what shares the second of the start counts as news.
    return publishedAtMs !== null && publishedAtMs < Math.floor(originAtMs / 1000) * 1000
  }

  return {
    open,
    describe: () => {
      const newest = marks[marks.length - 1]
      return newest ? exactQuery(newest) : {}
    },
  }
}

/** Without the mark whose neighbours lie closest together for their age; the first and the newest ones stay. */
function thinned(marks: readonly Mark[]): Mark[] {
  const nowMs = marks[marks.length - 1]?.receivedAtMs ?? 0
  let least = Infinity
  let drop = 1
  for (let at = 1; at < marks.length - 2; at++) {
    const [before, after] = [marks[at - 1] as Mark, marks[at + 1] as Mark]
    const share = (after.receivedAtMs - before.receivedAtMs) / (nowMs - before.receivedAtMs)
    if (share < least) [least, drop] = [share, at]
  }
  return marks.filter((_, at) => at !== drop)
}

/** When the portal published a message, Unix ms (`extra.server_time_unix`), or `null` when it does not say. */
export function publishedAt(message: Message): number | null {
  const extra = message.body.extra as { server_time_unix?: unknown } | null | undefined
  const seconds = Number(extra?.server_time_unix)
  return seconds > 0 ? seconds * 1000 : null
}

function placeOf(message: Message, byMid: boolean): Place | null {
  if (byMid) return message.mid === null ? null : { mid: message.mid, timeAtMs: 0, tag: 0 }
  if (message.timeAtMs === null || message.tag === null) return null
  return { mid: '', timeAtMs: message.timeAtMs, tag: message.tag }
}

/** mids are digits of one length: text order is number order. */
function compare(a: Place, b: Place): number {
  if (a.mid !== b.mid) return a.mid < b.mid ? -1 : 1
  return a.timeAtMs - b.timeAtMs || a.tag - b.tag
}

function isFromTheFuture(mid: string, serverNowMs: number): boolean {
  return Number(mid.slice(0, 10)) * 1000 > serverNowMs + MID_CLOCK_TOLERANCE_MS
}

function httpDate(atMs: number): string {
  return new Date(atMs).toUTCString()
}
