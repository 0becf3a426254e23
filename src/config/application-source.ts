/** Owns the source of REST applications: `pull.application.config.get` through the application's own client. */
import { type RestClient, applicationPortal } from '../portal/application-portal'
import type { ConfigSource } from './config'
import { portalSource } from './source'

export type { RestClient } from '../portal/application-portal'

export interface ApplicationConfigOptions {
  /** Whether the portal may answer from its cache. @default 'N' */
  readonly cache?: 'Y' | 'N' | undefined
}

/**
 * Asks for the channels of a REST application, which are others than the portal's own: `BX24` in a frame of the portal,
 * or any client whose `callMethod(method, params, callback)` calls back or returns a promise. Rejects with a `PullError`
 * as `restConfig` does.
 *
 * @example
 * BX24.init(() => new PullClient({ config: applicationConfig(BX24) }).start())
 * @throws PullError `bad-option`
 */
export function applicationConfig(client: RestClient, options: ApplicationConfigOptions = {}): ConfigSource {
  return portalSource(applicationPortal(client), { CACHE: options.cache || 'N' })
}
