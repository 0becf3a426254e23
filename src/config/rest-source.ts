/**
 * Owns the source that asks the portal over HTTP: `pull.config.get` and everything that answers like it.
 * It has no deadline and no retry of its own: whoever asks aborts by signal and asks again.
 */
import { PullError } from '../core/pull-error'
import type { FetchLike } from '../platform/platform'
import { errorCodeOf, isKnownCode, portalError, renewedSessid } from './answer'
import type { ConfigReason, ConfigRequest, ConfigSource } from './config'

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
   * `() => BX.bitrix_sessid()`. A new one that the portal sends instead of a stale one is used from then on.
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

const DEFAULT_URL = '/rest/pull.config.get.json'

type Params = readonly (readonly [name: string, value: string])[]

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
  /** What the portal sent in place of `instead`; void as soon as the page has another one itself. */
  let renewed: { readonly instead: string | null; readonly sessid: string } | null = null

  return async (request) => {
    for (let isRepeat = false; ; isRepeat = true) {
      const given = sessidOf(options)
      const sessid = renewed !== null && renewed.instead === given ? renewed.sessid : given
      const { response, answer } = await ask(options, request, sessid)
      const next = renewedSessid(answer)
      if (next !== null && next !== sessid && !isRepeat) {
        renewed = { instead: given, sessid: next }
        continue
      }
      if (!response.ok) throw httpError(response.status, answer)
      if (answer === undefined) throw notJson(response)
      return answer
    }
  }
}

function sessidOf({ sessid }: RestConfigOptions): string | null {
  return (typeof sessid === 'function' ? sessid() : sessid) || null
}

interface Reply {
  readonly response: Response
  /** `undefined` when the body is not JSON. */
  readonly answer: unknown
}

async function ask(options: RestConfigOptions, request: ConfigRequest, sessid: string | null): Promise<Reply> {
  // A local name: called as a method of the options, the browser's function throws "Illegal invocation".
  const send = options.fetch ?? request.fetch
  if (!send) {
    throw new PullError(
      'bad-option',
      'There is no fetch in this environment: pass one to restConfig or in options.platform',
    )
  }
  const { url = DEFAULT_URL, method = 'POST', credentials = 'same-origin' } = options
  const params: Params = [
    ['CACHE', options.cache ?? 'N'],
    ...(sessid === null ? [] : [['sessid', sessid] as const]),
    ...(options.guestUserId === undefined ? [] : [['pull_guest_id', String(options.guestUserId)] as const]),
  ]
  const isGet = method === 'GET'
  const tag: Params = [['logTag', logTag(request.reason)]]
  const init: RequestInit = {
    method,
    credentials,
    cache: 'no-store',
    signal: request.signal,
    headers: {
      Accept: 'application/json',
      ...(isGet ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
      ...options.headers,
    },
    ...(isGet ? {} : { body: encode(params) }),
  }
  try {
    const response = await send(withQuery(url, isGet ? [...tag, ...params] : tag), init)
    return { response, answer: parseJson(await response.text()) }
  } catch (thrown) {
    if (request.signal.aborted) throw thrown
    const hint = /^(https?:)?\/\//i.test(url) ? '' : '; outside of a page the url must be absolute'
    throw new PullError(
      'config-unavailable',
      `The request for the push configuration failed before there was an answer: check the network, the url and (across origins) CORS${hint}`,
      // Node repeats an invalid URL in its message, and that of a GET holds the session id.
      { retryable: true, ...(isGet ? {} : { cause: thrown }) },
    )
  }
}

/** The portal ignores it; people who read its access log do not. */
function logTag(reason: ConfigReason): string {
  return reason.replace(/-/g, '_')
}

/** `encodeURIComponent` on purpose: `URLSearchParams` writes a space as `+`. */
function encode(params: Params): string {
  return params.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
}

function withQuery(url: string, params: Params): string {
  const base = url.replace(/#[^]*$/, '')
  const glue = !base.includes('?') ? '?' : /[?&]$/.test(base) ? '' : '&'
  return base + glue + encode(params)
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    return undefined
  }
}

function httpError(status: number, answer: unknown): PullError {
  const facts = { httpStatus: status }
  const code = errorCodeOf(answer)
  if (code !== null && isKnownCode(code)) return portalError(code, facts)
  if (status === 401 || status === 403) {
    return new PullError(
      'forbidden',
      `The portal refuses the push configuration to this user (HTTP ${status}): log in, or pass guestUserId where guests are allowed`,
      { facts },
    )
  }
  if (code !== null) return portalError(code, facts)
  return new PullError(
    'config-unavailable',
    `The portal answered the request for the push configuration with HTTP ${status}: check the url and that the portal is up`,
    { retryable: true, facts },
  )
}

function notJson(response: Response): PullError {
  const isHtml = /html/i.test(response.headers.get('Content-Type') ?? '')
  const cure = isHtml
    ? 'an HTML page, usually the login page or an error of PHP: log in, and open the url in the browser to see it'
    : 'something that is not JSON: check that the url leads to pull.config.get.json of the portal'
  return new PullError(
    'config-unavailable',
    `The portal answered the request for the push configuration with ${cure}`,
    {
      retryable: true,
      facts: { httpStatus: response.status, isRedirected: response.redirected },
    },
  )
}
