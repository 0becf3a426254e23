/** Owns the watchdog of one link: where a server gives signs of life, their absence means that the link is dead. */
import type { Clock } from '../platform/platform'

export interface Heartbeat {
  /** Something came. Called for every frame: it sets no timer. */
  heard(): void
  /** What a server sends when it has nothing to say. The time between two of them is the one to expect from now on. */
  beat(): void
  stop(): void
}

/** A sign of life may be late by this. */
const GRACE_MS = 5000
const SHORTEST_PAUSE_MS = 1000
/** A longer pause was a sleep of the page, not the habit of a server. */
const LONGEST_PAUSE_MS = 150_000

/**
 * `silenceMs`: armed at once, because a server that never says anything is as dead as one that stopped. `null`: how often
 * the server gives a sign is learnt from the first one on. `dead` is called once.
 */
export function createHeartbeat(clock: Clock, silenceMs: number | null, dead: () => void): Heartbeat {
  let limitMs = silenceMs || 0
  let heardAtMs = clock.now()
  /** The last beat, if nothing else came since: a message may or may not put off the next one. */
  let beatAtMs: number | null = null
  let timer: unknown

  function wait(): void {
    const restMs = heardAtMs + limitMs - clock.now()
    if (restMs <= 0) dead()
    else timer = clock.setTimeout(wait, restMs)
  }
  if (limitMs) wait()
  return {
    heard() {
      heardAtMs = clock.now()
      beatAtMs = null
    },
    beat() {
      const pauseMs = beatAtMs === null ? 0 : clock.now() - beatAtMs
      heardAtMs = beatAtMs = clock.now()
      // The first comment of a stream comes with its head.
      if (silenceMs || pauseMs < SHORTEST_PAUSE_MS || pauseMs > LONGEST_PAUSE_MS) return
      const isFirst = !limitMs
      // A proxy may hold some of them back and pass them on together: the longest pause counts.
      limitMs = Math.max(limitMs, pauseMs + GRACE_MS)
      if (isFirst) wait()
    },
    stop: () => clock.clearTimeout(timer),
  }
}
