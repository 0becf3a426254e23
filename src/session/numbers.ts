/**
 * Owns what the numbers of messages say about what was missed: one that push-stream left out, and that stays out; and a store
 * that was lost, at any time since its last message came.
 */
import type { Message } from '../codec/codec'
import type { TransportKind } from '../core/transport-kind'
import type { Clock } from '../platform/platform'
import { REPLAYED_MS } from '../replay/position'
import { type Counts, type Holes, createHoles } from './holes'

export interface NumbersDeps {
  readonly clock: Clock
  /** Since when something is to be asked for once more, or was not read yet: it may be lost with the store. */
  owedSinceMs(): number
  /** The store is to be asked for what came since then, in so many ms. */
  owe(sinceMs: number, inMs: number): void
  /** What is missing for certain. */
  missing(count: number, sinceMs: number): void
  /** A store was lost, at any time since then. */
  lostStore(sinceMs: number): void
}

export interface Numbers extends Pick<Holes, 'counts' | 'unreadable'> {
  opened(link: { readonly id: number; readonly kind: TransportKind }): void
  left(): void
  /** A new message. `isLate`: a later link was there first. */
  seen(message: Message, version: number, publishedAtMs: number, isLate?: boolean): void
  /** The server counts from the beginning again, or goes on behind its old numbers with another store. */
  begunAgain(): void
  begunBehind(): void
  /** When the last message came whose store is still there; `Infinity`: none did. */
  heardAtMs(): number
  /** What the page before had counted; nothing was missed until then. */
  restore(counts: Counts, heardAtMs: number): void
  /** Nothing came before that. */
  missedSince(atMs: number): void
  stop(): void
}

/** A hole is told when it was not closed by then: two links bring one channel at the same time for a moment. */
const HOLE_MS = 3000
const HOLE_CHECK_MS = 1000
const HOLE_BACK_MS = 30_000
/** Two polls in a row may bring what was published at the same time. */
const BETWEEN_POLLS_MS = 1500

export function createNumbers({ clock, owedSinceMs, owe, missing, lostStore }: NumbersDeps): Numbers {
  const holes = createHoles()
  let link: { readonly id: number; readonly kind: TransportKind } | null = null
  let linkedAtMs = 0
  let timer: unknown = null
  let numberedAtMs = Infinity
  /** The same when the link opened. */
  let numberedBeforeMs = Infinity
  let highestMid = ''
  /** The last loss of a store that was told: over which link, and when what showed it was published. */
  let anew = { onId: 0, atMs: 0 }

  function lost(sinceMs: number): void {
    // What comes with a replay may have been published after the loss.
    const isReplay = clock.now() - linkedAtMs < REPLAYED_MS
    lostStore(isReplay ? Math.min(sinceMs, numberedBeforeMs) : sinceMs)
  }

  function check(): void {
    const found = holes.missing(clock.now() - HOLE_MS)
    timer = holes.areOpen() ? clock.setTimeout(check, HOLE_MS) : null
    if (found) missing(found.count, found.sinceMs)
  }

  return {
    counts: holes.counts,
    unreadable: holes.unreadable,
    heardAtMs: () => numberedAtMs,
    opened(next) {
      link = next
      linkedAtMs = clock.now()
      numberedBeforeMs = numberedAtMs
    },
    left() {
      link = null
    },
    seen(message, version, publishedAtMs, isLate) {
      const nowMs = clock.now()
      const { mid } = message
      // What is owed may be lost with the store; a low number may be the first that is given again.
      if (!mid || mid > highestMid) numberedAtMs = Math.min(publishedAtMs, owedSinceMs())
      if (mid && mid > highestMid) highestMid = mid
      if (version !== 2) return
      const found = holes.seen(message, nowMs, publishedAtMs, isLate)
      if (!found) return
      const { what, sinceMs } = found
      if (holes.areOpen()) timer = timer || clock.setTimeout(check, HOLE_MS)
      if (what === 'hole') return owe(Math.max(sinceMs, nowMs - HOLE_BACK_MS), HOLE_CHECK_MS)
      // While a link stands nothing was missed, but between two polls. Every channel shows it, one after the other: it is told
      // once.
      if (!link || (link.id === anew.onId && sinceMs < anew.atMs)) return
      const isBetweenPolls = link.kind === 'long-polling' && publishedAtMs > sinceMs + BETWEEN_POLLS_MS
      if (!isBetweenPolls && sinceMs >= linkedAtMs) return
      anew = { onId: link.id, atMs: publishedAtMs }
      lost(sinceMs)
    },
    begunAgain() {
      lost(numberedAtMs)
      highestMid = ''
    },
    begunBehind: () => lost(numberedAtMs),
    restore(counts, heardAtMs) {
      holes.restore(counts)
      numberedAtMs = heardAtMs
    },
    missedSince(atMs) {
      if (numberedAtMs === Infinity) numberedAtMs = atMs
    },
    stop: () => clock.clearTimeout(timer),
  }
}
