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
  /**
   * After a reconnect, or a first connection that took several attempts, once it is known (about two seconds later):
   * whether everything that was missed has come.
   */
  readonly recovered?: Recovered
}

export interface ChannelsFact {
  /** `loaded`: first configuration. `changed`: other ids. `renewed`: the same ids with a new end. */
  readonly reason: 'loaded' | 'changed' | 'renewed'
  /** Ends are Unix ms by the server's clock. Ids are secret and not told. */
  readonly channels: readonly { readonly type: string; readonly endAtMs: number | null }[]
}

/** Messages may be missing: the page should fetch its state again. docs/SPEC.md has the table of what is told when. */
export interface GapFact {
  /** `certain`: the server shows a hole. `suspected`: it cannot tell what was published meanwhile. */
  readonly certainty: 'certain' | 'suspected'
  /**
   * `no-replay`: this server does not replay on this transport. `overflow`: the numbers of a channel (push-stream) have a
   * hole, `missing` says how many. `history`: the absence was longer than servers keep messages. `renumbered`: the
   * server lost its store and counts from the beginning. `channel`: a channel was replaced, and what was left in it could not be
   * asked for.
   */
  readonly reason: 'no-replay' | 'overflow' | 'history' | 'renumbered' | 'channel'
  readonly missing?: number
  /** Local Unix ms: between these instants something may have been missed. */
  readonly sinceMs: number
  readonly untilMs: number
}

/** What became of what was published during an outage. */
export type Recovered = 'complete' | 'suspected-gap' | 'gap'

export function statusOf(
  state: Exclude<State, { phase: 'idle' }>,
  missing: StatusFact['skipped'],
  recovered: Recovered | null,
): StatusFact {
  const { target, lessons, lastLoss, hasConnected } = state.memory
  const skipped: Partial<Record<TransportKind, string>> = { ...missing, ...lessons.skipped }
  if (state.phase === 'connected') {
    const { kind, confirmed } = state.active
    // What carries the traffic is not skipped, whatever an earlier attempt of its kind came to.
    delete skipped[kind]
    const fact: StatusFact = {
      status: 'connected',
      transport: kind,
      reason: confirmed ? 'open' : 'unconfirmed',
      skipped,
    }
    return recovered ? { ...fact, recovered } : fact
  }
  const diagnosis = state.phase === 'waiting' && diagnose(target.candidates, lessons.skipped)
  const reason = state.phase === 'suspended' ? 'page-hidden' : diagnosis || (lastLoss ? lastLoss.reason : 'starting')
  return { status: hasConnected ? 'reconnecting' : 'connecting', transport: null, reason, skipped }
}

/** Since when there has been no useful connection; `null`: there is one, or there was none yet. */
export function downSince(state: State): number | null {
  return state.phase === 'idle' ? null : state.memory.outageSinceMs
}

/** Since when there has been no connection, while the next attempt is waited for. */
export function outageOf(state: State): number | null {
  return state.phase === 'waiting' ? state.memory.outageSinceMs : null
}

export function sameStatus(a: StatusFact, b: StatusFact): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
