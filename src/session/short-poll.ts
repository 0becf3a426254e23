/**
 * Owns one long poll beside a link, which fetches what the link may have missed. An answer of any kind ends it; one that
 * only waits has nothing to bring.
 */
import type { Frame } from '../codec/codec'
import type { Clock } from '../platform/platform'
import type { Transport, TransportSink } from '../transport/transport'

export interface ShortPollDeps {
  readonly clock: Clock
  open(sink: TransportSink): Transport
  take(frame: Frame): void
  /** `false`: refused, or cut off. */
  ended(isAnswered: boolean): void
}

/** A poll that waited this long has nothing to bring: servers hold it for another half minute. */
const WAIT_MS = 5000

/** The result stops it silently. */
export function startShortPoll({ clock, open, take, ended }: ShortPollDeps): () => void {
  let over = false

  function stop(): void {
    over = true
    clock.clearTimeout(patience)
    poll.close()
  }
  function end(isAnswered: boolean): void {
    if (over) return
    stop()
    ended(isAnswered)
  }
  const answered = (): void => end(true)
  const patience = clock.setTimeout(answered, WAIT_MS)
  const poll = open({
    opened: () => {},
    frame(frame) {
      take(frame)
      answered()
      return 'nothing-new'
    },
    alive: answered,
    emptyPoll: answered,
    lost: () => end(false),
  })
  return stop
}
