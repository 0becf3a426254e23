/**
 * Owns what goes up next: which of the waiting parts fit into one request, which have waited too long, and when to look
 * again. A request holds 100 messages and 100 receivers at most and stays below 1 MiB. Pure.
 */
import { type Draft, PER_MESSAGE, RECEIVER_BYTES, REQUEST_BYTES, type Receiver } from './draft'

/** What a `send()` waits for. */
export interface Waiting {
  readonly draft: Draft
  /** After this it is not worth sending, local Unix ms. */
  readonly untilAtMs: number
}

export interface Part<Owner extends Waiting = Waiting> {
  /** Counts the parts: they go up in this order. */
  readonly order: number
  readonly owner: Owner
  readonly to: readonly Receiver[]
}

export interface Plan<Owner extends Waiting> {
  readonly late: readonly Owner[]
  /** One request; empty when there is no way up. */
  readonly request: readonly Part<Owner>[]
  /** When the next one will have waited too long; `null` when nothing is left. */
  readonly wakeAtMs: number | null
}

/** What is written around one message. */
const MESSAGE_BYTES = 200

export function planOf<Owner extends Waiting>(
  queue: readonly Part<Owner>[],
  isOpen: boolean,
  nowMs: number,
): Plan<Owner> {
  // Where nothing may wait at all, what can go up at once is not late.
  const isLate = ({ owner }: Part<Owner>): boolean => owner.untilAtMs - nowMs < (isOpen ? 0 : 1)
  const left = queue.filter((part) => !isLate(part))
  let bytes = 0
  let receivers = 0
  // Every message has a receiver, so that their limit is that of the messages too. The first one always fits.
  const tooMuch = left.findIndex((part, at) => {
    bytes += sizeOf(part)
    receivers += part.to.length
    return at > 0 && (bytes > REQUEST_BYTES || receivers > PER_MESSAGE)
  })
  const fitting = tooMuch < 0 ? left : left.slice(0, tooMuch)
  return {
    late: ownersOf(queue.filter(isLate)),
    request: isOpen ? fitting : [],
    wakeAtMs: left.length ? Math.min(...left.map(({ owner }) => owner.untilAtMs)) : null,
  }
}

export function ownersOf<Owner extends Waiting>(parts: readonly Part<Owner>[]): Owner[] {
  return Array.from(new Set(parts.map(({ owner }) => owner)))
}

/** Puts back what could not be handed over, where it was. */
export function putBack<Owner extends Waiting>(queue: readonly Part<Owner>[], part: Part<Owner>): Part<Owner>[] {
  return queue.concat(part).sort((one, other) => one.order - other.order)
}

function sizeOf({ owner, to }: Part): number {
  return owner.draft.size + to.length * RECEIVER_BYTES + MESSAGE_BYTES
}
