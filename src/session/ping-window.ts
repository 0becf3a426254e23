/**
 * Owns when the store has to be asked because of pings: Push server 2.0 drops what it sends between its ping and the answer.
 * It pings every two minutes, counted from the opening.
 */
import type { Clock } from '../platform/platform'

export interface PingWindow {
  opened(): void
  /** A message came. A quiet page has little to lose, and there are many of them. */
  heard(): void
  /** The link ended: what a ping right before that swallowed is the next one's. */
  left(): void
}

const PING_MS = 120_000
const AFTER_PING_MS = 3000
/** The server counts from when it let the link in, and a handshake takes its time. */
const EARLY_MS = 15_000

/** `swallowed`: what came since then may have been dropped. */
export function createPingWindow(clock: Clock, swallowed: (sinceMs: number) => void): PingWindow {
  let timer: unknown
  let dueAtMs = Infinity
  let isQuiet = true

  function plan(inMs: number): void {
    timer = clock.setTimeout(afterPing, inMs)
    dueAtMs = clock.now() + inMs
    isQuiet = true
  }
  function afterPing(): void {
    if (!isQuiet) swallowed(clock.now() - AFTER_PING_MS - EARLY_MS)
    plan(PING_MS)
  }

  return {
    opened: () => plan(PING_MS + AFTER_PING_MS),
    heard() {
      isQuiet = false
    },
    left() {
      clock.clearTimeout(timer)
      const pingAtMs = dueAtMs - AFTER_PING_MS
      if (clock.now() >= pingAtMs - EARLY_MS) swallowed(pingAtMs - EARLY_MS)
      dueAtMs = Infinity
    },
  }
}
