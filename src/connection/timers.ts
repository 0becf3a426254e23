/** Owns named timers over the platform clock. Background pages are throttled: overdue ones can be fired on any occasion. */
import type { Clock } from '../platform/platform'

/** Longest delay a timer can have; more would overflow and fire at once. */
const LONGEST_MS = 2 ** 31 - 1

export interface Timers {
  set(key: string, delayMs: number, fire: () => void): void
  clear(key: string): void
  clearAll(): void
  /** Fires what should have fired by now. */
  fireOverdue(): void
  readonly size: number
}

export function createTimers(clock: Clock): Timers {
  const pending = new Map<string, { handle: unknown; dueAtMs: number; fire: () => void }>()

  function clear(key: string): void {
    const timer = pending.get(key)
    if (timer) clock.clearTimeout(timer.handle)
    pending.delete(key)
  }

  return {
    set(key, delayMs, fire) {
      clear(key)
      const boundedMs = Math.min(delayMs, LONGEST_MS)
      const run = (): void => {
        pending.delete(key)
        fire()
      }
      pending.set(key, { handle: clock.setTimeout(run, boundedMs), dueAtMs: clock.now() + boundedMs, fire: run })
    },
    clear,
    clearAll: () => Array.from(pending.keys()).forEach(clear),
    fireOverdue() {
      const nowMs = clock.now()
      Array.from(pending.entries()).forEach(([key, timer]) => {
        // An earlier one may have cleared or renewed this one.
        if (timer.dueAtMs > nowMs || pending.get(key) !== timer) return
        clock.clearTimeout(timer.handle)
        timer.fire()
      })
    },
    get size() {
      return pending.size
    },
  }
}
