/**
 * Owns the one long poll that fetches what a WebSocket of 0.3.4 cannot replay. What comes over the WebSocket meanwhile
 * is held back until the poll was answered, or was seen to wait: the order in a channel is kept.
 */
import type { Frame } from '../codec/codec'
import type { Transport, TransportSink } from '../transport/transport'

export interface CatchUp {
  /** Whether the frame was taken over for later. */
  hold(frame: Frame): boolean
  /** What is held was not placed in the stream yet: whoever asks next gets it again. */
  stop(): void
}

export interface CatchUpDeps {
  /** Opens the poll, which asks for what was missed. */
  open(sink: TransportSink): Transport
  /** What the poll brought. */
  fetched(frame: Frame): void
  /** What was held back. */
  release(frame: Frame): void
  /** `false`: the poll was refused or not answered, and what was missed stays missed. */
  ended(isComplete: boolean): void
}

export function createCatchUp(deps: CatchUpDeps): CatchUp {
  let held: Frame[] | null = []
  let over = false

  function release(): void {
    const frames = held || []
    held = null
    frames.forEach(deps.release)
  }
  function end(isComplete: boolean): void {
    if (over) return
    over = true
    poll.close()
    release()
    deps.ended(isComplete)
  }
  const complete = (): void => end(true)
  const poll = deps.open({
    // A poll that waits has nothing to bring; its answer is awaited all the same, because a slow one looks alike.
    opened(_kind, confirmed) {
      if (!confirmed) release()
    },
    frame(frame) {
      deps.fetched(frame)
      complete()
      return 'nothing-new'
    },
    alive: complete,
    emptyPoll: complete,
    lost: () => end(false),
  })
  return {
    hold: (frame) => !!held && !!held.push(frame),
    stop() {
      over = true
      held = null
      poll.close()
    },
  }
}
