/** Owns the standard set of parts: what a client is made of when nobody chooses. */
import type { ClientParts } from '../client/client'
import { jsonArrayCodec } from '../codec/json-array'
import { jsonRpcCodec } from '../codec/json-rpc'
import { protobufCodec } from '../codec/protobuf'
import { pushStreamText } from '../codec/push-stream-text'
import { createEventStreamTransport } from '../transport/event-stream'
import { createLongPollingTransport } from '../transport/long-polling'
import { createWebSocketTransport } from '../transport/websocket'

export function standardParts(platform: ClientParts['platform']): ClientParts {
  return {
    platform,
    codecs: { text: pushStreamText, protobuf: protobufCodec, json: jsonArrayCodec, 'json-rpc': jsonRpcCodec },
    factories: {
      websocket: createWebSocketTransport,
      sse: createEventStreamTransport,
      'long-polling': createLongPollingTransport,
    },
  }
}
