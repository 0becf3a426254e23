/** Owns what clients are made of: the standard set, and the single parts for bundles that want less. */
import type { ClientParts } from '../client/client'
import { jsonArrayCodec } from '../codec/json-array'
import { jsonRpcCodec } from '../codec/json-rpc'
import { phpCodec } from '../codec/php-answer'
import { protobufCodec } from '../codec/protobuf'
import { pushStreamText } from '../codec/push-stream-text'
import { createEventStreamTransport } from '../transport/event-stream'
import { createIntervalPollingTransport } from '../transport/interval-polling'
import { createLongPollingTransport } from '../transport/long-polling'
import { createWebSocketTransport } from '../transport/websocket'

/** The parts of a client: what is not named is not in the bundle. */
export interface PullClientParts {
  /** By kind. A kind that is missing is skipped as `not-built-in`. */
  readonly transports: ClientParts['factories']
  /** By framing: `text` for versions 1 to 4, `protobuf` and `json` for 4, `json-rpc` for 5, `php` without a queue server. */
  readonly codecs: ClientParts['codecs']
}

export {
  createEventStreamTransport as eventStreamTransport,
  createIntervalPollingTransport as intervalPollingTransport,
  createLongPollingTransport as longPollingTransport,
  createWebSocketTransport as webSocketTransport,
  jsonArrayCodec,
  jsonRpcCodec,
  phpCodec,
  protobufCodec,
  pushStreamText as textCodec,
}

export function standardParts(platform: ClientParts['platform']): ClientParts {
  return {
    platform,
    codecs: {
      text: pushStreamText,
      protobuf: protobufCodec,
      json: jsonArrayCodec,
      'json-rpc': jsonRpcCodec,
      php: phpCodec,
    },
    factories: {
      websocket: createWebSocketTransport,
      sse: createEventStreamTransport,
      'long-polling': createLongPollingTransport,
      'interval-polling': createIntervalPollingTransport,
    },
  }
}
