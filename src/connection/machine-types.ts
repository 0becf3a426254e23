/** Owns the vocabulary of the connection machine: its states, events and effects, and the figures it decides by. */
import type { Loss, LossReason } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'
import type { BackoffPolicy } from './backoff'
import type { Candidate, Lessons } from './negotiation'

/** What to connect to. A new id means: what was opened before is out of date and is to be replaced. */
export interface Target {
  readonly id: number
  readonly candidates: readonly Candidate[]
}

/** One attempt or open pipe. Late facts of a link that is not in the list any more change nothing. */
export interface Link {
  readonly id: number
  readonly kind: TransportKind
  readonly targetId: number
  readonly startedAtMs: number
  readonly openedAtMs: number | null
  /** Whether the server itself has answered. */
  readonly confirmed: boolean
  /** Whether it carried a frame or lived for `usefulAfterMs`. */
  readonly useful: boolean
  /** It was replaced because it may have been dead. */
  readonly isDoubted?: boolean
}

/** What outlives rounds. */
export interface Memory {
  readonly target: Target
  readonly lessons: Lessons
  readonly nextLinkId: number
  readonly lastAttemptAtMs: number
  /** Failures in a row; a useful connection starts it anew. */
  readonly failures: number
  /** When the last links in a row, of whatever kind, were begun that opened and carried nothing. */
  readonly uselessAtMs: readonly number[]
  readonly outageSinceMs: number | null
  readonly lastLoss: Loss | null
  readonly probeDelayMs: number
  readonly lastCheckAtMs: number
  readonly hasConnected: boolean
  /** The page slept or changed its network: what is open may be dead, until another link has taken over. */
  readonly isDoubted: boolean
  /** `server_restart` was announced: a loss until then is part of it. */
  readonly restartUntilMs: number
}

export type State =
  | { readonly phase: 'idle' }
  /** Attempts are under way (`links`), more may follow (`queue`). */
  | {
      readonly phase: 'connecting'
      readonly memory: Memory
      readonly links: readonly Link[]
      readonly queue: readonly TransportKind[]
    }
  /** `active` carries the traffic. `links` has the others: better ones being tried, and old ones that are being drained. */
  | {
      readonly phase: 'connected'
      readonly memory: Memory
      readonly active: Link
      readonly links: readonly Link[]
      readonly queue: readonly TransportKind[]
    }
  /** Everything failed; the next round starts when the timer `retry` ends. */
  | { readonly phase: 'waiting'; readonly memory: Memory }
  /** The page is in the back/forward cache (or gone): nothing is open. */
  | { readonly phase: 'suspended'; readonly memory: Memory }
export type Phase = State['phase']

export type TimerName =
  | 'race' // the next candidate starts beside the first
  | 'deadline' // per link: an attempt has had its time
  | 'useful' // per link: alive for long enough to count
  | 'drain' // per link: what was replaced is closed
  | 'retry' // the next round
  | 'probe' // try a better transport again
  | 'replace' // open a successor beside the active link

export type ConnectionEvent =
  | { readonly type: 'start'; readonly target: Target; readonly preferred: TransportKind | null }
  | { readonly type: 'stop' }
  /** New channels or addresses: make before break. */
  | { readonly type: 'retarget'; readonly target: Target }
  | { readonly type: 'opened'; readonly linkId: number; readonly kind: TransportKind; readonly confirmed: boolean }
  /** A frame came. Sent until the link counts as useful. */
  | { readonly type: 'carried'; readonly linkId: number }
  | { readonly type: 'lost'; readonly linkId: number; readonly loss: Loss }
  | { readonly type: 'timer'; readonly name: TimerName; readonly linkId: number | null }
  /** The server is about to restart and tells everybody at once. */
  | { readonly type: 'restart-announced' }
  /** Something outside changed (see page-hints). */
  | { readonly type: 'hint'; readonly hint: Hint }
export type EventType = ConnectionEvent['type']

/** `retry`: a good moment to try. `check`: what is open may be dead or better ones possible. `leave`, `return`: bfcache. */
export type Hint = 'retry' | 'check' | 'leave' | 'return'

/** When an event is stepped: the clock and the randomness of this decision. */
export interface Moment {
  readonly nowMs: number
  /** Uniform in [0, 1). */
  readonly chance: number
}

export type Effect =
  /** `isDoubted`: beside a link that may be dead; what came over that one last is where to go on. */
  | {
      readonly type: 'open'
      readonly linkId: number
      readonly kind: TransportKind
      readonly sinceMs: number
      readonly isDoubted: boolean
    }
  | { readonly type: 'close'; readonly linkId: number; readonly code: number; readonly reason: LossReason | 'stopped' }
  | { readonly type: 'set-timer'; readonly name: TimerName; readonly linkId: number | null; readonly delayMs: number }
  | { readonly type: 'clear-timer'; readonly name: TimerName; readonly linkId: number | null }
  | { readonly type: 'clear-timers' }
  /** The channels are refused: somebody must fetch new ones. */
  | { readonly type: 'renew' }

export interface Step {
  readonly state: State
  readonly effects: readonly Effect[]
}

export interface MachineOptions {
  readonly backoff: BackoffPolicy
  /** A candidate that has not opened by then gets company. */
  readonly raceAfterMs: number
  readonly connectTimeoutMs: number
  /** An event stream of its own address that is silent for this long is buffered by a proxy. */
  readonly firstByteMs: number
  readonly usefulAfterMs: number
  readonly drainMs: number
  /** No two rounds, probes or replacements closer than this. */
  readonly floorMs: number
  readonly probeFirstMs: number
  readonly probeLongestMs: number
  /** A replaced connection after `server_restart` opens at a random moment within this. */
  readonly restartSpreadMs: number
  /** Page hints cause at most one check or retry per this time. */
  readonly hintFloorMs: number
}
