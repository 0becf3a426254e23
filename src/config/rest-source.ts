/** Owns the sources that ask the portal over HTTP with a login or as a guest: REST and controllers. */
import type { FetchLike } from '../platform/platform'
import { httpPortal } from '../portal/http-portal'
import type { ConfigSource } from './config'
import { portalSource } from './source'

/** Options of `restConfig` and `ajaxConfig`. */
export interface RestConfigOptions {
  /**
   * Where to ask. A query it already has is kept, so that a controller works too
   * (`/bitrix/services/main/ajax.php?action=pull.api.config.get`, which is what `ajaxConfig` asks). Other methods are
   * asked for in the same folder, or as actions of the same controller address. Relative URLs need a page.
   * @default '/rest/pull.config.get.json'
   */
  readonly url?: string | undefined
  /**
   * The session id of Bitrix, which protects from forged requests; a function is asked before each request, e.g.
   * `() => BX.bitrix_sessid()`. When the portal sends a new one in place of a stale one, the request is repeated with
   * it, and it is used from then on in place of that one.
   * @default none: the first request is refused with an id and repeated with it
   */
  readonly sessid?: string | (() => string | null | undefined) | undefined
  /** `GET` puts every parameter, sessid included, into the URL and so into access logs. @default 'POST' */
  readonly method?: 'POST' | 'GET' | undefined
  /** Added to every request. Across origins they cause a preflight request. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * For visitors without a login, where the portal allows it (live chat, conferences). Guests have a configuration and
   * nothing else: no publishing to users, no watch tags, no last seen.
   * @default none: the login of the page
   */
  readonly guestUserId?: string | number | undefined
  /** Whether the portal may answer from its cache. @default 'N' */
  readonly cache?: 'Y' | 'N' | undefined
  /** Used instead of the platform's. @default the platform's */
  readonly fetch?: FetchLike | undefined
  /** Whether cookies go along. @default 'same-origin' */
  readonly credentials?: RequestCredentials | undefined
}

/**
 * Asks a portal for its configuration by REST.
 *
 * The source rejects with a `PullError`: `forbidden` (not retryable) for 401, 403 and their error codes,
 * `disabled` where the portal has no push server, `bad-option` where there is no `fetch`, else `config-unavailable`
 * (retryable; `facts.httpStatus` where there was an answer). An aborted request rejects with what `fetch` rejects with.
 *
 * @example
 * new PullClient({ config: restConfig({ sessid: () => BX.bitrix_sessid() }) })
 */
export function restConfig(options: RestConfigOptions = {}): ConfigSource {
  const portal = httpPortal({ ...options, url: options.url || '/rest/pull.config.get.json' })
  return portalSource(portal, { CACHE: options.cache || 'N' })
}

/**
 * The same through the portal's controllers: `/bitrix/services/main/ajax.php?action=pull.api.config.get`. The session id
 * goes as a header too.
 *
 * @example
 * new PullClient({ config: ajaxConfig({ sessid: () => BX.bitrix_sessid() }) })
 */
export function ajaxConfig(options: RestConfigOptions = {}): ConfigSource {
  return restConfig({ ...options, url: options.url || '/bitrix/services/main/ajax.php?action=pull.api.config.get' })
}
