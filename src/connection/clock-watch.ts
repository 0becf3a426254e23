/**
 * Owns noticing that the page stood still, where nothing says so: it slept, or somebody set the clock. A timer that comes
 * much too late is the sign. Pages that nobody looks at get their timers a minute late as a matter of course.
 */
import type { Clock } from '../platform/platform'

export interface ClockWatch {
  /** Something came from outside: what stood still may learn of it before its timer does. */
  look(): void
  stop(): void
}

const TICK_MS = 1500
/** A page in use is hardly ever busy for so long. */
const LATE_MS = 5000
const LATE_WHEN_HIDDEN_MS = 75_000

export function watchClock(clock: Clock, isHidden: () => boolean, jumped: () => void): ClockWatch {
  let timer: unknown
  let dueAtMs = 0
  let wasHidden = false

  function look(isTick: boolean): void {
    const isLate = clock.now() - dueAtMs > (wasHidden || isHidden() ? LATE_WHEN_HIDDEN_MS : LATE_MS)
    if (isTick || isLate) wait()
    // Last: it may end the watch.
    if (isLate) jumped()
  }

  function wait(): void {
    clock.clearTimeout(timer)
    dueAtMs = clock.now() + TICK_MS
    wasHidden = isHidden()
    timer = clock.setTimeout(() => look(true), TICK_MS)
  }

  wait()
  return { look: () => look(false), stop: () => clock.clearTimeout(timer) }
}
