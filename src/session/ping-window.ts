/**
 * Owns when the store has to be asked because of pings: Push server 2.0 drops what it sends between its ping and the answer.
 * It pings every two minutes, counted from the opening.
 */
import type { Clock } from '../platform/platform'

export interface PingWindow {
  opened(): void
  /** A message came. A quiet page has little to lose, and there are many of them. */
  heard(): void
  left(): void
}

const PING_MS = 120_000
const AFTER_PING_MS = 3000

/** `swallowed`: what came since then may have been dropped. */
export function createPingWindow(clock: Clock, swallowed: (sinceMs: number) => void): PingWindow {
  let timer: unknown
  let isQuiet = true

  function afterPing(): void {
    timer = clock.setTimeout(afterPing, PING_MS)
    if (!isQuiet) swallowed(clock.now() - AFTER_PING_MS)
    isQuiet = true
  }

  return {
    opened() {
      isQuiet = true
      timer = clock.setTimeout(afterPing, PING_MS + AFTER_PING_MS)
    },
    heard() {
      isQuiet = false
    },
    left: () => clock.clearTimeout(timer),
  }
}
