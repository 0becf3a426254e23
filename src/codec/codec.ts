/**
 * Owns the shape of what codecs produce. A transport delivers frames; a codec turns one frame into messages and
 * notes what it could not read. A codec never throws, whatever the server sent.
 */

/** What a transport hands over at once: one WebSocket frame, one SSE event or one whole long-poll body. */
export type Frame = string | ArrayBuffer

/** The published body: `{module_id, command, params, extra}` as the portal or another client sent it. */
export interface MessageBody {
  readonly module_id: string
  readonly command: string
  readonly params?: unknown
  readonly extra?: unknown
}

/** One message as the queue server framed it. Absent fields of a generation are `null`. */
export interface Message {
  readonly type: 'message'
  /** push-stream: counts per channel from 1. Node servers: the tail of the mid. */
  readonly id: number | null
  /** 26 digits on Node servers (versions 3 and 4); unique, not ordered. */
  readonly mid: string | null
  /** Raw channel id (32 hex) where the generation tells it. A secret: never print it. */
  readonly channel: string | null
  /** push-stream: counts inside one second over all channels. On Node servers it is not a position. */
  readonly tag: number | null
  /** HTTP date as sent, and the same instant in Unix milliseconds; `null` when unreadable. */
  readonly time: string | null
  readonly timeAtMs: number | null
  readonly body: MessageBody
  /** Who published, where the framing itself says so (binary and JSON-RPC): what a body claims does not count there. */
  readonly sender: MessageSender | null
  /** When the server took it, Unix ms, where the framing says so. Some servers say nonsense: a hint, never a position. */
  readonly createdAtMs: number | null
  /** What the server wants to hear once the message was delivered, repeats included. */
  readonly receipt: string | null
}

/** `type` as numbered on the wire: 0 unknown, 1 another client (with its public id), 2 the portal. */
export interface MessageSender {
  readonly type: number
  readonly id: string | null
}

/** A frame of the server itself (push-stream, `id` below 0): never delivered, never moves a position. */
export interface SystemMessage {
  readonly type: 'system'
  readonly name: 'ping' | 'channel-deleted' | 'poll-timeout' | 'unknown'
  readonly channel: string | null
}

/** Something that could not be read. It is counted and skipped; its neighbours are not affected. */
export interface BadMessage {
  readonly type: 'bad'
  readonly reason: 'no-marks' | 'not-json' | 'not-a-message' | 'malformed' | 'too-large' | 'too-many'
  /**
   * Length of the unreadable piece in UTF-16 units (bytes for binary frames); of the whole frame where a piece is a
   * value inside JSON. Its content may hold secrets: not kept.
   */
  readonly length: number
  /** Where it came as a whole, and merely its body is none: its place, with nothing in it. `null`: it may be damaged. */
  readonly placed: Message | null
}

/** The server asks something of the link itself: `frame` goes back over it at once. */
export interface Reply {
  readonly type: 'reply'
  readonly frame: Frame
}

/** What a request of ours came to. */
export interface Answer {
  readonly type: 'answer'
  /** The id of the request; `null` where answers carry none and come in the order of the requests (version 4). */
  readonly id: number | null
  readonly outcome: { readonly result: unknown } | { readonly error: RequestError }
}

/** JSON-RPC: -32700 parse, -32600 invalid request, -32601 no such method, -32602 invalid parameters, -32603 internal. */
export interface RequestError {
  readonly code: number
  /** The server's words: not repeated in errors of ours. */
  readonly message: string
}

export type Decoded = Message | SystemMessage | BadMessage | Reply | Answer

/** A message for other clients, as it goes up. Ids and signatures in hex: secrets. */
export interface Outgoing {
  readonly receivers: readonly PublicChannelId[]
  /** JSON text of `{module_id, command, params}`. */
  readonly body: string
  /** Seconds the server keeps it for who is not connected; 0 does not store it. */
  readonly expiry: number
}

/** A channel that others may publish to but not listen to: 32 and 40 hex digits. */
export interface PublicChannelId {
  readonly id: string
  readonly signature: string
}

/** One JSON-RPC request of ours. */
export interface Call {
  readonly id: number
  readonly method: string
  readonly params: unknown
}

/** One way in which messages are written on the wire. What a framing cannot carry up is missing. */
export interface Codec {
  /** Turns one frame into messages, in the order of the frame. Total: never throws, never loops, bounded time. */
  decode(frame: Frame): readonly Decoded[]
  /** What of a text that was cut off holds whole messages. Missing: no part of a frame can be read. */
  readonly wholeOf?: (text: string) => string
  /** Version 4, over a binary WebSocket or posted: one request. */
  readonly publish?: (messages: readonly Outgoing[]) => ArrayBuffer
  /** Version 4: asks which channels have a listener. The answer's result is `ChannelState[]`. */
  readonly channelStats?: (channels: readonly PublicChannelId[]) => ArrayBuffer
  /** Version 5: one call as an object, several as a batch. */
  readonly call?: (calls: readonly Call[]) => string
}

export interface ChannelState {
  /** 32 hex digits. A secret. */
  readonly id: string
  readonly isOnline: boolean
}

/** How a generation's messages are framed. Version 4 speaks the first three, as asked for; version 5 JSON-RPC; the rest text. */
export type Framing = 'protobuf' | 'text' | 'json' | 'json-rpc' | 'php'
