/**
 * Owns the normalised configuration: what the rest of the client reads. Written by hand so that no schema library
 * leaks into public types; parse.ts turns the portal's answer into it.
 */
import type { ChannelId } from '../channel/channel-id'
import type { ChannelSet } from '../channel/channel-set'
import type { Clock, FetchLike, StorageLike } from '../platform/platform'
import type { Portal } from '../portal/portal'

/** The URLs of one queue server for one page protocol; `null` where the portal names none or switched it off. */
export interface Endpoints {
  readonly websocket: string | null
  /** URL of an event-stream location of its own (our key `server.sse`, `server.sse_secure`). */
  readonly sse: string | null
  readonly longPolling: string | null
  /** The portal's own polling, where there is no queue server (our key `server.interval_polling`). */
  readonly intervalPolling: string | null
  readonly publish: string | null
}

/** A channel of a user that others may publish to but not listen to. Secrets: a `Map` of them prints nothing. */
export interface PublicChannel {
  /** 32 hex digits. */
  readonly id: string
  /** 40 hex digits. */
  readonly signature: string
  /** Unix ms by the server's clock; `null` if it does not end. */
  readonly endAtMs: number | null
}

export interface PullConfig {
  /** Generation of the queue server as `config.server.version` names it; 0 = none. */
  readonly version: number
  readonly enabled: boolean
  readonly mode: 'personal' | 'shared'
  /** Echoed as a URL parameter where the portal sends it. */
  readonly hostname: string | null
  readonly endpoints: Endpoints
  readonly channels: ChannelSet
  /** By user id. From version 4 on. */
  readonly publicChannels: ReadonlyMap<number, PublicChannel>
  /** The public side of our own private channel, signed. */
  readonly publicId: ChannelId | null
  /** Shared mode only: 32 hex. */
  readonly clientId: string | null
  /** The portal's own polling: the session id (a secret), the site, and the place to begin at as a mid. */
  readonly sessid: string | null
  readonly siteId: string | null
  readonly lastMid: string | null
  /** Version 5 and above. A secret. */
  readonly jwt: string | null
  /** End of the JWT or of the configuration, Unix ms by the server's clock; `null` if it does not end. */
  readonly expiresAtMs: number | null
  /** The portal's clock when it answered, Unix ms; `null` when it did not say. */
  readonly serverTimeAtMs: number | null
}

/** Why a configuration is asked for. Goes to the portal's access log as `logTag`. */
export type ConfigReason =
  | 'start'
  | 'expiring' // a channel or the token is about to end
  | 'channel-expired' // the server said so (`channel_expire`)
  | 'config-expired' // the server said so (`config_expire`)
  | 'bad-channel' // the queue server refuses the channels
  | 'page-resumed'

export interface ConfigRequest {
  readonly reason: ConfigReason
  /** Aborted when the answer is not wanted any more: `stop()`, or the deadline of the session. */
  readonly signal: AbortSignal
  /** The platform's `fetch`, bound, for sources that ask over HTTP; `null` where there is none. */
  readonly fetch: FetchLike | null
  /** The platform's storage; `null` where there is none. Its calls may throw. */
  readonly storage: StorageLike | null
  readonly clock: Clock
}

/**
 * Anything that can produce a configuration. Throwing a `PullError` with `retryable: false` is final;
 * any other failure is retried while the client is started.
 */
export interface ConfigSource {
  (request: ConfigRequest): Promise<unknown>
  /** Where the configuration comes from, for whoever has more to ask there. */
  readonly portal?: Portal
}
