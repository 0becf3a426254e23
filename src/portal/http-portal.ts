/**
 * Owns the portals that are asked over HTTP: REST methods (`<folder>/<method>.json`) and controller actions
 * (`ajax.php?action=<action>`). No deadline and no retry here but for a stale session id: callers have both.
 */
import { PullError } from '../core/pull-error'
import type { FetchLike } from '../platform/platform'
import { portalError } from './answer'
import { encodeForm } from './form'
import type { Portal, PortalCall, PortalMethod } from './portal'
import { type Reply, type SessionIdOption, createSessionId } from './session-id'

export interface HttpPortalOptions {
  /** Of `pull.config.get`: the other methods are its neighbours. */
  readonly url: string
  readonly sessid?: SessionIdOption
  readonly method?: 'POST' | 'GET' | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly guestUserId?: string | number | undefined
  readonly fetch?: FetchLike | undefined
  readonly credentials?: RequestCredentials | undefined
}

const ACTIONS: Readonly<Partial<Record<PortalMethod, string>>> = {
  'pull.config.get': 'pull.api.config.get',
  'pull.watch.extend': 'pull.api.config.extendWatch',
  'pull.channel.public.list': 'pull.api.channel.getPublicIds',
  'pull.api.user.getLastSeen': 'pull.api.user.getLastSeen',
}
const ACTION = /([?&]action=)[^&]*/

export function httpPortal(options: HttpPortalOptions): Portal {
  const { method = 'POST', guestUserId } = options
  const isController = ACTION.test(options.url)
  const withSessionId = createSessionId(options.sessid)

  function urlOf(called: PortalMethod): string {
    const { url } = options
    if (called === 'pull.config.get') return url
    if (isController) return url.replace(ACTION, `$1${ACTIONS[called]}`)
    return url.replace(/[^/?]*(\?.*)?$/, `${called}.json$1`)
  }

  return async (call) => {
    const params: Record<string, unknown> = {}
    // REST ignores the case of its parameters, controllers do not: theirs are never all capitals.
    Object.keys(call.params).forEach((name) => {
      params[isController ? name.replace(/^[A-Z]+$/, (capitals) => capitals.toLowerCase()) : name] = call.params[name]
    })
    if (isController && !ACTIONS[call.method])
      throw new PullError('not-supported', `Controllers lack ${call.method}: use restConfig`)
    if (guestUserId && call.method !== 'pull.config.get' && call.method !== 'server.time') {
      throw new PullError('forbidden', `Guests may not call ${call.method}: log in`)
    }
    const ask = (sessid: string | null): Promise<Reply> => {
      const form = encodeForm({ ...params, sessid, pull_guest_id: guestUserId || null })
      const isGet = method === 'GET'
      const query = [call.logTag && encodeForm({ logTag: call.logTag }), isGet && form].filter(Boolean).join('&')
      const url = urlOf(call.method)
      return send(options, call, {
        url: url + (query && (url.includes('?') ? '&' : '?') + query),
        method,
        body: isGet ? null : form,
        headers: isController && sessid ? { 'X-Bitrix-Csrf-Token': sessid } : {},
        parse: parseJson,
      })
    }
    const [response, answer] = await withSessionId(ask)
    if (!response.ok || answer === undefined) throw portalError(answer, response.status)
    return answer
  }
}

export interface HttpCall {
  readonly url: string
  readonly method: 'POST' | 'GET'
  readonly body: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** `undefined` for a body that cannot be read. */
  readonly parse: (body: string) => unknown
}

/** One request. Rejects with a `PullError`, or with what `fetch` rejects with when it was aborted. */
export async function send(
  options: Pick<HttpPortalOptions, 'fetch' | 'credentials' | 'headers'>,
  { fetch, signal }: Pick<PortalCall, 'fetch' | 'signal'>,
  { url, method, body, headers, parse }: HttpCall,
): Promise<Reply> {
  // A local name: called as a method of the options, the browser's function throws "Illegal invocation".
  const run = options.fetch || fetch
  if (!run) throw new PullError('bad-option', 'No fetch here: pass one to the configuration source')
  try {
    const response = await run(url, {
      method,
      credentials: options.credentials || 'same-origin',
      cache: 'no-store',
      signal,
      headers: {
        ...(body !== null && { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...headers,
        ...options.headers,
      },
      body,
    })
    return [response, parse(await response.text())]
  } catch (thrown) {
    if (signal.aborted) throw thrown
    // Node repeats an invalid URL in its message, and that of a GET holds the session id.
    throw portalError(null, undefined, body === null ? undefined : thrown)
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    return undefined
  }
}
