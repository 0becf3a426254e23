/**
 * Owns since when new channels have to be read: from their own beginning, not from the moment somebody listens to them.
 * The portal publishes to a channel from the second it is issued; the configuration that names it may come seconds
 * later, and meanwhile the position has moved on with the other channels. Time is passed in.
 */
import { mailboxOf } from '../channel/channel-id'
import type { ChannelSet } from '../channel/channel-set'
import type { ServerClock } from '../config/freshness'
import { fingerprint } from '../replay/dedupe'

export interface Arrivals {
  /**
   * A link is being opened with these channels, for what was missed since `sinceMs`. Answers the local instant from which
   * new channels were not read yet; `Infinity` when there are none.
   */
  opening(
    link: { readonly id: number; readonly sinceMs: number },
    channels: ChannelSet,
    clock: ServerClock,
    nowMs: number,
  ): number
  /**
   * A link stands, which took so long to open. One that was opened before the new channels were known does not read them.
   */
  heard(linkId: number, nowMs: number, tookMs?: number): void
  /** What a link had not read by then it will not read: it ended, having just opened, or its replay was cut. */
  left(linkId: number, atMs: number): void
  /** A channel has ended; the next configuration brings another one. Its id is a secret. */
  ended(channelId: string, nowMs: number): void
  /** A configuration came. What it names has not ended; if it names no others, nothing has. */
  renewed(channels: ChannelSet): void
  /** Since when channels are still to be read, known ones or not; `Infinity`: all are read. */
  unreadSinceMs(nowMs: number): number
  /** What the page before had read. */
  restore(read: readonly string[]): void
}

/** What channels may be remembered by: their ids are secret. */
export function printsOf(channels: ChannelSet): string[] {
  return channels.map(({ id }) => fingerprint(mailboxOf(id.reveal())))
}

/** A link that has stood this long has read its replay; on a slow network, as long as it took to open. */
export const READ_AFTER_MS = 3000

interface Unread {
  readonly sinceMs: number
  /** The first link that was opened with it, and when it or one that followed has surely read it. */
  readonly firstId: number
  readAtMs: number
}

export function createArrivals(): Arrivals {
  /** What links were opened with last. */
  let known: readonly string[] | null = null
  let firstAtMs = 0
  /** When channels ended whose successors are not known yet. */
  const ended = new Map<string, number>()
  /** What is exchanged before it was read is no longer asked for here: links say what they leave behind. */
  const unread = new Map<string, Unread>()

  const endedSinceMs = (): number => Math.min(...Array.from(ended.values()))

  function leastAt(atMs: number): number {
    let least = Infinity
    unread.forEach((each) => {
      if (atMs < each.readAtMs) least = Math.min(least, each.sinceMs)
    })
    return least
  }

  return {
    opening({ id, sinceMs }, channels, clock, nowMs) {
      const prints = printsOf(channels)
      const old = known || prints
      if (!known) firstAtMs = nowMs
      unread.forEach((each, print) => {
        if (prints.indexOf(print) < 0 || sinceMs >= each.readAtMs) unread.delete(print)
      })
      const isFresh = (_: unknown, at: number): boolean => old.indexOf(prints[at] as string) < 0
      const fresh = channels.filter(isFresh)
      if (fresh.length) {
        // A start says nothing where the clock of the server is unknown.
        const isDated = clock.uncertaintyMs < Infinity
        const starts = fresh.map(({ startAtMs }) => (isDated && startAtMs ? startAtMs + clock.shiftMs : nowMs))
        // Not older than the first set: then they would have been in it. A later one may have been exchanged unknown.
        const startedAtMs = Math.max(firstAtMs, Math.min(nowMs, endedSinceMs(), ...starts))
        const entry = (): Unread => ({ sinceMs: startedAtMs, firstId: id, readAtMs: Infinity })
        prints.filter(isFresh).forEach((print) => unread.set(print, entry()))
      }
      // The others have not got their successors yet.
      ended.forEach((_, print) => prints.indexOf(print) < 0 && ended.delete(print))
      if (!known || fresh.length) known = prints
      return leastAt(sinceMs)
    },
    heard(linkId, nowMs, tookMs = 0) {
      const readAtMs = nowMs + Math.max(READ_AFTER_MS, tookMs)
      unread.forEach((each) => {
        if (linkId >= each.firstId) each.readAtMs = Math.min(each.readAtMs, readAtMs)
      })
    },
    left(linkId, atMs) {
      unread.forEach((each) => {
        if (linkId >= each.firstId && atMs < each.readAtMs) each.readAtMs = Infinity
      })
    },
    ended(channelId, nowMs) {
      const print = fingerprint(mailboxOf(channelId))
      ended.set(print, Math.min(nowMs, ended.get(print) || nowMs))
    },
    renewed(channels) {
      const prints = printsOf(channels)
      const old = known
      if (old && prints.every((print) => old.indexOf(print) >= 0)) ended.clear()
      else prints.forEach((print) => ended.delete(print))
    },
    unreadSinceMs: (nowMs) => Math.min(endedSinceMs(), leastAt(nowMs)),
    restore(read) {
      known = read.length ? read : null
    },
  }
}
