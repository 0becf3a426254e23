/**
 * Owns the options of the local push server, their defaults and what is refused about them.
 * Everything here is plain data; server.ts carries it out.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Generation of the queue server, as `config.server.version` names it. */
export type ServerVersion = 1 | 2 | 3 | 4

/** Releases of the nginx push-stream module that behave differently. */
export type PushStreamRelease = '0.3.4' | '0.4.0' | '0.5.5'

export interface PullServerOptions {
  /** Address to listen on. @default '127.0.0.1' */
  host?: string
  /** TCP port; 0 takes a free one. @default 0 */
  port?: number
  /**
   * Generation to speak: 1 = push-stream 0.3.4, 2 = push-stream 0.4.0 and later, 3 = Push server 1.0,
   * 4 = Push server 2.0 (text framing). @default 4, or what `pushStream` implies
   */
  version?: ServerVersion
  /** Release of the module for versions 1 ('0.3.4') and 2 ('0.4.0' or '0.5.5'). @default '0.3.4' / '0.4.0' */
  pushStream?: PushStreamRelease
  /** Advertise and serve the event-stream location; only push-stream has one. @default true for versions 1 and 2 */
  sse?: boolean
  /** `config.server.websocket_enabled`. The WebSocket location answers either way. @default true */
  websocket?: boolean
  /** Key of the channel signatures (HMAC-SHA1), versions 3 and 4. @default 'test-key' */
  signatureKey?: string
  /** Milliseconds a long poll is held before its 304. @default 40_000 */
  pollHoldMs?: number
  /** Milliseconds between pings: WebSocket protocol pings and SSE comments. @default 40_000 / 120_000 (versions 3, 4) */
  pingIntervalMs?: number
  /** Milliseconds a stored message is kept; the cap of `Message-Expiry` on version 4. @default 86_400_000 */
  historyTtlMs?: number
  /** Stored messages per channel, push-stream only (the Node servers have no such limit). @default 1000 */
  historyCount?: number
  /** Milliseconds a Node server gathers messages on a WebSocket after one was sent. @default 400 */
  batchWindowMs?: number
  /** Milliseconds a channel is handed out for (`end - start` of the config). @default 43_205_000 */
  channelTtlMs?: number
  /** Milliseconds the server's clock is ahead of this machine's (negative: behind). @default 0 */
  clockSkewMs?: number
  /** Extra routes, asked before all others: return true when the request was taken. @default none */
  handler?: (request: IncomingMessage, response: ServerResponse) => boolean
}

/** Options with every default filled in. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly version: ServerVersion
  readonly pushStream: PushStreamRelease
  readonly sse: boolean
  readonly websocket: boolean
  readonly signatureKey: string
  readonly pollHoldMs: number
  readonly pingIntervalMs: number
  readonly historyTtlMs: number
  readonly historyCount: number
  readonly batchWindowMs: number
  readonly channelTtlMs: number
  readonly clockSkewMs: number
  readonly handler: ((request: IncomingMessage, response: ServerResponse) => boolean) | null
}

const RELEASES: Record<ServerVersion, readonly PushStreamRelease[]> = {
  1: ['0.3.4'],
  2: ['0.4.0', '0.5.5'],
  3: [],
  4: [],
}

/** Fills the defaults. Throws a RangeError that names the option and what it may be. */
export function resolveOptions(options: PullServerOptions): Settings {
  const version = options.version ?? versionOf(options.pushStream)
  if (!(version in RELEASES)) {
    throw new RangeError(`version ${String(version)} is not served here; choose 1, 2, 3 or 4`)
  }
  const releases = RELEASES[version]
  const pushStream = options.pushStream ?? releases[0] ?? '0.4.0'
  if (options.pushStream !== undefined && !releases.includes(options.pushStream)) {
    throw new RangeError(
      releases.length === 0
        ? `pushStream belongs to versions 1 and 2, not to version ${version}`
        : `pushStream ${options.pushStream} is not of version ${version}; choose ${releases.join(' or ')}`,
    )
  }
  if (options.sse === true && version > 2) {
    throw new RangeError(`sse belongs to versions 1 and 2: the Node servers have no event-stream location`)
  }
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    version,
    pushStream,
    sse: options.sse ?? version <= 2,
    websocket: options.websocket ?? true,
    signatureKey: options.signatureKey ?? 'test-key',
    pollHoldMs: options.pollHoldMs ?? 40_000,
    pingIntervalMs: options.pingIntervalMs ?? (version <= 2 ? 40_000 : 120_000),
    historyTtlMs: options.historyTtlMs ?? 86_400_000,
    historyCount: options.historyCount ?? 1000,
    batchWindowMs: options.batchWindowMs ?? 400,
    channelTtlMs: options.channelTtlMs ?? 43_205_000,
    clockSkewMs: options.clockSkewMs ?? 0,
    handler: options.handler ?? null,
  }
}

function versionOf(release: PushStreamRelease | undefined): ServerVersion {
  if (release === undefined) return 4
  return release === '0.3.4' ? 1 : 2
}
