/** Owns the watchdog of one link: where a server gives signs of life, their absence means that the link is dead. */
import type { Clock } from '../platform/platform'

export interface Heartbeat {
  /** A sign of life. Called for every frame: it sets no timer. */
  heard(): void
  stop(): void
}

/** Armed at once: a server that never says anything is as dead as one that stopped. `dead` is called once. */
export function createHeartbeat(clock: Clock, silenceMs: number, dead: () => void): Heartbeat {
  let heardAtMs = 0
  let timer: unknown

  function wait(): void {
    // A clock that was set back must not make it wait for as long as that.
    heardAtMs = Math.min(heardAtMs, clock.now())
    const restMs = heardAtMs + silenceMs - clock.now()
    if (restMs <= 0) dead()
    else timer = clock.setTimeout(wait, restMs)
  }
  function heard(): void {
    heardAtMs = clock.now()
  }
  heard()
  wait()
  return { heard, stop: () => clock.clearTimeout(timer) }
}
