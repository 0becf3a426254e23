/**
 * Owns which transport is tried next and why others are skipped. Pure. A kind is demoted only for what it did itself:
 * three opens that carried nothing. A refusal or a timeout just moves on to the next one.
 */
import type { Loss } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'

export interface Candidate {
  readonly kind: TransportKind
  /** An event stream at an address of its own: silence there means a buffering proxy, not a waiting poll. */
  readonly ownAddress: boolean
}

/** Why transports are not in use, for people: `refused-400`, `timeout`, `buffered`, ... */
export type Skips = Readonly<Partial<Record<TransportKind, string>>>

/** What attempts have taught about the kinds. */
export interface Lessons {
  readonly skipped: Skips
  /** Opens in a row that carried nothing. */
  readonly useless: Readonly<Partial<Record<TransportKind, number>>>
  /** The kind that last carried traffic: where the next round starts. A hint, never a ban on the others. */
  readonly preferred: TransportKind | null
}

export const NO_LESSONS: Lessons = { skipped: {}, useless: {}, preferred: null }
const USELESS_OPENS = 3

/** The kinds to try in this round, in order. Demoted ones come last rather than never: something must be tried. */
export function roundOrder(candidates: readonly Candidate[], lessons: Lessons): TransportKind[] {
  const place = (kind: TransportKind): number => (isDemoted(lessons, kind) ? 2 : kind === lessons.preferred ? 0 : 1)
  return candidates.map(({ kind }) => kind).sort((a, b) => place(a) - place(b))
}

/** Kinds that are better than the one in use, best first: what a probe tries. */
export function betterThan(candidates: readonly Candidate[], kind: TransportKind): TransportKind[] {
  const better = candidates.slice(0, rankOf(candidates, kind))
  // An event stream asked for at the long-poll address is that long poll: nothing to gain.
  const gains = better.filter((other) => kind !== 'long-polling' || other.kind !== 'sse' || other.ownAddress)
  return gains.map((other) => other.kind)
}

/** Silence of an event stream at an address of its own means a buffering proxy, and is given longer. */
export function hasOwnStream(candidates: readonly Candidate[]): boolean {
  return candidates.some(({ kind, ownAddress }) => kind === 'sse' && ownAddress)
}

/** At an address of its own a silent event stream is a buffered one, and no long poll will ever answer there. */
export function mayBecomeLongPoll(candidates: readonly Candidate[], kind: TransportKind): boolean {
  return kind === 'sse' && !hasOwnStream(candidates) && candidates.some((other) => other.kind === 'long-polling')
}

/** Position in the order of preference; a kind that is no candidate (any more) ranks last. */
export function rankOf(candidates: readonly Candidate[], kind: TransportKind): number {
  const at = candidates.findIndex((candidate) => candidate.kind === kind)
  return at < 0 ? candidates.length : at
}

export function isDemoted(lessons: Lessons, kind: TransportKind): boolean {
  return (lessons.useless[kind] || 0) >= USELESS_OPENS
}

/** Reasons of an earlier round are history; a demotion lasts until the kind proves itself. */
export function lastingSkips(lessons: Lessons): Skips {
  const skipped: Partial<Record<TransportKind, string>> = { ...lessons.skipped }
  const kinds = Object.keys(skipped) as TransportKind[]
  kinds.forEach((kind) => isDemoted(lessons, kind) || delete skipped[kind])
  return skipped
}

/** An attempt that never opened. */
export function learnRefusal(lessons: Lessons, kind: TransportKind, reason: string): Lessons {
  return { ...lessons, skipped: { ...lessons.skipped, [kind]: reason } }
}

/** An open that died before it carried anything. `isOnce`: where others do, once is enough. */
export function learnUseless(lessons: Lessons, kind: TransportKind, isOnce = false): Lessons {
  const learnt = learnRefusal(lessons, kind, 'useless')
  const useless = { ...lessons.useless, [kind]: isOnce ? USELESS_OPENS : (lessons.useless[kind] || 0) + 1 }
  return { ...learnt, useless }
}

/** A connection that carried something: its kind is good, and is where to start next time. */
export function learnUseful(lessons: Lessons, kind: TransportKind): Lessons {
  const skipped: Partial<Record<TransportKind, string>> = { ...lessons.skipped }
  delete skipped[kind]
  return { skipped, useless: { ...lessons.useless, [kind]: 0 }, preferred: kind }
}

/** The reason of a skip as people read it. */
export function skipReason({ reason, code }: Loss): string {
  return reason === 'refused' && code !== null && code < 1000 ? `refused-${code}` : reason
}

export type Diagnosis = 'server-unreachable' | 'bad-channel' | 'unauthorized'

/** What the skips of a failed round say together: everything dead is not the same as one transport blocked. */
export function diagnose(candidates: readonly Candidate[], skipped: Skips): Diagnosis | null {
  const reasons = candidates.map(({ kind }) => skipped[kind])
  const told = (['unauthorized', 'bad-channel'] as const).find((reason) => reasons.indexOf(reason) >= 0)
  return told || (reasons.length > 0 && reasons.every((reason) => reason) ? 'server-unreachable' : null)
}
