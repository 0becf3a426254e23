/**
 * Owns since when new channels have to be read: from their own beginning, not from the moment somebody listens to them.
 * The portal publishes to a channel from the second it is issued; the configuration that names it may come seconds
 * later, and meanwhile the position has moved on with the other channels. Pure.
 */
import type { ChannelSet } from '../channel/channel-set'
import type { ServerClock } from '../config/freshness'

export interface Arrivals {
  /** What links were opened with last, and since when; `null` before the first one. */
  readonly known: ChannelSet | null
  readonly knownAtMs: number
  /** Local Unix ms from which new channels were not read yet; `Infinity` when there are none. */
  readonly sinceMs: number
  /** When a channel was told to have ended, while its successor is not known yet; else `Infinity`. */
  readonly endedAtMs: number
  /** The first link that was opened with the new channels, and when it stood. */
  readonly linkId: number
  readonly heardAtMs: number | null
}

export const NO_ARRIVALS: Arrivals = {
  known: null,
  knownAtMs: 0,
  sinceMs: Infinity,
  endedAtMs: Infinity,
  linkId: 0,
  heardAtMs: null,
}

/** A link that has stood this long has read its replay. */
const READ_AFTER_MS = 3000

/** A channel has ended; the next configuration brings another one. */
export function ended(arrivals: Arrivals, nowMs: number): Arrivals {
  return { ...arrivals, endedAtMs: Math.min(arrivals.endedAtMs, nowMs) }
}

/** A link is being opened with these channels, for what was missed since `sinceMs`. */
export function opening(
  arrivals: Arrivals,
  link: { readonly id: number; readonly sinceMs: number; readonly channels: ChannelSet },
  clock: ServerClock,
  nowMs: number,
): Arrivals {
  const { known, knownAtMs, heardAtMs, endedAtMs } = arrivals
  if (known === null) return { ...arrivals, known: link.channels, knownAtMs: nowMs }
  const fresh = link.channels.filter(({ id }) => !known.some((other) => other.id.matches(id.reveal())))
  if (fresh.length > 0) {
    const dated = clock.uncertaintyMs !== Infinity
    const starts = fresh.map(({ startAtMs }) => (startAtMs !== null && dated ? startAtMs + clock.shiftMs : nowMs))
    // Not older than the set they replace: then they would have been in it.
    const startedAtMs = Math.max(knownAtMs, Math.min(nowMs, endedAtMs, ...starts))
    const sinceMs = Math.min(arrivals.sinceMs, startedAtMs)
    return { known: link.channels, knownAtMs: nowMs, sinceMs, endedAtMs: Infinity, linkId: link.id, heardAtMs: null }
  }
  const isRead = heardAtMs !== null && link.sinceMs - heardAtMs >= READ_AFTER_MS
  return isRead ? { ...arrivals, sinceMs: Infinity, heardAtMs: null } : arrivals
}

/** A link stands. One that was opened before the new channels were known does not read them. */
export function heard(arrivals: Arrivals, linkId: number, nowMs: number): Arrivals {
  const isFirst = arrivals.sinceMs !== Infinity && arrivals.heardAtMs === null && linkId >= arrivals.linkId
  return isFirst ? { ...arrivals, heardAtMs: nowMs } : arrivals
}
