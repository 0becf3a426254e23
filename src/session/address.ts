/** Owns what a request to the queue server says: which channels, which generation, from which place on. Pure. */
import { channelQuery } from '../channel/channel-set'
import type { PullConfig } from '../config/config'
import type { TransportKind } from '../core/transport-kind'
import type { CursorQuery } from '../replay/position'
import { requestUrl } from '../transport/request'
import type { TransportAddress } from '../transport/transport'
import { endpointOf } from './candidates'

/** API level of the web client. */
const REVISION = 19

/** `href`: address of the page, to resolve relative addresses; WebSockets need absolute ones in older browsers. */
export function addressOf(
  config: PullConfig,
  kind: TransportKind,
  cursor: CursorQuery,
  href: string | null,
): TransportAddress {
  const { version, channels, mode, clientId, hostname } = config
  const isWebSocket = kind === 'websocket'
  let base = endpointOf(config.endpoints, kind) || ''
  if (href && !/^\w+:/.test(base)) base = new URL(base, href).href
  if (isWebSocket) base = base.replace(/^http/i, 'ws')
  const said: Readonly<Record<string, string | number | false | null>> = {
    CHANNEL_ID: channelQuery(channels),
    clientId: mode === 'shared' && clientId,
    hostname,
    ...cursor,
    revision: REVISION,
  }
  // A tag may be 0.
  const names = Object.keys(said).filter((name) => said[name] || said[name] === 0)
  const parameters = names.map((name) => [name, String(said[name])] as const)
  const url = requestUrl(base, parameters, version === 1)
  // 0.3.4 reads the time of a poll from this header only. It costs a preflight, which the server answers.
  return version === 1 && !isWebSocket && cursor.time ? { url, headers: { 'If-Modified-Since': cursor.time } } : { url }
}
