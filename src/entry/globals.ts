/**
 * Types of what the script tag gives a page: `import type {} from 'bx-pull/globals'`, or `"types": ["bx-pull/globals"]`.
 * Nothing of it is code.
 */
import type { AnyEvents } from '../client/client'
import type { PullClientConstructor, PullClientInstance } from '../client/pull-client'
import type { restConfig } from '../config/rest-source'
import type { staticConfig } from '../config/static-source'
import type { PullError } from '../core/pull-error'
import type { ConnectOptions } from './bx/connect-options'
import type { LegacyPullClient, LegacyPullClientConstructor } from './bx/legacy-types'

// Inside of the namespace their names are taken.
type PullErrorClass = typeof PullError
type RestConfig = typeof restConfig
type StaticConfig = typeof staticConfig

declare global {
  // A namespace is what other declarations of `BX` can be added to.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace BX {
    /** The client of the page. */
    const PULL: LegacyPullClient
    const PullClient: LegacyPullClientConstructor
    // eslint-disable-next-line @typescript-eslint/no-namespace
    namespace Pull {
      /** Creates a client and starts it. */
      function connect<Events extends object = AnyEvents>(options: ConnectOptions): PullClientInstance<Events>
      const PullClient: PullClientConstructor
      const PullError: PullErrorClass
      const restConfig: RestConfig
      const staticConfig: StaticConfig
    }
  }
}

export type * from './bx/legacy-types'
export type { ConnectOptions } from './bx/connect-options'
export type { PullClientInstance } from '../client/pull-client'
