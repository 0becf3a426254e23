/** Owns what `BX.Pull.connect({...})` understands and how it becomes options of the client. Pure. */
import type { PullClientOptions } from '../../client/options'
import { PullError } from '../../core/pull-error'

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

const ALIASES: Readonly<Record<string, string>> = {
  webSocket: 'websocket',
  longPolling: 'long-polling',
  polling: 'long-polling',
}

/** Values are for the client to check. @throws PullError `bad-option` naming what is missing */
export function clientOptionsOf(options: ConnectOptions): PullClientOptions {
  const { config = configOf(options), transport = 'auto' } = options
  const result = {
    ...options,
    config,
    transport: (ALIASES[transport] || transport) as NonNullable<PullClientOptions['transport']>,
    // The client takes these for not given. Who the user is says nothing: the channel id decides what is received.
    serverEnabled: undefined,
    serverUrl: undefined,
    userHash: undefined,
    userId: undefined,
    guestMode: undefined,
    version: undefined,
  }
  return result
}

function configOf({ serverEnabled, serverUrl, userHash, version }: ConnectOptions): object {
  if (typeof serverUrl !== 'string' || typeof userHash !== 'string' || !serverUrl || !userHash) {
    throw new PullError('bad-option', 'BX.Pull.connect needs serverUrl and userHash, or config')
  }
  const urlOf = (name: string): string => serverUrl.replace(/\/sub(ws)?(?=\/?(\?|$))/, name)
  return {
    server: {
      version: version || (/[.:]/.test(userHash) ? 4 : 2),
      server_enabled: serverEnabled,
      long_polling: urlOf('/sub'),
      websocket_enabled: true,
      websocket: urlOf('/subws'),
    },
    channels: userHash
      .split('/')
      .filter(Boolean)
      .map((id, at) => ({ id, type: ['private', 'shared'][at] })),
  }
}
