/** Owns the bounded memory of what was delivered: a message is the same message when its identity is. Pure. */
import type { Message } from '../codec/codec'

/**
 * How many identities are remembered. An overlap of 1.5 s at 5 000 messages a second fits; about 1 MB when full.
 */
export const DEDUPE_WINDOW = 16_384

export interface Dedupe {
  /** `true` the first time an identity is seen within the window. */
  isNew(identity: string): boolean
  /** Forgets everything: numbering started again, so identities are used anew. */
  reset(): void
  readonly size: number
}

export function createDedupe(limit: number = DEDUPE_WINDOW): Dedupe {
  const seen = new Set<string>()
  return {
    isNew(identity) {
      if (seen.has(identity)) return false
      seen.add(identity)
      // A Set keeps insertion order: its first value is the oldest.
      if (seen.size > limit) seen.delete(seen.values().next().value as string)
      return true
    },
    reset: () => seen.clear(),
    get size() {
      return seen.size
    },
  }
}

/**
 * The mid where there is one: a message of two channels carries it twice. On push-stream channel,
 * id, tag and time; 0.3.4 names no channel, but tag and time are unique over all channels there. `null` for what has
 * nothing of it: two such messages are not one.
 */
export function identityOf({ mid, channel, id, tag, time }: Message): string | null {
  return mid || (id === null && tag === null && !time ? null : [channel, id, tag, time].join('|'))
}
