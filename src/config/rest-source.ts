/**
 * Owns the source that asks the portal over HTTP: `pull.config.get` and everything that answers like it.
 * It has no deadline and no retry of its own: whoever asks aborts by signal and asks again.
 */
import { PullError } from '../core/pull-error'
import type { FetchLike } from '../platform/platform'
import { errorCodeOf, portalError } from '../portal/answer'
import type { ConfigRequest, ConfigSource } from './config'
import { toRecord, toText } from '../portal/foreign-value'

/** Options of `restConfig`. */
export interface RestConfigOptions {
  /**
   * Where to ask. A query it already has is kept, so that a controller works too
   * (`/bitrix/services/main/ajax.php?action=pull.api.config.get`). Relative URLs need a page.
   * @default '/rest/pull.config.get.json'
   */
  readonly url?: string | undefined
  /**
   * The session id of Bitrix, which protects from forged requests; a function is asked before each request, e.g.
   * `() => BX.bitrix_sessid()`. When the portal sends a new one in place of a stale one, the request is repeated with it.
   */
  readonly sessid?: string | (() => string | null | undefined) | undefined
  /** `GET` puts every parameter, sessid included, into the URL and so into access logs. @default 'POST' */
  readonly method?: 'POST' | 'GET' | undefined
  /** Added to every request. Across origins they cause a preflight request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** For visitors without a login, where the portal allows it (live chat, conferences). */
  readonly guestUserId?: string | number | undefined
  /** Whether the portal may answer from its cache. @default 'N' */
  readonly cache?: 'Y' | 'N' | undefined
  /** Used instead of the platform's. */
  readonly fetch?: FetchLike | undefined
  /** Whether cookies go along. @default 'same-origin' */
  readonly credentials?: RequestCredentials | undefined
}

/**
 * Asks a portal for its configuration.
 *
 * The source rejects with a `PullError`: `forbidden` (not retryable) for 401, 403 and their error codes,
 * `disabled` where the portal has no push server, `bad-option` where there is no `fetch`, else `config-unavailable`
 * (retryable; `facts.httpStatus` where there was an answer). An aborted request rejects with what `fetch` rejects with.
 *
 * @example
 * new PullClient({ config: restConfig({ sessid: () => BX.bitrix_sessid() }) })
 */
export function restConfig(options: RestConfigOptions = {}): ConfigSource {
  return async (request) => {
    const sessid = (typeof options.sessid === 'function' ? options.sessid() : options.sessid) || null
    let [response, answer] = await ask(options, request, sessid)
    const next = errorCodeOf(answer) === 'session_failed' && toText(toRecord(answer)['sessid'])
    if (next && next !== sessid) [response, answer] = await ask(options, request, next)
    if (!response.ok || answer === undefined) throw portalError(answer, response.status)
    return answer
  }
}

type Reply = [response: Response, answer: unknown]

/** The answer is `undefined` when the body is not JSON. */
async function ask(options: RestConfigOptions, request: ConfigRequest, sessid: string | null): Promise<Reply> {
  // A local name: called as a method of the options, the browser's function throws "Illegal invocation".
  const send = options.fetch || request.fetch
  if (!send) throw new PullError('bad-option', 'No fetch here: pass one to restConfig')
  const { url = '/rest/pull.config.get.json', method = 'POST' } = options
  const isGet = method === 'GET'
  const form = `CACHE=${options.cache || 'N'}${field('sessid', sessid)}${field('pull_guest_id', options.guestUserId)}`
  // The portal ignores the tag; people who read its access log do not.
  const query = `logTag=${request.reason.replace('-', '_')}${isGet ? `&${form}` : ''}`
  try {
    const response = await send(url + (url.includes('?') ? '&' : '?') + query, {
      method,
      credentials: options.credentials || 'same-origin',
      cache: 'no-store',
      signal: request.signal,
      headers: { ...(!isGet && { 'Content-Type': 'application/x-www-form-urlencoded' }), ...options.headers },
      body: isGet ? null : form,
    })
    return [response, parseJson(await response.text())]
  } catch (thrown) {
    if (request.signal.aborted) throw thrown
    // Node repeats an invalid URL in its message, and that of a GET holds the session id.
    throw portalError(null, undefined, isGet ? undefined : thrown)
  }
}

/** `encodeURIComponent` on purpose: `URLSearchParams` writes a space as `+`. */
function field(name: string, value: string | number | null | undefined): string {
  return value ? `&${name}=${encodeURIComponent(value)}` : ''
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    return undefined
  }
}
