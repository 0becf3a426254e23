/** Owns the decision what a link needs after a break, by generation and transport. Pure. */
import type { RecoveringLink } from './recovery'

/** What a link needs once it stands. */
export type Remedy = 'fetch' | 'ask-again' | 'poll' | 'none'

/** 0.3.4 replays nothing over WebSocket. The Node servers read their store before they register the listener. */
export function remedyOf({
  version,
  kind,
  missedSinceMs,
  poll,
  isAfterCut,
  isPlanned,
}: Pick<RecoveringLink, 'version' | 'kind' | 'missedSinceMs' | 'poll'> & {
  readonly isAfterCut: boolean
  /** Another link stands, and nobody knows whether it is dead. */
  readonly isPlanned: boolean
}): Remedy {
  if (missedSinceMs === null) return isPlanned && kind === 'websocket' && version > 2 && poll ? 'ask-again' : 'none'
  // It names no channels: where every replay is cut only a whole answer gets any further.
  if (version === 1 && kind === 'sse' && isAfterCut && poll) return 'poll'
  if (kind !== 'websocket' || version === 2) return 'none'
  if (version === 1) return 'fetch'
  return 'ask-again'
}
