/** Owns when to try again: the policies and their figures. Pure: chance comes in with the failure. */
import type { LossReason } from '../core/loss'
import { reactionTo } from '../core/loss'

export interface Failure {
  /** Failures in a row, this one included; a useful connection starts the count anew. */
  readonly failures: number
  /** WebSocket close code or HTTP status of the last one; `null` if there was neither. */
  readonly code: number | null
  readonly reason: LossReason
  /** Whether what was lost had carried anything (or lived for 5 s). */
  readonly wasUseful: boolean
  /** Milliseconds since the outage began. */
  readonly elapsedMs: number
  /** Uniform in [0, 1): the randomness of this decision. */
  readonly chance: number
}

/** Answers how long to wait before the next attempt, milliseconds. The floor of 250 ms between attempts stays. */
export type BackoffPolicy = (failure: Failure) => number

export interface BackoffOptions {
  /** Delay of the second attempt; doubles with every failure. @default 1500 ms */
  baseMs?: number
  /** No delay grows beyond this (times 1.25 by jitter). @default 15000 ms */
  capMs?: number
  /** Upper bound of the first retry after losing a connection that worked. @default 500 ms */
  firstMs?: number
  /** Upper bound of the first retry when a server restart cut everybody off in the same second. @default 8000 ms */
  restartSpreadMs?: number
}

/** `'cloud'`: the ladder the vendor publishes for its cloud, which blocks clients that ask faster. */
export type BackoffOption = BackoffOptions | 'cloud' | BackoffPolicy

export const BACKOFF: Required<BackoffOptions> = { baseMs: 1500, capMs: 15_000, firstMs: 500, restartSpreadMs: 8000 }
/** The second retry is spread less than the first one: the floor of 250 ms has delayed it already. */
const AGAIN = 0.6
const CLOUD_LADDER_MS = [100, 15_000, 15_000, 45_000, 45_000, 600_000, 600_000, 600_000, 600_000, 600_000, 3_600_000]
/** Connection limit reached: every retry evicts another tab, so stay away for a while. */
const TOO_MANY_MS = 15_000

export function backoffPolicy(option: BackoffOption = {}): BackoffPolicy {
  if (typeof option === 'function') return option
  if (option === 'cloud') return cloud
  return exponential({ ...BACKOFF, ...option })
}

function exponential({ baseMs, capMs, firstMs, restartSpreadMs }: Required<BackoffOptions>): BackoffPolicy {
  return ({ failures, reason, wasUseful, elapsedMs, chance }) => {
    const reaction = reactionTo(reason)
    const jitter = 0.75 + 0.5 * chance
    if (reaction === 'back-off') return TOO_MANY_MS * (1 + chance)
    if (failures <= 1) {
      if (reaction === 'spread') return restartSpreadMs * chance
      if (wasUseful) return firstMs * chance
    }
    // The first retry of an outage that has hardly begun failed as well: most likely by the same blow.
    if (failures === 2 && elapsedMs < 2 * firstMs) return AGAIN * firstMs * chance
    // Jitter after the cap, or everybody ends up at exactly the cap together.
    return Math.min(capMs, baseMs * 2 ** Math.max(0, failures - 2)) * jitter
  }
}

function cloud({ failures, reason, chance }: Failure): number {
  const step = CLOUD_LADDER_MS[Math.min(failures, CLOUD_LADDER_MS.length) - 1] ?? 100
  const atLeastMs = reactionTo(reason) === 'back-off' ? TOO_MANY_MS : 0
  return Math.max(atLeastMs, step) * (1 + 0.2 * chance)
}
