/**
 * Owns the time that a session's instants are kept in: it is never set back, so that they can be compared. Sleep moves it on.
 */
import type { Clock } from './platform'

export interface SteadyClock extends Clock {
  /** The same instant by the device's clock as it is now: for what the page is told and what is left to the next one. */
  told(atMs: number): number
}

/** Devices slow their clocks down to set them right, and browsers round what they tell. */
const SLEWED_MS = 250

/** Without `elapsed` a clock that was set back goes on from where it was: what passed since it was read last is not known. */
export function steadyClock(device: Clock): SteadyClock {
  const elapsed = (): number => (device.elapsed ? device.elapsed() : 0)
  let readAtMs = device.now()
  let readElapsedMs = elapsed()
  let aheadMs = 0

  function now(): number {
    const atMs = device.now()
    const elapsedMs = elapsed()
    const lostMs = elapsedMs - readElapsedMs - (atMs - readAtMs)
    if (lostMs > SLEWED_MS || atMs < readAtMs) aheadMs += lostMs
    readAtMs = atMs
    readElapsedMs = elapsedMs
    return atMs + aheadMs
  }

  return {
    now,
    setTimeout: (callback, delayMs) => device.setTimeout(callback, delayMs),
    clearTimeout: (handle) => device.clearTimeout(handle),
    told: (atMs) => atMs - aheadMs,
  }
}
