/** Owns the bounded memory of what was delivered: a message is the same message when its identity is. Pure. */
import type { Message } from '../codec/codec'
import { publishedAt } from './numbering'

/**
 * How many identities are remembered. An overlap of 1.5 s at 5 000 messages a second fits; about 1 MB when full.
 */
export const DEDUPE_WINDOW = 16_384
/** A replay may be larger than that, and be asked for again: so many times as much is remembered at the most. */
const LARGEST = 16
const RECENT_MIN = 256

export interface Dedupe {
  /** `true` the first time an identity is seen within the window. */
  isNew(identity: string, nowMs: number, mid?: string | null): boolean
  /** Whether this mid was that of another message: the server gives its numbers again. */
  isOther(mid: string | null, identity: string | null): boolean
  /** Fingerprints of what was seen since then, and of some before: servers do not deliver in order. */
  recent(sinceMs: number): string[]
  /** What was seen elsewhere, up to then, is not new here. */
  restore(fingerprints: readonly string[], untilMs: number): void
  /** Numbering started again: every mid is another message's from now on. */
  renumbered(): void
  readonly size: number
}

/** `neededSinceMs`: what came since then may come again, so it is remembered beyond the window. */
export function createDedupe(limit: number = DEDUPE_WINDOW, neededSinceMs: () => number = () => Infinity): Dedupe {
  const seen = new Map<string, number>()
  /** Who had a mid since numbering began. */
  const owners = new Map<string, string>()
  let elsewhere = new Set<string>()
  let elsewhereUntilMs = 0
  let needed = { sinceMs: 0, askedAtMs: NaN }

  function forget(nowMs: number): void {
    if (needed.askedAtMs !== nowMs) needed = { sinceMs: neededSinceMs(), askedAtMs: nowMs }
    // A Map keeps insertion order: the first one is the oldest.
    for (const [identity, atMs] of seen) {
      if (seen.size <= limit || (atMs >= needed.sinceMs && seen.size <= limit * LARGEST)) return
      seen.delete(identity)
    }
  }

  return {
    isNew(identity, nowMs, mid) {
      if (seen.has(identity)) return false
      seen.set(identity, nowMs)
      if (mid) owners.set(mid, identity)
      if (seen.size > limit) forget(nowMs)
      if (owners.size > limit) owners.delete(owners.keys().next().value as string)
      return !(elsewhere.size && elsewhere.has(fingerprint(identity)))
    },
    isOther: (mid, identity) => !!mid && !!identity && !seen.has(identity) && owners.has(mid),
    recent(sinceMs) {
      let left = seen.size
      const found: string[] = elsewhereUntilMs >= sinceMs || left < RECENT_MIN ? Array.from(elsewhere) : []
      seen.forEach((atMs, identity) => {
        if (atMs >= sinceMs || left <= RECENT_MIN) found.push(fingerprint(identity))
        left--
      })
      return found.slice(-limit)
    },
    restore(fingerprints, untilMs) {
      elsewhere = new Set(fingerprints)
      elsewhereUntilMs = untilMs
    },
    renumbered() {
      owners.clear()
    },
    get size() {
      return seen.size
    },
  }
}

/**
 * The mid where there is one: a message of two channels carries it twice; and when it was published, or what it says,
 * because a server that lost its store gives the same mids again. On push-stream channel, id, tag and time; 0.3.4 names no
 * channel, but tag and time are unique over all channels there. `null` for what has nothing of it: two such messages are
 * not one.
 */
export function identityOf(message: Message): string | null {
  const { mid, channel, id, tag, time } = message
  if (mid) return `${mid}|${publishedAt(message) || fingerprint(JSON.stringify(message.body))}`
  return id === null && tag === null && !time ? null : [channel, id, tag, time].join('|')
}

/**
 * 64 bits that tell identities apart. An identity begins with the id of its channel, a secret of 128 bits: whatever
 * follows, its fingerprints are made of no more than the 64 bits that the id leaves.
 */
export function fingerprint(text: string): string {
  let a = 0x811c9dc5
  let b = 0x9747b28c
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x5bd1e995)
    b ^= b >>> 15
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36).padStart(7, '0')
}
