/**
 * Owns which transport is tried next and why others are skipped. Pure. A kind is demoted only for what it did itself:
 * three opens that carried nothing. A refusal or a timeout just moves on to the next one.
 */
import type { LossReason } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'

export interface Candidate {
  readonly kind: TransportKind
  /** An event stream at an address of its own: silence there means a buffering proxy, not a waiting poll. */
  readonly ownAddress: boolean
}

/** Why a transport is not in use, for people: `refused-400`, `timeout`, `buffered`, ... */
export interface Skip {
  readonly reason: string
  readonly atMs: number
}
export type Skips = Readonly<Partial<Record<TransportKind, Skip>>>

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
export function roundOrder(candidates: readonly Candidate[], lessons: Lessons): readonly TransportKind[] {
  const kinds = candidates.map(({ kind }) => kind)
  const demoted = kinds.filter((kind) => isDemoted(lessons, kind))
  const preferred = kinds.filter((kind) => kind === lessons.preferred && demoted.indexOf(kind) < 0)
  const others = kinds.filter((kind) => preferred.indexOf(kind) < 0 && demoted.indexOf(kind) < 0)
  return [...preferred, ...others, ...demoted]
}

/** Kinds that are better than the one in use, best first: what a probe tries. */
export function betterThan(candidates: readonly Candidate[], kind: TransportKind): readonly TransportKind[] {
  const better = candidates.slice(0, rankOf(candidates, kind))
  // An event stream asked for at the long-poll address is that long poll: nothing to gain.
  const gains = better.filter(
    (candidate) => kind !== 'long-polling' || candidate.kind !== 'sse' || candidate.ownAddress,
  )
  return gains.map((candidate) => candidate.kind)
}

/** Position in the order of preference; a kind that is no candidate (any more) ranks last. */
export function rankOf(candidates: readonly Candidate[], kind: TransportKind): number {
  const at = candidates.findIndex((candidate) => candidate.kind === kind)
  return at < 0 ? candidates.length : at
}

export function isDemoted(lessons: Lessons, kind: TransportKind): boolean {
  return (lessons.useless[kind] ?? 0) >= USELESS_OPENS
}

/** An attempt that never opened. */
export function learnRefusal(lessons: Lessons, kind: TransportKind, reason: string, atMs: number): Lessons {
  return { ...lessons, skipped: { ...lessons.skipped, [kind]: { reason, atMs } } }
}

/** An open that died before it carried anything. */
export function learnUseless(lessons: Lessons, kind: TransportKind, atMs: number): Lessons {
  const useless = { ...lessons.useless, [kind]: (lessons.useless[kind] ?? 0) + 1 }
  const preferred = lessons.preferred === kind && (useless[kind] ?? 0) >= USELESS_OPENS ? null : lessons.preferred
  return { ...learnRefusal(lessons, kind, 'useless', atMs), useless, preferred }
}

/** A connection that carried something: its kind is good, and is where to start next time. */
export function learnUseful(lessons: Lessons, kind: TransportKind): Lessons {
  const skipped = { ...lessons.skipped }
  delete skipped[kind]
  return { skipped, useless: { ...lessons.useless, [kind]: 0 }, preferred: kind }
}

/** The reason of a skip as people read it. */
export function skipReason(reason: LossReason, code: number | null): string {
  return reason === 'refused' && code !== null && code < 1000 ? `refused-${code}` : reason
}

export type Diagnosis = 'server-unreachable' | 'websocket-blocked' | 'bad-channel' | 'unauthorized'

/** What the skips of a round say together: everything dead is not the same as one transport blocked. */
export function diagnose(
  candidates: readonly Candidate[],
  skipped: Skips,
  inUse: TransportKind | null,
): Diagnosis | null {
  const reasons = candidates.map(({ kind }) => skipped[kind]?.reason)
  if (reasons.indexOf('unauthorized') >= 0) return 'unauthorized'
  if (reasons.indexOf('bad-channel') >= 0 && inUse === null) return 'bad-channel'
  if (inUse !== null) return inUse !== 'websocket' && skipped.websocket ? 'websocket-blocked' : null
  return reasons.length > 0 && reasons.every((reason) => reason !== undefined) ? 'server-unreachable' : null
}
