/** Owns what the runners of the server share: settings, generation, the live hub, connections, faults and the clock. */
import type { Connections } from './connections'
import type { FaultControl } from './fault-control'
import type { Generation } from './generations/generation'
import type { Hub } from './hub'
import type { Settings } from './options'

export interface Context {
  readonly settings: Settings
  readonly generation: Generation
  readonly connections: Connections
  readonly faults: FaultControl
  /** The storage of this moment: a restart without history replaces it. */
  hub(): Hub
  /** The server's clock, which `clockSkewMs` moves. */
  nowMs(): number
}
