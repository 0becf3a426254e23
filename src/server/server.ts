/**
 * Owns the local push server as a whole: it routes requests to the sides that serve them and offers the API of
 * `bx-pull/testing`. For development and tests only: no storage, no access control, faults on command.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnections, type ConnectionInfo } from './connections'
import type { Context } from './context'
import { CONTROL_PATH, serveControl, serveState, STATE_PATH } from './control'
import { createFaultControl, type Faults } from './fault-control'
import type { Delivery, Generation } from './generations/generation'
import { chooseGeneration, hubLimits } from './generations/choose'
import type { UserDirectory } from './generations/rpc-methods'
import { writeAnswer } from './http-answer'
import { createHttpSubscriber, type HttpSubscriber } from './http-subscribe'
import { countSubscriber, createHub, emptiedHub } from './hub'
import { createListener } from './listener'
import { resolveVersions, type PullServerOptions, type ServerVersion, type Settings } from './options'
import type { ChannelType, PortalMessage } from './portal'
import type { RawConfig } from './portal-config'
import { createPortalRunner, type PublishTarget, type TagsOfServer } from './portal-runner'
import { createPresence } from './presence'
import { readQuery } from './query'
import { guarded } from './queue-door'
import { readBytes } from './request-body'
import { createRequestLog, type RequestRecord } from './request-log'
import { CONFIG_PATH, createRest, doorOf } from './rest'
import { createWebSocketSide, type WebSocketEvents, type WebSocketSide } from './websocket'

export interface PullServer {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string
  readonly port: number
  readonly version: ServerVersion
  /** Address of `pull.config.get`; add `?userId=7` for another user than 1. */
  readonly configUrl: string
  /** What `pull.config.get` returns. On push-stream this opens the channels, as asking over HTTP does. */
  config(userId?: number): RawConfig
  /** Publishes as the portal does, `extra` filled in as by PHP. Without a target: to user 1. */
  publish(message: PortalMessage, to?: PublishTarget): void
  /** Publishes a body as it is, JSON or not. */
  publishRaw(body: string, to?: PublishTarget): void
  /** Issues a successor and posts `channel_expire` to the old channel. */
  expireChannel(type: ChannelType, userId?: number): void
  /** Takes a channel away: push-stream says so with id -2 and closes; the portal posts `channel_expire` before. */
  deleteChannel(type: ChannelType, userId?: number): void
  /** Posts `config_expire` to the shared channel and moves `config_timestamp`. */
  expireConfig(): void
  /** Posts `server_restart` to the shared channel. Nothing restarts by it. */
  announceRestart(): void
  /** Watch tags of users, which only the portal gives; pages renew them. */
  readonly watchTags: TagsOfServer
  readonly faults: Faults
  readonly log: readonly RequestRecord[]
  connections(): ConnectionInfo[]
  /** Version 5: mids that clients have confirmed with `mack:`, in the order they came; the last 20_000. */
  acknowledged(): readonly string[]
  /**
   * The storage of a Node server comes back empty while the connections stay (its redis was restarted): mids start at 1
   * again under the same prefix, so they are lower than what clients have seen. Nothing happens on push-stream.
   */
  loseStorage(): void
  /** Calls back for every request answered, connection opened and message published. Returns what stops it. */
  watch(listener: (event: WatchEvent) => void): () => void
  /**
   * As a killed process: every socket ends at once, the port refuses for `downMs` (default 0), then listens again.
   * Without `keepHistory` (default false) the storage starts empty, with a new mid prefix. What is published meanwhile
   * is stored, as by a publishing process of its own.
   */
  restart(options?: { downMs?: number; keepHistory?: boolean }): Promise<void>
  /** Leaves no handle behind. May be called twice. */
  close(): Promise<void>
}

export type WatchEvent =
  | { readonly type: 'request'; readonly record: RequestRecord }
  | { readonly type: 'published'; readonly channels: readonly string[]; readonly body: string }

/** The transports of one version. */
interface Side {
  readonly context: Context
  readonly subscriber: HttpSubscriber
  readonly webSockets: WebSocketSide
}

const ACKNOWLEDGED_LIMIT = 20_000

/** Starts a local push server. Resolves when it listens; rejects when the port is taken. */
export async function startPullServer(options: PullServerOptions = {}): Promise<PullServer> {
  const spoken = resolveVersions(options)
  const settings = spoken[0]
  const users: UserDirectory = {
    channelIdsOf: (userId) => portal.channelIdsOf(userId),
    lastSeen: (userIds) => presence.lastSeen(userIds),
  }
  const generations = new Map(spoken.map((own) => [own.version, guarded(chooseGeneration(own, users), own)] as const))
  const eachGeneration = () => [...generations.values()]
  const limits = hubLimits(settings)
  const nowMs = () => Date.now() + settings.clockSkewMs
  const presence = createPresence(nowMs)
  const watchers = new Set<(event: WatchEvent) => void>()
  const tell = (event: WatchEvent) => watchers.forEach((watcher) => watcher(event))
  let hub = createHub(limits, nowMs())
  const acknowledged: string[] = []
  let ended = false

  const log = createRequestLog(() => Date.now())
  const connections = createConnections({
    faults: () => faults.current,
    connectionLimit: Math.min(...eachGeneration().map((each) => each.connectionLimit)),
    ownerOf: (channels) => portal.ownerOf(channels),
    nowMs: () => Date.now(),
    counted: (channel, by) => countSubscriber(hub, channel, by),
    came(userId) {
      if (presence.opened(userId)) announce(userId, true)
    },
    went(userId) {
      if (presence.closed(userId)) announce(userId, false)
    },
  })
  const faults = createFaultControl(connections)
  const contextOf = (own: Settings): Context => {
    const generation = generations.get(own.version)!
    return { settings: own, generation, connections, faults, hub: () => hub, nowMs }
  }
  const portal = createPortalRunner(contextOf(settings), {
    generations,
    presence,
    published: (channels, body) => tell({ type: 'published', channels, body }),
  })
  const origin = () => `${settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host}:${listener.port}`
  const rest = createRest(contextOf(settings), portal, origin)
  const wired: WebSocketEvents = {
    published: spread,
    acknowledged(mid) {
      acknowledged.push(mid)
      if (acknowledged.length > ACKNOWLEDGED_LIMIT) acknowledged.shift()
    },
  }
  /** By the prefix of their addresses: '' for the server's own version, `/v5` for others. */
  const sides = new Map(spoken.map((own) => [own === settings ? '' : `/v${own.version}`, createSide(own)] as const))
  const listener = createListener({ request: serve, upgrade })

  function createSide(own: Settings): Side {
    const context = contextOf(own)
    const webSockets = createWebSocketSide(context, (request, response) => answer(side, request, response), wired)
    const side: Side = { context, subscriber: createHttpSubscriber(context), webSockets }
    return side
  }

  /** Takes the prefix off the request's address: from here on it is as if there were one version only. */
  function enter(request: IncomingMessage): Side {
    const url = request.url ?? '/'
    const prefix = /^\/v\d(?=\/)/.exec(url)?.[0] ?? ''
    const side = sides.get(prefix)
    if (side !== undefined) request.url = url.slice(prefix.length)
    return side ?? sides.get('')!
  }

  function announce(userId: number, online: boolean): void {
    connections.deliver(eachGeneration().flatMap((each) => each.statusChange(hub, userId, online, nowMs())))
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const record = log.add(request, 'websocket')
    enter(request).webSockets.upgrade(request, socket, head, (status) => {
      record.status = status
      tell({ type: 'request', record })
    })
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const record = log.add(request, 'other')
    response.on('error', () => {})
    response.on('finish', () => {
      record.status = response.statusCode
      tell({ type: 'request', record })
    })
    const side = enter(request)
    record.kind = kindOf(side, readQuery(request.url ?? '/').path)
    if (settings.handler?.(request, response) === true) return
    answer(side, request, response)
  }

  function answer(side: Side, request: IncomingMessage, response: ServerResponse): void {
    const { generation } = side.context
    const { path } = readQuery(request.url ?? '/')
    const route = generation.route(path)
    if (rest.serve(request, response, (call) => log.name(request, call))) return
    if (path === CONTROL_PATH) void serveControl(server, request, response)
    else if (path === STATE_PATH) serveState(server, request, response)
    else if (route === 'publish' || route === 'client-publish') void servePublish(generation, request, response)
    else {
      const stray = generation.stray(route, request.method ?? 'GET')
      if (stray !== null) writeAnswer(response, stray, nowMs())
      else side.subscriber.serve(route === 'sse' ? 'sse' : 'long-polling', request, response)
    }
  }

  function kindOf({ context }: Side, path: string): RequestRecord['kind'] {
    if (doorOf(path) !== null) return path === CONFIG_PATH ? 'config' : 'rest'
    const { version } = context.settings
    const route = context.generation.route(path)
    // On Node servers a plain GET on the WebSocket's address is a long poll.
    if (route === 'poll' || (route === 'websocket' && (version === 3 || version === 4))) return 'long-polling'
    return route === 'client-publish' ? 'publish' : (route ?? 'other')
  }

  async function servePublish(generation: Generation, request: IncomingMessage, response: ServerResponse) {
    const bytes = await readBytes(request)
    const fault = faults.take('publish')
    if (fault.type === 'answer' || bytes === null) {
      const status = fault.type === 'answer' ? fault.status : 413
      writeAnswer(response, { status, headers: {}, body: '' }, nowMs())
      return
    }
    const query = readQuery(request.url ?? '/')
    const method = request.method ?? 'GET'
    const body = bytes.toString('utf8')
    const result = generation.publish(hub, { method, query, headers: request.headers, body, bytes, nowMs: nowMs() })
    writeAnswer(response, result.answer, nowMs())
    spread(result.deliveries)
    if (result.deleted !== null) connections.remove(result.deleted)
  }

  function spread(deliveries: readonly Delivery[]): void {
    connections.deliver(deliveries)
    for (const message of new Set(deliveries.map((each) => each.message))) {
      const channels = deliveries.filter((each) => each.message === message).map((each) => each.channel)
      tell({ type: 'published', channels, body: message.body })
    }
  }

  const server: PullServer = {
    get url() {
      return `http://${origin()}`
    },
    get port() {
      return listener.port
    },
    version: settings.version,
    get configUrl() {
      return `http://${origin()}${CONFIG_PATH}`
    },
    config: (userId = 1) => portal.config(userId, origin()),
    publish: (message, to = {}) => portal.publish(message, to),
    publishRaw: (body, to = {}) => portal.publishRaw(body, to),
    expireChannel: (type, userId = 1) => portal.expireChannel(type, userId),
    deleteChannel: (type, userId = 1) => portal.deleteChannel(type, userId),
    expireConfig: () => portal.expireConfig(),
    announceRestart: () => portal.announceRestart(),
    watchTags: portal.tags,
    faults,
    log: log.records,
    connections: () => connections.list(),
    acknowledged: () => [...acknowledged],
    loseStorage() {
      if (settings.version >= 3) hub = emptiedHub(hub, nowMs())
    },
    watch(watcher) {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    async restart({ downMs = 0, keepHistory = false } = {}) {
      if (ended) return
      const { port } = listener
      await listener.shut()
      connections.cut(null, false, 1001)
      if (!keepHistory) hub = createHub(limits, nowMs(), hub)
      await sleep(downMs)
      if (!ended) await listener.open(settings.host, port)
    },
    async close() {
      ended = true
      connections.cut(null, false, 1001)
      for (const side of sides.values()) side.webSockets.close()
      watchers.clear()
      await listener.shut()
    },
  }
  await listener.open(settings.host, settings.port)
  return server
}
