/** Owns the list of what both entries export, whatever platform they stand on. */
export { applicationConfig } from '../config/application-source'
export { cachedConfig } from '../config/cached-source'
export { phpConfig } from '../config/php-source'
export { ajaxConfig, restConfig } from '../config/rest-source'
export { staticConfig } from '../config/static-source'
export { PullError } from '../core/pull-error'
export {
  eventStreamTransport,
  intervalPollingTransport,
  jsonArrayCodec,
  jsonRpcCodec,
  longPollingTransport,
  phpCodec,
  protobufCodec,
  textCodec,
  webSocketTransport,
} from './parts'
export type { PullClientParts } from './parts'
export type { PullClientConstructor, PullClientInstance } from '../client/pull-client'
export type { ChannelsFact, GapFact, PullStatus, StatusFact } from '../session/status'
export type { AnyEvents, PullLifecycle, TransportFact } from '../client/client'
export type { BackoffOption, BackoffOptions, BackoffPolicy, Failure } from '../connection/backoff'
export type { ConfigReason, ConfigRequest, ConfigSource } from '../config/config'
export type { EventExtra, EventSender, PullEvent } from '../session/dispatch'
export type { PullClientOptions, PullLogger, ReplayOptions, TimeoutOptions } from '../client/options'
export type { SendMessage, SendTarget } from '../publish/draft'
export type { PublishOptions, SendResult } from '../publish/publisher'
export type { Presence } from '../presence/presence'
export type { PullDiagnostics } from '../client/diagnostics'
export type { PullErrorCode, PullErrorFacts } from '../core/pull-error'
export type { PullSchemas, StandardSchema } from '../client/schemas'
export type { ApplicationConfigOptions, RestClient } from '../config/application-source'
export type { CachedConfigOptions } from '../config/cached-source'
export type { PhpConfigOptions } from '../config/php-source'
export type { RestConfigOptions } from '../config/rest-source'
export type { Portal, PortalCall, PortalMethod } from '../portal/portal'
export type {
  Clock,
  FetchLike,
  Page,
  PageSignal,
  Platform,
  PlatformOverrides,
  StorageLike,
  WebSocketConstructor,
  WebSocketLike,
} from '../platform/platform'
export type { TransportKind } from '../core/transport-kind'
