/**
 * Owns the holes in the numbers of push-stream's channels: each counts its messages from 1, so one that is left out was
 * missed for certain. Time is passed in.
 */
import type { Message } from '../codec/codec'
import { fingerprint } from '../replay/dedupe'

/** The last number of each channel and when it was published, by its fingerprint: plain JSON for the next page. */
export type Counts = Readonly<Record<string, readonly [last: number, atMs: number]>>

export interface Holes {
  /**
   * A message that was not seen before. `anew`: its channel counts from the beginning. `sinceMs`: when the one before was
   * published. `isLate`: a later link was there first, and may be past it.
   */
  seen(
    message: Message,
    nowMs: number,
    publishedAtMs: number,
    isLate?: boolean,
  ): { readonly what: 'hole' | 'anew'; readonly sinceMs: number } | null
  counts(): Counts
  /** What the page before had counted. */
  restore(counts: Counts): void
  /** Pieces that could not be read had a number, too. */
  unreadable(count: number): void
  /** Whether something is being waited for. */
  areOpen(): boolean
  /** What has been missing since before an instant, if anything; it is told once. */
  missing(beforeMs: number): { readonly count: number; readonly sinceMs: number } | null
}

interface Counted {
  last: number
  lastAtMs: number
  /** Numbers left out, by when and since when. */
  readonly left: Map<number, { readonly atMs: number; readonly sinceMs: number }>
}

/** More numbers than this are not left out: the channel is another one. */
const HOLE_MOST = 100_000

export function createHoles(): Holes {
  const channels = new Map<string, Counted>()
  let unread = 0
  let before: Counts = {}

  return {
    seen({ channel, id }, nowMs, publishedAtMs, isLate) {
      if (channel === null || id === null) return null
      let counted = channels.get(channel)
      if (!counted) {
        // It is foreign JSON.
        const known = Object(before[fingerprint(channel)]) as Counts[string]
        counted = { last: Number(known[0]), lastAtMs: Number(known[1]), left: new Map() }
        if (counted.last > 0) channels.set(channel, counted)
      }
      if (!(id - counted.last <= HOLE_MOST)) {
        channels.set(channel, { last: id, lastAtMs: publishedAtMs, left: new Map() })
        return null
      }
      const { last, left, lastAtMs } = counted
      if (isLate && id <= last && !left.has(id)) return null
      counted.lastAtMs = publishedAtMs
      const leaveOut = (from: number): void => {
        for (let number = from; number < id; number++) left.set(number, { atMs: nowMs, sinceMs: lastAtMs })
      }
      if (id <= last) {
        // Not what was left out: the channel was made anew.
        if (left.delete(id)) return null
        left.clear()
        counted.last = id
        leaveOut(1)
        return { what: 'anew', sinceMs: lastAtMs }
      }
      leaveOut(last + 1)
      counted.last = id
      return id > last + 1 ? { what: 'hole', sinceMs: lastAtMs } : null
    },
    counts() {
      const counts: Record<string, Counts[string]> = { ...before }
      channels.forEach(({ last, lastAtMs, left }, channel) => {
        // A hole that nobody was told of yet is the next page's.
        const hole = left.entries().next().value
        counts[fingerprint(channel)] = hole ? [hole[0] - 1, hole[1].sinceMs] : [last, lastAtMs]
      })
      return counts
    },
    restore(counts) {
      before = counts
    },
    unreadable(count) {
      unread += count
    },
    areOpen: () => Array.from(channels.values()).some(({ left }) => left.size > 0),
    missing(beforeMs) {
      let count = 0
      let since = Infinity
      channels.forEach(({ left }) =>
        left.forEach(({ atMs, sinceMs }, number) => {
          if (atMs > beforeMs) return
          left.delete(number)
          count++
          since = Math.min(since, sinceMs)
        }),
      )
      const excused = Math.min(count, unread)
      unread -= excused
      return count > excused ? { count: count - excused, sinceMs: since } : null
    },
  }
}
