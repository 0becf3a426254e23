/**
 * Owns one long poll beside a link, which fetches what the link may have missed. An answer of any kind ends it. One that
 * waits has nothing to bring, or never reached the server: only its end tells them apart.
 */
import type { Frame } from '../codec/codec'
import type { Clock } from '../platform/platform'
import type { Transport, TransportSink } from '../transport/transport'

/** `waits` comes before an end: so long nothing came. `lost`: refused, cut off, or never answered. */
export type PollWord = 'waits' | 'answered' | 'lost'

export interface ShortPollDeps {
  readonly clock: Clock
  /** A poll without any answer for this long never reached the server. */
  readonly holdMs: number
  /** `again`: it is about to be asked for the next time. */
  open(sink: TransportSink, again: () => void): Transport
  take(frame: Frame, isPart: boolean): void
  told(word: PollWord): void
}

/** Whoever starts one gives up after so many that were lost. */
export const TRIES = 3
/** A poll that waited this long most likely has nothing to bring: servers hold it for another half minute. */
const WAIT_MS = 5000

/** The result stops it silently. */
export function startShortPoll({ clock, holdMs, open, take, told }: ShortPollDeps): () => void {
  const startedAtMs = clock.now()
  let over = false

  function stop(): void {
    over = true
    clock.clearTimeout(patience)
    poll.close()
  }
  function end(word: PollWord): void {
    if (over) return
    stop()
    told(word)
  }
  const answered = (): void => end('answered')
  const lost = (): void => end('lost')
  let patience = clock.setTimeout(() => {
    // The transport would ask again then.
    patience = clock.setTimeout(lost, holdMs - WAIT_MS - 1)
    told('waits')
  }, WAIT_MS)
  const poll = open(
    {
      opened: () => {},
      frame(frame, isPart = false) {
        take(frame, isPart)
        if (!isPart) answered()
        return 'nothing-new'
      },
      alive: answered,
      emptyPoll: answered,
      lost,
    },
    // A gateway lost its patience: the poll was held, and had nothing to bring. Or the page slept, and nobody answered.
    () => (clock.now() - startedAtMs < holdMs ? answered : lost)(),
  )
  return stop
}
