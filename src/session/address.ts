/** Owns what a request to the queue server says: which channels, which generation, from which place on. Pure. */
import { channelQuery } from '../channel/channel-set'
import type { Framing } from '../codec/codec'
import type { PullConfig } from '../config/config'
import type { TransportKind } from '../core/transport-kind'
import type { CursorQuery } from '../replay/numbering'
import { requestUrl } from '../transport/request'
import type { TransportAddress } from '../transport/transport'
import { endpointOf } from './candidates'

/** API level of the web client. */
const REVISION = 19

type Said = Readonly<Record<string, string | number | boolean | null>>

export interface AddressOptions {
  readonly framing: Framing
  readonly cursor: CursorQuery
  /** Address of the page, to resolve relative addresses; WebSockets need absolute ones in older browsers. */
  readonly href: string | null
}

export function addressOf(config: PullConfig, kind: TransportKind, options: AddressOptions): TransportAddress {
  const { version } = config
  const { framing, cursor, href } = options
  const isWebSocket = kind === 'websocket'
  let base = absolute(endpointOf(config.endpoints, kind) || '', href)
  if (framing === 'php')
    return { url: `${base}${base.indexOf('?') < 0 ? '?' : '&'}UPDATE_STATE`, form: formOf(config, cursor) }
  if (isWebSocket) base = base.replace(/^http/i, 'ws')
  const url = query(
    base,
    { ...whoAsks(config), ...framed(kind, options, config), ...whose(config), ...cursor, revision: REVISION },
    version,
  )
  // 0.3.4 reads the time of a poll from this header only. It costs a preflight, which the server answers.
  return version === 1 && !isWebSocket && cursor.time ? { url, headers: { 'If-Modified-Since': cursor.time } } : { url }
}

/** Where messages of browsers are posted to; the channels say who publishes. `null` where nobody may. */
export function publishAddressOf(config: PullConfig, href: string | null): string | null {
  const { publish } = config.endpoints
  return publish && query(absolute(publish, href), { ...whoAsks(config), ...whose(config) }, config.version)
}

/** Whether a link of this kind carries bytes. An event stream is text, so one at an address of its own is not asked for them. */
export function isBinary(config: PullConfig, kind: TransportKind, framing: Framing): boolean {
  return framing === 'protobuf' && !(kind === 'sse' && config.endpoints.sse)
}

/** Another one of these is reached by another connection. A token is another one every time, whatever it stands for. */
export function targetOf({ version, endpoints, clientId, hostname, mode, channels, jwt }: PullConfig): string {
  return JSON.stringify([version, endpoints, clientId, hostname, mode, channelQuery(channels) || jwt])
}

/** A token stands for the channels. */
function whoAsks({ jwt, channels }: PullConfig): Said {
  return jwt ? { token: jwt } : { CHANNEL_ID: channelQuery(channels) }
}

function whose({ mode, clientId, hostname }: PullConfig): Said {
  return { clientId: mode === 'shared' ? clientId : null, hostname }
}

function framed(kind: TransportKind, { framing }: AddressOptions, config: PullConfig): Said {
  if (framing === 'json') return { format: 'json' }
  return { jsonRpc: framing === 'json-rpc', binaryMode: isBinary(config, kind, framing) }
}

/** What the portal's own polling wants to know. Its message ids travel as the tail of a mid. */
function formOf({ channels, sessid, siteId }: PullConfig, { mid }: CursorQuery): Readonly<Record<string, string>> {
  return {
    PULL_UPDATE_STATE: 'Y',
    CHANNEL_ID: channelQuery(channels),
    CHANNEL_LAST_ID: String(Number((mid || '0').slice(10))),
    SITE_ID: siteId || '',
    PULL_AJAX_CALL: 'Y',
    sessid: sessid || '',
  }
}

function absolute(base: string, href: string | null): string {
  return href && !/^\w+:/.test(base) ? new URL(base, href).href : base
}

function query(base: string, said: Said, version: number): string {
  // A tag may be 0.
  const names = Object.keys(said).filter((name) => said[name] || said[name] === 0)
  return requestUrl(
    base,
    names.map((name) => [name, String(said[name])] as const),
    version === 1,
  )
}
