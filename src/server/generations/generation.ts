/**
 * Owns the shape of one server generation: every decision that differs between push-stream and the Node servers, as
 * functions of a request, the hub and the time. The runners (websocket.ts, http-subscribe.ts) only carry them out.
 */
import type { Draft, Hub, Sender, Stored } from '../hub'
import type { RawQuery } from '../query'

export type ConnectionKind = 'websocket' | 'sse' | 'long-polling'

/** How messages are written on one connection: a Node server lets each client choose. */
export type Framing = 'text' | 'json' | 'binary' | 'json-rpc'

export type Headers = Readonly<Record<string, string>>

export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: string | Buffer
}

/** A subscriber's request, reduced to what decides about it. */
export interface Ask {
  readonly kind: ConnectionKind
  readonly query: RawQuery
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly nowMs: number
}

/** What happens to a refused WebSocket handshake. */
export type UpgradeRefusal =
  | { readonly type: 'answer'; readonly answer: HttpAnswer }
  | { readonly type: 'close'; readonly code: number; readonly reason: string } // upgraded first, then closed
  | { readonly type: 'end' } // upgraded, then the TCP connection ends without a close frame
  | { readonly type: 'hang' }

export type Admission =
  | {
      readonly type: 'accepted'
      /** Raw ids to listen on. push-stream: one listed twice is listened to twice. */
      readonly channels: readonly string[]
      /** Ids on which the number of connections is limited. */
      readonly limited: readonly string[]
      /** What the cursor of the request brings back, in wire order. */
      readonly replay: readonly Stored[]
      /** Node servers: what `Last-Message-Id` of a 304 will say. */
      readonly lastMessageId: string
      readonly framing: Framing
      /** Who the client is when it publishes; null = it may not. */
      readonly author: Extract<Sender, { type: 'client' }> | null
    }
  | { readonly type: 'refused'; readonly answer: HttpAnswer; readonly upgrade: UpgradeRefusal }

export type Accepted = Extract<Admission, { type: 'accepted' }>

/** A message on its way to the listeners of a channel. */
export interface Delivery {
  readonly channel: string
  readonly message: Stored
}

export interface ClientFrame {
  readonly data: Buffer
  readonly binary: boolean
  readonly nowMs: number
}

/** A publisher's HTTP request. */
export interface PublishRequest {
  readonly method: string
  readonly query: RawQuery
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** The same before it was read as text. */
  readonly bytes: Buffer
  readonly nowMs: number
}

export interface PublishResult {
  readonly answer: HttpAnswer
  readonly deliveries: readonly Delivery[]
  /** push-stream: a channel that was deleted, with its farewell message. */
  readonly deleted: Delivery | null
}

/** What a WebSocket gathers: messages, and between them answers to requests of the client, encoded already. */
export type Outgoing = Stored | Buffer

/** How frames are to be written. */
export interface Writing {
  readonly framing: Framing
  /** From the history, not live. */
  readonly replay: boolean
  readonly nowMs: number
}

/** What a frame of the client leads to. */
export type Reaction =
  | { readonly type: 'close'; readonly code: number; readonly reason: string }
  | { readonly type: 'deliver'; readonly deliveries: readonly Delivery[] }
  /** Takes its turn among the messages. */
  | { readonly type: 'gather'; readonly response: Buffer }
  /** Goes at once. */
  | { readonly type: 'send'; readonly text: string }
  /** The answer to a ping that is no protocol ping. */
  | { readonly type: 'pong' }
  | { readonly type: 'acknowledged'; readonly mid: string }
  /** The connection hears one more channel from now on, or one less. */
  | { readonly type: 'listen' | 'unlisten'; readonly channel: string }

export interface PingRules {
  /** Frames of the WebSocket protocol, or texts among the messages. */
  readonly how: 'protocol' | 'text'
  readonly payload: string
  /** How a client's own ping is answered. */
  readonly answer: 'echo' | 'empty' | 'none'
  /** A message restarts the timer (push-stream) or not (Node servers). */
  readonly messageRestarts: boolean
  /** Pings that may stay unanswered before the connection is cut; null = never cut. */
  readonly unansweredLimit: number | null
  /** Push server 2.0 drops whatever comes between its ping and the pong, without a sign. */
  readonly dropsUntilPong: boolean
}

/** What an address is for. `publish` is the portal's, `client-publish` the browsers'. */
export type Route = 'poll' | 'websocket' | 'sse' | 'publish' | 'client-publish'

export interface Generation {
  readonly ping: PingRules
  /** Node servers gather messages of a WebSocket; shortest and longest share of `batchWindowMs`. */
  readonly batch: { readonly min: number; readonly max: number } | null
  /** What a client's close frame is answered with. */
  readonly closeEcho: 'same' | 'empty' | 'fin-unless-empty'
  /** Connections allowed on a limited channel; the oldest above it is closed. */
  readonly connectionLimit: number
  /** Paths of the transports: exact on nginx, prefixes on Node servers. */
  route(path: string): Route | null
  /** Answer to a request that is no subscription: OPTIONS, a wrong method, a wrong path. */
  stray(kind: Route | null, method: string): HttpAnswer | null
  /** What a handshake for an unknown path gets. */
  strayUpgrade(): UpgradeRefusal
  readonly upgradeHeaders: Headers
  admit(hub: Hub, ask: Ask): Admission
  /** WebSocket frames: texts, or bytes in binary framing. */
  frames(items: readonly Outgoing[], writing: Writing): readonly (string | Buffer)[]
  /** HTTP chunks of a long-poll body. */
  pollChunks(messages: readonly Stored[], writing: Writing): readonly (string | Buffer)[]
  /** Headers of a long poll's 200 and of its 304. */
  pollHeaders(messages: readonly Stored[], writing: Writing): Headers
  heldHeaders(accepted: Accepted, nowMs: number): Headers
  /** Chunks of one SSE message, and the fixed ones. */
  eventChunks(message: Stored): readonly string[]
  readonly eventHead: { readonly headers: Headers; readonly hello: string; readonly ping: string }
  /** What the oldest connection gets when there are too many. */
  readonly crowded: { readonly code: number; readonly reason: string; readonly answer: HttpAnswer }
  publish(hub: Hub, request: PublishRequest): PublishResult
  /** A WebSocket frame of a client. */
  receive(hub: Hub, client: Accepted, frame: ClientFrame): readonly Reaction[]
  /** A user came or left: what goes to those who asked to be told. */
  statusChange(hub: Hub, userId: number, online: boolean, nowMs: number): readonly Delivery[]
  /** The portal's own publishing, without HTTP. `expiry` in seconds. */
  submit(hub: Hub, channels: readonly string[], draft: Draft, expiry: number, nowMs: number): readonly Delivery[]
  /** Takes a channel away; null where the server has no such thing or knows no such channel. */
  remove(hub: Hub, channel: string, text: string | null, nowMs: number): Delivery | null
}

export function httpDate(atMs: number): string {
  return new Date(atMs).toUTCString()
}

export function header(headers: Ask['headers'], name: string): string | null {
  const value = headers[name]
  return value === undefined ? null : Array.isArray(value) ? (value[0] ?? '') : value
}
