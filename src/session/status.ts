/** Owns the facts that listeners of `status` and `channels` get, and how they follow from the connection's state. Pure. */
import type { TransportKind } from '../core/transport-kind'
import type { State } from '../connection/machine-types'
import { diagnose } from '../connection/negotiation'

export type PullStatus = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'stopped'

export interface StatusFact {
  readonly status: PullStatus
  /** The transport in use, or `null` while there is none. */
  readonly transport: TransportKind | null
  /**
   * Why: `open`, `unconfirmed` (a poll waits and was not refused, but the server has not answered yet), `starting`,
   * `page-hidden`, a diagnosis (`server-unreachable`, `bad-channel`, ...) or the reason of the last loss.
   */
  readonly reason: string
  /** Why each transport that would be preferred is not in use, e.g. `{ websocket: 'refused-400' }`. */
  readonly skipped: Readonly<Partial<Record<TransportKind, string>>>
}

export interface ChannelsFact {
  /** `loaded`: first configuration. `changed`: other ids. `renewed`: the same ids with a new end. */
  readonly reason: 'loaded' | 'changed' | 'renewed'
  /** Ends are Unix ms by the server's clock. Ids are secret and not told. */
  readonly channels: readonly { readonly type: string; readonly endAtMs: number | null }[]
}

/** Messages may be missing: the page should fetch its state again. */
export interface GapFact {
  /** `certain`: the server shows a hole. `suspected`: it cannot replay what was published meanwhile. */
  readonly certainty: 'certain' | 'suspected'
  /** `no-replay`: this server does not replay on this transport. */
  readonly reason: 'no-replay'
  /** Local Unix ms: between these instants nothing was received. */
  readonly sinceMs: number
  readonly untilMs: number
}

export function statusOf(state: Exclude<State, { phase: 'idle' }>, missing: StatusFact['skipped']): StatusFact {
  const { target, lessons, lastLoss, hasConnected } = state.memory
  const skipped: Partial<Record<TransportKind, string>> = { ...missing, ...lessons.skipped }
  if (state.phase === 'connected') {
    const { kind, confirmed } = state.active
    // What carries the traffic is not skipped, whatever an earlier attempt of its kind came to.
    delete skipped[kind]
    return { status: 'connected', transport: kind, reason: confirmed ? 'open' : 'unconfirmed', skipped }
  }
  const diagnosis = state.phase === 'waiting' && diagnose(target.candidates, lessons.skipped)
  const reason = state.phase === 'suspended' ? 'page-hidden' : diagnosis || (lastLoss ? lastLoss.reason : 'starting')
  return { status: hasConnected ? 'reconnecting' : 'connecting', transport: null, reason, skipped }
}

/** Since when there has been no connection, while the next attempt is waited for. */
export function outageOf(state: State): number | null {
  return state.phase === 'waiting' ? state.memory.outageSinceMs : null
}

export function sameStatus(a: StatusFact, b: StatusFact): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
