/** Owns what `BX.Pull.connect({...})` understands (protocol.md 11.12) and how it becomes options of the client. Pure. */
import type { PullClientOptions } from '../../client/options'
import { PullError } from '../../core/pull-error'
import { TRANSPORT_KINDS, type TransportKind } from '../../core/transport-kind'

export interface ConnectOptions extends Omit<PullClientOptions, 'config' | 'transport'> {
  /** A configuration or source; then `serverUrl` and `userHash` are not needed. */
  config?: PullClientOptions['config']
  /** @default true */
  serverEnabled?: boolean | 'Y' | 'N'
  /** One base for all transports: the scheme is swapped per transport, `/subws/` and `/sub/` as well. */
  serverUrl?: string
  /** One or more signed channel ids joined with `/`. */
  userHash?: string
  userId?: number | string
  guestMode?: boolean | 'Y' | 'N'
  /** Server generation. @default told from the form of `userHash`: raw ids are push-stream (2), signed ones Push server (4) */
  version?: number
  /** Forces one transport; also `webSocket`, `longPolling`, `polling`. Absent: the best one that works. */
  transport?: string
}

const ALIASES: Readonly<Record<string, TransportKind>> = {
  websocket: 'websocket',
  ws: 'websocket',
  sse: 'sse',
  eventsource: 'sse',
  longpolling: 'long-polling',
  polling: 'long-polling',
  intervalpolling: 'interval-polling',
}

const OWN_NAMES = [
  'config',
  'serverEnabled',
  'serverUrl',
  'userHash',
  'userId',
  'guestMode',
  'version',
  'transport',
] as const

/** @throws PullError `bad-option` naming what is missing */
export function clientOptionsOf(options: ConnectOptions): PullClientOptions {
  // Who the user is says nothing here: the channel id alone decides what is received.
  const rest: Partial<ConnectOptions> = { ...options }
  OWN_NAMES.forEach((name) => delete rest[name])
  return { ...rest, config: options.config ?? configOf(options), transport: transportOf(options.transport) }
}

function configOf({ serverEnabled = true, serverUrl, userHash, version }: ConnectOptions): object {
  if (typeof serverUrl !== 'string' || serverUrl === '' || typeof userHash !== 'string' || userHash === '') {
    throw new PullError(
      'bad-option',
      'BX.Pull.connect needs `serverUrl` (address of the push server, e.g. https://example.com/bitrix/subws/) and `userHash` (signed channel id), or `config`.',
    )
  }
  const base = serverUrl.replace(/^ws/i, 'http')
  const poll = base.replace(/\/subws(\/?)(?=$|\?)/, '/sub$1')
  const socket = base.replace(/\/sub(\/?)(?=$|\?)/, '/subws$1').replace(/^http/i, 'ws')
  const ids = userHash.split('/').filter((id) => id !== '')
  const channels = ids.reduce((all, id, at) => ({ ...all, [['private', 'shared'][at] ?? `channel${at}`]: { id } }), {})
  return {
    server: {
      version: version ?? (ids.some((id) => /[.:]/.test(id)) ? 4 : 2),
      server_enabled: serverEnabled,
      mode: 'personal',
      long_polling: poll,
      long_polling_secure: poll,
      websocket_enabled: true,
      websocket: socket,
      websocket_secure: socket,
    },
    channels,
  }
}

function transportOf(transport: string | undefined): 'auto' | TransportKind {
  if (transport === undefined || transport === 'auto') return 'auto'
  const kind = ALIASES[transport.toLowerCase().replace(/[-_ ]/g, '')]
  if (kind) return kind
  throw new PullError('bad-option', `transport: '${transport}' is none of ${TRANSPORT_KINDS.join(', ')}.`)
}
