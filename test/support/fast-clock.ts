/**
 * Owns a clock that runs faster than the real one: minutes of a client's life in a second, over real sockets. What the
 * world takes (requests, the server's own timers) stays as slow as it is, so deadlines have to be more patient.
 */
import type { Clock, Page, TimeoutOptions } from '../../src/entry/node'

export interface FastClock {
  /** For `options.platform`. */
  readonly clock: Clock
  /** For `options.platform`: nobody looks at it, so that a timer may be late by a part of a second without being a sleep. */
  readonly page: Page
  /** For `options.timeouts`: the deadlines for what the world takes. */
  readonly timeouts: TimeoutOptions
  /** What `realMs` are to the client. */
  told(realMs: number): number
}

const PATIENCE_MS = 20_000

export function fastClock(times: number): FastClock {
  const startAtMs = Date.now()
  const patienceMs = PATIENCE_MS * times
  return {
    clock: {
      now: () => startAtMs + (Date.now() - startAtMs) * times,
      setTimeout: (run, delayMs) => setTimeout(run, Math.ceil(delayMs / times)),
      clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
    },
    page: { protocol: '', href: null, isHidden: true, listen: () => () => {} },
    timeouts: {
      raceAfterMs: patienceMs,
      connectTimeoutMs: patienceMs,
      pollHoldMs: patienceMs,
      requestMs: patienceMs,
      configMs: patienceMs,
      silenceMs: patienceMs,
    },
    told: (realMs) => realMs * times,
  }
}
