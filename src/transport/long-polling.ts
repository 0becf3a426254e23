/** Owns the long-polling transport: the poll loop from its first request on. */
import { createPollLoop } from './poll-loop'
import type { Transport, TransportDeps } from './transport'

export function createLongPollingTransport(deps: TransportDeps): Transport {
  return createPollLoop(deps)
}
