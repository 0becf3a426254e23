/** Owns what happens when: faults over time from a seed. Pure; the same seed gives the same list on every machine. */
import { nextRandom } from '../../../src/server/faults'

export interface ScheduleSpec<Fault> {
  readonly durationMs: number
  /** Shortest and longest time between two faults. */
  readonly everyMs: readonly [number, number]
  /** What may happen, and how often compared with the others. */
  readonly faults: readonly { readonly fault: Fault; readonly weight: number }[]
}

export interface Planned<Fault> {
  /** Since the beginning. */
  readonly atMs: number
  readonly fault: Fault
}

export function schedule<Fault>(seed: number, spec: ScheduleSpec<Fault>): readonly Planned<Fault>[] {
  const { durationMs, everyMs, faults } = spec
  const [shortestMs, longestMs] = everyMs
  if (longestMs <= 0 || shortestMs > longestMs) throw new RangeError('everyMs must be [shortest, longest], above 0')
  const chance = chances(seed)
  const total = faults.reduce((sum, { weight }) => sum + weight, 0)
  const planned: Planned<Fault>[] = []
  for (let atMs = 0; faults.length > 0;) {
    atMs += shortestMs + chance() * (longestMs - shortestMs)
    if (atMs >= durationMs) break
    let left = chance() * total
    const chosen = faults.find(({ weight }) => (left -= weight) < 0) ?? faults[faults.length - 1]!
    planned.push({ atMs: Math.round(atMs), fault: chosen.fault })
  }
  return planned
}

/** Repeatable randomness, uniform in [0, 1). */
export function chances(seed: number): () => number {
  let state = seed | 0
  return () => {
    const { value, seed: next } = nextRandom(state)
    state = next
    return value
  }
}
