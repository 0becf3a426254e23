/**
 * Owns the options of the local push server, their defaults and what is refused about them.
 * Everything here is plain data; server.ts carries it out.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Generation of the queue server, as `config.server.version` names it. */
export type ServerVersion = 0 | 1 | 2 | 3 | 4 | 5

/** Releases of the nginx push-stream module that behave differently. */
export type PushStreamRelease = '0.3.4' | '0.4.0' | '0.5.5'

export interface PullServerOptions {
  /** Address to listen on. @default '127.0.0.1' */
  host?: string
  /** TCP port; 0 takes a free one. @default 0 */
  port?: number
  /**
   * Generation to speak: 1 = push-stream 0.3.4, 2 = push-stream 0.4.0 and later, 3 = Push server 1.0,
   * 4 = Push server 2.0 (text, or protobuf for connections with `binaryMode=true`), 5 = Push server 3.0 (JSON-RPC),
   * 0 = no queue server, PHP polling only. @default 4, or what `pushStream` implies
   */
  version?: ServerVersion
  /** Release of the module for versions 1 ('0.3.4') and 2 ('0.4.0' or '0.5.5'). @default '0.3.4' / '0.4.0' */
  pushStream?: PushStreamRelease
  /** Advertise and serve the event-stream location; only push-stream has one. @default true for versions 1 and 2 */
  sse?: boolean
  /** `config.server.websocket_enabled`. The WebSocket location answers either way. @default true */
  websocket?: boolean
  /** Key of the channel signatures (HMAC-SHA1, from version 3 on) and of the tokens of version 5. @default 'test-key' */
  signatureKey?: string
  /** Milliseconds a long poll is held before its 304. @default 40_000 */
  pollHoldMs?: number
  /** Milliseconds between pings: WebSocket protocol pings and SSE comments. @default 40_000 / 120_000 (versions 3, 4) */
  pingIntervalMs?: number
  /** Milliseconds between the bare text pings of version 5; two without `pong` and it drops the connection. @default 10_000 */
  rpcPingIntervalMs?: number
  /** Milliseconds a stored message is kept; the cap of an `expiry` on versions 4 and 5. @default 86_400_000 */
  historyTtlMs?: number
  /** Stored messages per channel, push-stream only (the Node servers have no such limit). @default 1000 */
  historyCount?: number
  /** Milliseconds a server from version 3 on gathers messages on a WebSocket after one was sent. @default 400 */
  batchWindowMs?: number
  /** Version 4 answers `format=json` with arrays of envelopes, as documented; the recorded 2.0 does not know it. @default false */
  jsonArray?: boolean
  /** Milliseconds a channel is handed out for (`end - start` of the config). @default 43_205_000 */
  channelTtlMs?: number
  /** Milliseconds the server's clock is ahead of this machine's (negative: behind). @default 0 */
  clockSkewMs?: number
  /** 'shared' is the vendor's cloud: the queue server wants the `clientId` of the configuration. @default 'personal' */
  mode?: 'personal' | 'shared'
  /** Milliseconds a configuration is good for; adds `exp`. @default 0: without, except version 5 with 43_200_000 */
  configTtlMs?: number
  /** Session id the portal wants with every POST; a wrong one is answered with this one. @default not checked */
  sessid?: string
  /** 'required': calls without `userId` or `pull_guest_id` are refused. Else they are user 1's. @default 'anyone' */
  login?: 'anyone' | 'required'
  /** Milliseconds a watch tag lives without being renewed. @default 1_920_000 */
  watchTagTtlMs?: number
  /** Counters that older PHP adds to every answered poll of version 0 as `main/user_counter`. @default none */
  counters?: Readonly<Record<string, number>>
  /**
   * Users on another generation than `version`, by id: their configuration leads to `/v<version>/…` of this server.
   * Everything else is common: storage, faults, log, watch tags. @default none
   */
  userVersions?: Readonly<Record<number, ServerVersion>>
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
  readonly rpcPingIntervalMs: number
  readonly historyTtlMs: number
  readonly historyCount: number
  readonly batchWindowMs: number
  readonly jsonArray: boolean
  readonly channelTtlMs: number
  readonly clockSkewMs: number
  readonly mode: 'personal' | 'shared'
  readonly configTtlMs: number
  readonly sessid: string | null
  readonly login: 'anyone' | 'required'
  readonly watchTagTtlMs: number
  readonly counters: Readonly<Record<string, number>> | null
  readonly userVersions: Readonly<Record<number, ServerVersion>>
  readonly handler: ((request: IncomingMessage, response: ServerResponse) => boolean) | null
}

const RELEASES: Record<ServerVersion, readonly PushStreamRelease[]> = {
  0: [],
  1: ['0.3.4'],
  2: ['0.4.0', '0.5.5'],
  3: [],
  4: [],
  5: [],
}

/** Fills the defaults. Throws a RangeError that names the option and what it may be. */
export function resolveOptions(options: PullServerOptions): Settings {
  const version = options.version ?? versionOf(options.pushStream)
  if (!(version in RELEASES)) {
    throw new RangeError(`version ${String(version)} is not served here; choose 0, 1, 2, 3, 4 or 5`)
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
  if (options.sse === true && version !== 1 && version !== 2) {
    throw new RangeError(`sse belongs to versions 1 and 2: no other server has an event-stream location`)
  }
  if (options.mode === 'shared' && version < 4) {
    throw new RangeError(`mode 'shared' belongs to versions 4 and 5, not to version ${version}`)
  }
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    version,
    pushStream,
    sse: options.sse ?? (version === 1 || version === 2),
    websocket: options.websocket ?? true,
    signatureKey: options.signatureKey ?? 'test-key',
    pollHoldMs: options.pollHoldMs ?? 40_000,
    pingIntervalMs: options.pingIntervalMs ?? (version <= 2 ? 40_000 : 120_000),
    rpcPingIntervalMs: options.rpcPingIntervalMs ?? 10_000,
    historyTtlMs: options.historyTtlMs ?? 86_400_000,
    historyCount: options.historyCount ?? 1000,
    batchWindowMs: options.batchWindowMs ?? 400,
    jsonArray: options.jsonArray ?? false,
    channelTtlMs: options.channelTtlMs ?? 43_205_000,
    clockSkewMs: options.clockSkewMs ?? 0,
    mode: options.mode ?? 'personal',
    configTtlMs: options.configTtlMs ?? 0,
    sessid: options.sessid ?? null,
    login: options.login ?? 'anyone',
    watchTagTtlMs: options.watchTagTtlMs ?? 1_920_000,
    counters: options.counters ?? null,
    userVersions: options.userVersions ?? {},
    handler: options.handler ?? null,
  }
}

/** The settings of every generation that is spoken, the server's own first. */
export function resolveVersions(options: PullServerOptions): readonly [Settings, ...Settings[]] {
  const own = resolveOptions(options)
  const common: PullServerOptions = { ...options }
  // They are of one version only.
  delete common.pushStream
  delete common.sse
  const versions = new Set(Object.values(own.userVersions).filter((version) => version !== own.version))
  return [own, ...[...versions].map((version) => resolveOptions({ ...common, version }))]
}

function versionOf(release: PushStreamRelease | undefined): ServerVersion {
  if (release === undefined) return 4
  return release === '0.3.4' ? 1 : 2
}
