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
  readonly reason: 'no-marks' | 'not-json' | 'not-a-message' | 'too-large' | 'too-many'
  /** Length of the unreadable piece in UTF-16 units (bytes for binary frames). Its content may hold secrets: not kept. */
  readonly length: number
  /** mid of the unreadable message when its head could still be read. */
  readonly mid: string | null
}

export type Decoded = Message | SystemMessage | BadMessage

/** Turns one frame into messages, in the order of the frame. Total: never throws, never loops, bounded time. */
export interface Codec {
  decode(frame: Frame): readonly Decoded[]
}
