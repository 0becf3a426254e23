/** Owns the shape of `BX.PullClient` for TypeScript: what old pages call, and what they are called with. */
import type { RestClient } from '../../config/application-source'
import type { CLOSE_REASONS, LegacyStatus, PULL_STATUS, SUBSCRIPTION_TYPE, SubscriptionType } from './names'
import type { StorageManager, StorageOwner } from './storage-manager'

export interface LegacyOptions {
  /** @default what the portal says (`pull_server_enabled`); where it says nothing, on */
  serverEnabled?: boolean | 'Y' | 'N'
  /** @default `BX.message('USER_ID')` */
  userId?: number | string
  /** @default `BX.message('SITE_ID')` */
  siteId?: string
  /** @default `new BX.RestClient()`; without the portal's core the client asks by itself */
  restClient?: RestClient
  /** For REST applications: `true`, or the code of the application. */
  restApplication?: string | boolean
  /** @default 'pull.config.get' */
  configGetMethod?: string
  /** @default 'pull.channel.public.list' */
  getPublicListMethod?: string
  /** @default what the portal says (`pull_guest_mode`) */
  guestMode?: boolean | 'Y' | 'N'
  guestUserId?: number | string
  /** Keeps nothing from page to page. @default false */
  skipStorageInit?: boolean
  /** @default false */
  skipCheckRevision?: boolean
  /** Not needed: a configuration that is given is used. */
  configTimestamp?: number | string
  /** Forces a transport, as in `BX.Pull.connect`. @default 'auto' */
  transport?: string
}

export interface LegacyExtra {
  readonly server_time?: string
  readonly server_time_unix?: number
  /** Seconds since it was published. */
  readonly server_time_ago: number
  readonly sender?: { readonly type: number; readonly id?: string | null }
  readonly [key: string]: unknown
}

/** A payload is what the page says it is: as `Params`, or where a callback names its parameters. */
export interface LegacyMessage<Params = unknown> {
  readonly command: string
  readonly params: Params
  readonly extra: LegacyExtra
}

interface About {
  readonly type: SubscriptionType
  readonly moduleId: string
}

export interface ModuleSubscription<Params = unknown> {
  type?: 'server' | 'client'
  moduleId: string
  command?: undefined
  callback(data: LegacyMessage<Params>, about: About): unknown
}
export interface CommandSubscription<Params = unknown> {
  type?: 'server' | 'client'
  moduleId: string
  command: string
  callback(params: Params, extra: LegacyExtra, command: string, about: About): unknown
}
export interface OnlineSubscription {
  type: 'online'
  command?: undefined
  callback(data: LegacyMessage, about: { readonly type: 'online' }): unknown
}
export interface StatusSubscription {
  type: 'status'
  command?: undefined
  callback(data: { readonly status: LegacyStatus }, about: { readonly type: 'status' }): unknown
}
export interface RevisionSubscription {
  type: 'revision'
  command?: undefined
  callback(data: { readonly server: number; readonly client: number }, about: { readonly type: 'revision' }): unknown
}

/** Made from a method, so that each may say what its own command brings. */
type HandlerMethod = { of(params: unknown, extra: LegacyExtra, command: string): unknown }['of']

/** Beside `getMap`, methods `handle<Command>` are called. */
export interface CommandHandler {
  getModuleId(): string
  getSubscriptionType?(): SubscriptionType
  getMap?(): Readonly<Record<string, string | HandlerMethod>>
}

export type LegacySubscription<Params = unknown> =
  | ModuleSubscription<Params>
  | CommandSubscription<Params>
  | OnlineSubscription
  | StatusSubscription
  | RevisionSubscription

export type PublicChannelReference = string | { readonly publicId: string; readonly signature: string }

export interface BatchMessage {
  userList?: readonly number[]
  channelList?: readonly PublicChannelReference[]
  body: { module_id: string; command: string; params?: unknown }
  expiry?: number
}

export type UserStatusListener = (change: { readonly userId: number; readonly isOnline: boolean }) => unknown

/** What is in docs/BX-API.md. */
export interface LegacyPullClient {
  start(config?: object): Promise<true>
  restart(code?: number | string, reason?: string): void
  stop(code?: number | string, reason?: string): void
  disconnect(code?: number | string, reason?: string): void
  connect(): Promise<true>
  reconnect(code?: number | string, reason?: string, delaySeconds?: number): void
  scheduleReconnect(delaySeconds?: number): false | undefined
  scheduleRestart(code?: number | string, reason?: string, delaySeconds?: number): void
  isConnected(): boolean
  setLastMessageId(mid: string): void
  /** As the portal sent it, secrets and all; empty before there is one. */
  getConfig(): Readonly<Record<string, unknown>>
  getRevision(): number | null
  getServerVersion(): number
  getServerMode(): string | null
  isWebSocketSupported(): boolean
  isWebSocketAllowed(): boolean
  isWebSocketEnabled(): boolean
  isPublishingSupported(): boolean
  isPublishingEnabled(): boolean
  isProtobufSupported(): boolean
  isJsonRpc(): boolean
  isSharedMode(): boolean
  /** An address with the ids of channels, or a token, in it: a secret. */
  getConnectionPath(type?: string): string | false
  getPublicationPath(): string

  subscribe<Params = unknown>(subscription: LegacySubscription<Params>): () => void
  // Apart, so that the arguments of callbacks are told from the other members.
  subscribe(handler: CommandHandler): () => void
  attachCommandHandler(handler: CommandHandler): () => void
  emit(message: { type: SubscriptionType; moduleId?: string; data?: unknown }): true

  extendWatch(tag: string, force?: boolean): false | undefined
  clearWatch(tag: string): void

  sendMessage(
    users: readonly (number | string)[],
    moduleId: string,
    command: string,
    params?: unknown,
    expiry?: number,
  ): Promise<unknown>
  sendMessageToChannels(
    channels: readonly PublicChannelReference[],
    moduleId: string,
    command: string,
    params?: unknown,
    expiry?: number,
  ): Promise<unknown>
  sendMessageBatch(batch: readonly BatchMessage[]): Promise<unknown>
  setPublicIds(channels: readonly object[]): void
  getUsersLastSeen(userIds: readonly number[]): Promise<Record<number, number>>
  subscribeUserStatusChange(userId: number, listener: UserStatusListener): Promise<void>
  unsubscribeUserStatusChange(userId: number, listener: UserStatusListener): Promise<void>
  ping(timeoutSeconds?: number): Promise<unknown>
  listChannels(): Promise<unknown>

  capturePullEvent(on?: boolean): void
  enableLogging(on?: boolean): void
  getDebugInfo(): Record<string, unknown>
  getDebugInfoArray(): Record<string, unknown>

  supportWebSocket(): boolean
  isWebSoketConnected(): boolean
  getPullServerStatus(): boolean
  closeConfirm(): void
  setPrivateVar(...ignored: unknown[]): void
  returnPrivateVar(...ignored: unknown[]): void
  expireConfig(...ignored: unknown[]): void
  updateChannelID(...ignored: unknown[]): void
  tryConnect(...ignored: unknown[]): void
  tryConnectDelay(...ignored: unknown[]): void
  tryConnectSet(...ignored: unknown[]): void
  updateState(...ignored: unknown[]): void
  setUpdateStateStepCount(...ignored: unknown[]): void
  capturePullEventFunction(...ignored: unknown[]): void
  setAjaxPath(...ignored: unknown[]): void

  readonly status: LegacyStatus
  readonly session: Readonly<Record<string, unknown>>
  readonly config: Readonly<Record<string, unknown>>
  readonly connector: { readonly connected: boolean }
  readonly connectionAttempt: number
  loggingEnabled: boolean
  debug: boolean
}

export interface LegacyPullClientConstructor {
  new (options?: LegacyOptions): LegacyPullClient
  readonly PullStatus: typeof PULL_STATUS
  readonly SubscriptionType: typeof SUBSCRIPTION_TYPE
  readonly CloseReasons: typeof CLOSE_REASONS
  readonly StorageManager: new (owner?: StorageOwner) => StorageManager
}
