/** Owns what a session counts, for diagnostics and tests. */
export interface Counters {
  frames: number
  /** Delivered to listeners. */
  events: number
  /** Came again and were dropped. */
  repeats: number
  /** Could not be read. */
  bad: number
  /** Published before the session began. */
  beforeStart: number
  /** Commands of the server itself (module `pull`). */
  commands: number
  configLoads: number
  opened: number
  lost: number
}

export function createCounters(): Counters {
  return { frames: 0, events: 0, repeats: 0, bad: 0, beforeStart: 0, commands: 0, configLoads: 0, opened: 0, lost: 0 }
}
