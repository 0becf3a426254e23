/**
 * Owns asking the PHP endpoint of portals too old for REST: its channel answer becomes the configuration that others
 * send, and watch tags are renewed there as well. Nothing else is to be had from it.
 */
import { PullError } from '../core/pull-error'
import type { FetchLike } from '../platform/platform'
import { portalError } from './answer'
import { encodeForm } from './form'
import { toNumber, toRecord, toText } from './foreign-value'
import { send } from './http-portal'
import { readPhpLiteral } from './php-literal'
import type { Portal } from './portal'
import { type Reply, type SessionIdOption, createSessionId, isPhpSessionError } from './session-id'

/** Where every portal has it. */
export const PHP_ENDPOINT = '/bitrix/components/bitrix/pull.request/ajax.php'

const CHANNEL_LIFETIME_S = 43_200

export interface PhpPortalOptions {
  readonly url?: string | undefined
  readonly sessid?: SessionIdOption
  readonly siteId?: string | undefined
  readonly fetch?: FetchLike | undefined
}

export function phpPortal(options: PhpPortalOptions): Portal {
  const { url = PHP_ENDPOINT, siteId } = options
  const withSessionId = createSessionId(options.sessid)
  return async (call) => {
    const isConfig = call.method === 'pull.config.get'
    if (!isConfig && call.method !== 'pull.watch.extend') {
      throw new PullError('not-supported', `The PHP endpoint lacks ${call.method}: use restConfig`)
    }
    const query = isConfig ? `GET_CHANNEL&V=17&${encodeForm({ CODE: call.logTag })}` : 'UPDATE_WATCH&V=17'
    const asked = isConfig
      ? { PULL_GET_CHANNEL: 'Y', MOBILE: 'N', CACHE: 'N' }
      : { PULL_UPDATE_WATCH: 'Y', WATCH: call.params['tags'] || call.params['TAGS'] }
    let used: string | null = null
    const ask = (sessid: string | null): Promise<Reply> =>
      send(options, call, {
        url: url + (url.includes('?') ? '&' : '?') + query,
        method: 'POST',
        body: encodeForm({ ...asked, SITE_ID: siteId, PULL_AJAX_CALL: 'Y', sessid: (used = sessid) }),
        parse: readPhpLiteral,
      })
    const [response, raw] = await withSessionId(ask)
    const answer = toRecord(raw)
    const error = answer['ERROR']
    if (isPhpSessionError(error))
      throw new PullError('forbidden', `Refused (${String(error)}): log in, or pass the sessid`)
    if (error || !response.ok || raw === undefined) throw portalError({ error: error || undefined }, response.status)
    return { result: isConfig ? configOf(answer, url, used, siteId) : answer['RESULT'] }
  }
}

/** The configuration as newer portals would send it. Without a queue server its version is 0. */
function configOf(
  answer: Readonly<Record<string, unknown>>,
  url: string,
  sessid: string | null,
  siteId: string | undefined,
): object {
  const isQueue = answer['METHOD'] === 'LONG'
  const starts = (toText(answer['CHANNEL_DT']) || '').split('/').map(toNumber)
  const ids = (toText(answer['CHANNEL_ID']) || '').split('/')
  const channel = (at: number): object => ({
    id: ids[at],
    start: starts[at],
    end: starts[at]! + CHANNEL_LIFETIME_S,
  })
  const webSocket = answer['WEBSOCKET'] !== 'N' && isQueue && pathOf(answer['PATH_WS'])
  return {
    server: {
      version: isQueue ? 2 : 0,
      long_polling: isQueue && pathOf(answer['PATH']),
      websocket_enabled: !!webSocket,
      websocket: webSocket,
      interval_polling: url,
    },
    channels: { private: { ...channel(0), public_id: answer['CHANNEL_PUBLIC_ID'] }, shared: channel(1) },
    sessid,
    site_id: siteId,
    last_id: answer['LAST_ID'],
  }
}

/** Comes with the channels already in it. They are written where the request is made, and an address is no secret. */
function pathOf(url: unknown): string {
  return (toText(url) || '').replace(/([?&])CHANNEL_ID=[^&]*&?/, '$1').replace(/[?&]$/, '')
}
