/**
 * Owns the poll that fetches what a link cannot replay (0.3.4 over WebSocket). What comes over the link meanwhile is held
 * back, but not for long: the order in a channel is kept where the answer comes soon.
 */
import type { Frame } from '../codec/codec'
import type { Clock } from '../platform/platform'
import { type PollWord, TRIES } from './short-poll'

export interface MissedFetch {
  /** `told`: `waits` may come before `answered` or `lost`. */
  start(poll: (told: (word: PollWord) => void) => () => void, sinceMs: number, told: (word: PollWord) => void): void
  /** Since when it fetches; `Infinity`: nothing is being fetched. */
  sinceMs(): number
  /** Whether a frame was taken over for later. */
  hold(frame: Frame): boolean
  /** What is held was not placed in the stream yet: whoever asks next gets it again. */
  stop(): void
}

/** Frames of a link are held back for so long at most. */
const HOLD_MS = 2000
const PAUSE_MS = 300

export function createMissedFetch(clock: Clock, release: (frames: readonly Frame[]) => void): MissedFetch {
  let held: Frame[] | null = null
  let sinceMs = Infinity
  let holding: unknown
  let pause: unknown
  let stopPoll = (): void => {}

  function letGo(): void {
    const frames = held || []
    held = null
    clock.clearTimeout(holding)
    release(frames)
  }

  return {
    start(poll, fromMs, told) {
      held = []
      sinceMs = fromMs
      holding = clock.setTimeout(letGo, HOLD_MS)
      let triesLeft = TRIES
      const ask = (): void => {
        stopPoll = poll((word) => {
          if (word === 'lost' && --triesLeft) {
            pause = clock.setTimeout(ask, PAUSE_MS)
            return
          }
          if (word !== 'waits') sinceMs = Infinity
          letGo()
          told(word)
        })
      }
      ask()
    },
    sinceMs: () => sinceMs,
    hold: (frame) => !!held && !!held.push(frame),
    stop() {
      held = null
      sinceMs = Infinity
      clock.clearTimeout(holding)
      clock.clearTimeout(pause)
      stopPoll()
      stopPoll = () => {}
    },
  }
}
