/** Owns the source for portals too old for REST, and for those without a queue server. */
import type { FetchLike } from '../platform/platform'
import { phpPortal } from '../portal/php-portal'
import type { ConfigSource } from './config'
import { portalSource } from './source'

export interface PhpConfigOptions {
  /** The endpoint, which is polled too where there is no queue server. @default '/bitrix/components/bitrix/pull.request/ajax.php' */
  readonly url?: string | undefined
  /**
   * The session id of Bitrix; a function is asked before each request, e.g. `() => BX.bitrix_sessid()`.
   * @default none: the first request is refused with an id and repeated with it
   */
  readonly sessid?: string | (() => string | null | undefined) | undefined
  /** The site the page belongs to, `BX.message('SITE_ID')`. @default the portal's default site */
  readonly siteId?: string | undefined
  /** Used instead of the platform's. @default the platform's */
  readonly fetch?: FetchLike | undefined
}

/**
 * Asks the PHP endpoint for channels. Where the portal has a queue server that is what is used; where it has none, the
 * client polls the endpoint (`interval-polling`). Rejects with a `PullError` as `restConfig` does.
 *
 * @example
 * new PullClient({ config: phpConfig({ sessid: BX.bitrix_sessid(), siteId: BX.message('SITE_ID') }) })
 */
export function phpConfig(options: PhpConfigOptions = {}): ConfigSource {
  return portalSource(phpPortal(options))
}
