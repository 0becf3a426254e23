/**
 * Owns how places in the stream are read from what servers send and written into what they are asked, by their numbering:
 * `mid` (versions 3 and up) or `tag` + `time` (push-stream). Pure.
 */
import type { Message } from '../codec/codec'
import type { Place } from './marks'

/** Parameters of a request that say where to go on; empty = live only. */
export interface CursorQuery {
  readonly mid?: string
  readonly tag?: number
  /** HTTP date. */
  readonly time?: string
}

/** Headers of an empty long poll. */
export interface PollHint {
  readonly lastMessageId: string | null
  readonly lastModified: string | null
}

export interface Numbering {
  readonly byMid: boolean
  placeOf(message: Message): Place | null
  hintedPlace(hint: PollHint): Place | null
  /** push-stream: before the whole second. 0.3.4 sends what comes after tag 0, and its first tag is 0: one second earlier. */
  startOf(mid: string, timeAtMs: number): Place
  queryOf(place: Place): CursorQuery
}

export const WHOLE_HISTORY = '00000000000000000000000000'
/** A mid carries the time its numbering began; a message body can forge one. */
const MID_CLOCK_TOLERANCE_MS = 86_400_000

export function numberingOf(version: number): Numbering {
  const byMid = version !== 1 && version !== 2
  const startOf = (mid: string, timeAtMs: number): Place =>
    byMid ? { mid, timeAtMs: 0, tag: 0 } : { mid: '', timeAtMs: version === 1 ? timeAtMs - 1000 : timeAtMs, tag: 0 }
  return {
    byMid,
    placeOf({ mid, timeAtMs, tag }) {
      if (byMid) return mid === null ? null : startOf(mid, 0)
      return timeAtMs === null || tag === null ? null : { mid: '', timeAtMs, tag }
    },
    hintedPlace({ lastMessageId, lastModified }) {
      if (byMid) return lastMessageId && /^\d{26}$/.test(lastMessageId) ? startOf(lastMessageId, 0) : null
      const atMs = Date.parse(lastModified || '')
      return atMs > 0 ? startOf('', atMs) : null
    },
    startOf,
    queryOf: ({ mid, timeAtMs, tag }) => (byMid ? { mid } : { tag, time: new Date(timeAtMs).toUTCString() }),
  }
}

/** When the portal published a message, Unix ms (`extra.server_time_unix`), or `null` when it does not say. */
export function publishedAt({ body }: Message): number | null {
  const extra = body.extra as { server_time_unix?: unknown } | null | undefined
  const atMs = Number(extra && extra.server_time_unix) * 1000
  return atMs > 0 ? atMs : null
}

export function isFromTheFuture(mid: string, serverNowMs: number): boolean {
  return Number(mid.slice(0, 10)) * 1000 > serverNowMs + MID_CLOCK_TOLERANCE_MS
}

export function wholeSecond(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000
}
