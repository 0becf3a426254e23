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
  /** One or more signed channel ids joined with `/`, or a token (JWT) of Push server 3.0. */
  userHash?: string
  userId?: number | string
  guestMode?: boolean | 'Y' | 'N'
  /** Server generation. @default told from the form of `userHash`: raw ids are push-stream (2), signed ones Push server (4), a token is 5 */
  version?: number
  /** Forces one transport; also `webSocket`, `longPolling`, `polling`. Absent: the best one that works. */
  transport?: string
}

const ALIASES: Readonly<Record<string, string>> = {
  webSocket: 'websocket',
  longPolling: 'long-polling',
  polling: 'long-polling',
}

/** What old pages call a transport; what is unknown stays as it is, for the client to check. */
export function toTransport(name: string): NonNullable<PullClientOptions['transport']> {
  return (ALIASES[name] || name) as ReturnType<typeof toTransport>
}

/** Values are for the client to check. @throws PullError `bad-option` naming what is missing */
export function clientOptionsOf(options: ConnectOptions): PullClientOptions {
  const { config = configOf(options), transport = 'auto' } = options
  const result = {
    ...options,
    config,
    transport: toTransport(transport),
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
  // Ids have one dot at the most each, and a slash between them.
  const isToken = /^[\w-]+\.[\w-]+\.[\w-]*$/.test(userHash)
  return {
    server: {
      version: version || (isToken ? 5 : /[.:]/.test(userHash) ? 4 : 2),
      server_enabled: serverEnabled,
      long_polling: urlOf('/sub'),
      websocket_enabled: true,
      websocket: urlOf('/subws'),
    },
    jwt: isToken && userHash,
    channels:
      !isToken &&
      userHash
        .split('/')
        .filter(Boolean)
        .map((id, at) => ({ id, type: ['private', 'shared'][at] })),
  }
}
