/** Owns what a request to the queue server says: which channels, which generation, from which place on. Pure. */
import { channelQuery } from '../channel/channel-set'
import type { PullConfig } from '../config/config'
import type { TransportKind } from '../core/transport-kind'
import type { CursorQuery } from '../replay/position'
import { type QueryParameter, requestUrl } from '../transport/request'
import type { TransportAddress } from '../transport/transport'

/** API level of the web client (protocol.md 5.1, 15.3). */
const REVISION = '19'

/** `href`: address of the page, to resolve relative addresses; WebSockets need absolute ones in older browsers. */
export function addressOf(
  config: PullConfig,
  kind: TransportKind,
  cursor: CursorQuery,
  href: string | null,
): TransportAddress {
  const base = absolute(baseOf(config, kind), kind, href)
  const url = requestUrl(base, parametersOf(config, cursor), config.version === 1)
  // 0.3.4 reads the time of a poll from this header only. It costs a preflight, which the server answers.
  const ifModifiedSince = config.version === 1 && kind !== 'websocket' && cursor.time
  return ifModifiedSince ? { url, headers: { 'If-Modified-Since': ifModifiedSince } } : { url }
}

function parametersOf(config: PullConfig, cursor: CursorQuery): readonly QueryParameter[] {
  const parameters: [string, string | number | null | undefined][] = [
    ['CHANNEL_ID', channelQuery(config.channels)],
    ['clientId', config.mode === 'shared' ? config.clientId : null],
    ['hostname', config.hostname],
    ['mid', cursor.mid],
    ['tag', cursor.tag],
    ['time', cursor.time],
    ['revision', REVISION],
  ]
  return parameters
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [name, String(value)])
}

/** An event stream without an address of its own is asked for at the long-poll address. */
function baseOf({ endpoints }: PullConfig, kind: TransportKind): string {
  if (kind === 'websocket') return endpoints.websocket ?? ''
  return (kind === 'sse' ? endpoints.sse : null) ?? endpoints.longPolling ?? ''
}

function absolute(base: string, kind: TransportKind, href: string | null): string {
  const resolved = href === null || /^\w+:/.test(base) ? base : new URL(base, href).href
  return kind === 'websocket' ? resolved.replace(/^http/i, 'ws') : resolved
}
