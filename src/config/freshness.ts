/**
 * Owns what time it is on the server and when a configuration should be renewed. The local clock may be wrong by days:
 * ends are never compared with it directly. Pure: the current instant and chance come in as arguments.
 */
import { HISTORY_MS } from '../core/history'
import type { PullConfig } from './config'

/** The server's clock as far as it is known. */
export interface ServerClock {
  /** Local clock minus server clock, ms: positive where the local clock is ahead. */
  readonly shiftMs: number
  /** How far `shiftMs` may be off, to either side. `Infinity` until the server said anything. */
  readonly uncertaintyMs: number
  /** Once a message has settled it within what whole seconds leave open: how much later the server may be, by no more. */
  readonly laterMs?: number
}

/** `serverTime` has whole seconds, cut off: half a second is added, and may be wrong either way. */
const HALF_RESOLUTION_MS = 500
/** A message that took longer than this is an old one. */
const LATENCY_MS = 1000
/** Renew in the last tenth of the remaining life, but not earlier than this before the end. */
const RENEW_SHARE = 0.1
const RENEW_SPAN_MS = 15 * 60_000
/** Room for the request and for opening the new channel. */
const RENEW_MARGIN_MS = 5000
/** A portal that renews lazily is asked again within this span after the end. */
const LAZY_MIN_MS = 1000
const LAZY_SPAN_MS = 120_000

/**
 * The clock at the time of a configuration.
 *
 * @param serverTimeAtMs the portal's clock in whole seconds, Unix ms; `null` when it did not say
 * @param sentAtMs local instant at which the configuration was asked for
 * @param receivedAtMs local instant at which it was there
 */
export function serverClock(serverTimeAtMs: number | null, sentAtMs: number, receivedAtMs: number): ServerClock {
  if (serverTimeAtMs === null) return { shiftMs: 0, uncertaintyMs: Infinity }
  const roundTripMs = receivedAtMs - sentAtMs
  return {
    shiftMs: receivedAtMs - roundTripMs / 2 - (serverTimeAtMs + HALF_RESOLUTION_MS),
    uncertaintyMs: roundTripMs / 2 + HALF_RESOLUTION_MS,
  }
}

/**
 * The clock after a message that was published at `serverTimeUnix` (Unix seconds with fraction, `extra.server_time_unix`):
 * it is never earlier on the server than that. Observe only what the portal itself published; other users could lie.
 * Where the configuration leaves a second open, the first fresh message says where in it the server is. Returns the same object when nothing was learnt.
 */
export function observe(clock: ServerClock, serverTimeUnix: number, nowMs: number): ServerClock {
  if (!(serverTimeUnix > 0) || !isFinite(serverTimeUnix)) return clock
  const shiftMs = nowMs - serverTimeUnix * 1000
  // The first word about an unknown clock is taken as it is: the message may be old, but hardly ever is.
  if (clock.uncertaintyMs === Infinity) return { shiftMs, uncertaintyMs: HISTORY_MS }
  const latestMs = clock.shiftMs + clock.uncertaintyMs
  const { laterMs } = clock
  if (laterMs === undefined && clock.uncertaintyMs < HISTORY_MS && shiftMs <= latestMs + LATENCY_MS)
    return settledAt(clock, Math.min(shiftMs, latestMs))
  if (shiftMs >= clock.shiftMs) return clock
  return laterMs === undefined ? { ...clock, shiftMs } : settledAt(clock, shiftMs, laterMs)
}

/** A message may be almost a second old, and the server later by that. */
function settledAt(clock: ServerClock, shiftMs: number, laterMs = clock.uncertaintyMs): ServerClock {
  return { ...clock, shiftMs, laterMs: Math.max(0, laterMs + shiftMs - clock.shiftMs) }
}

/** The clock with the shift that was known before a reload, where nothing newer speaks against it. */
export function settled(clock: ServerClock, shiftMs: unknown): ServerClock {
  const fits = typeof shiftMs === 'number' && Math.abs(shiftMs - clock.shiftMs) <= clock.uncertaintyMs
  return fits ? settledAt(clock, shiftMs) : clock
}

/** The server's time at a local instant, Unix ms. */
export function serverNow(clock: ServerClock, nowMs: number): number {
  return nowMs - clock.shiftMs
}

/**
 * The local instant (Unix ms) at which to fetch the next configuration, or `null` if this one does not end: spread over
 * the last tenth of its remaining life, since a portal's shared channel ends for all users in the same second.
 * May lie further away than a timer can run. Already ended: `nowMs`; a source may never have anything better, so the
 * caller waits longer each time.
 *
 * `previous` is the configuration before this one, after a renewal. Portals renew channels lazily: asked before the end they
 * hand out the same channel with the same end. Then the next attempt lies shortly after the end, spread;
 * asking before the end over and over would bring nothing but load.
 *
 * @param chance uniform in [0, 1)
 */
export function renewAt(
  config: PullConfig,
  clock: ServerClock,
  chance: number,
  nowMs: number,
  previous: PullConfig | null = null,
): number | null {
  const serverEndAtMs = endOf(config)
  if (serverEndAtMs === Infinity) return null
  const endAtMs = serverEndAtMs + clock.shiftMs
  if (endAtMs <= nowMs) return nowMs
  if (previous !== null && endOf(previous) === serverEndAtMs) return endAtMs + LAZY_MIN_MS + chance * LAZY_SPAN_MS
  const spanMs = Math.min((endAtMs - nowMs) * RENEW_SHARE, RENEW_SPAN_MS)
  const latestAtMs = Math.max(nowMs, endAtMs - RENEW_MARGIN_MS)
  const earliestAtMs = Math.min(endAtMs - spanMs, latestAtMs)
  return earliestAtMs + chance * (latestAtMs - earliestAtMs)
}

/** The end of what ends first, Unix ms by the server's clock; `Infinity` if nothing ends. */
function endOf({ channels, expiresAtMs }: PullConfig): number {
  return Math.min(expiresAtMs || Infinity, ...channels.map(({ endAtMs }) => endAtMs || Infinity))
}
