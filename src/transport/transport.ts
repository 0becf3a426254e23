/**
 * Owns the interface of a transport: one live pipe to one address. It opens when created, reports facts to its sink,
 * and knows nothing of retries, channels or other transports. Deadlines are kept by the connection, except inside a poll.
 */
import type { Frame } from '../codec/codec'
import type { Loss } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'
import type { Clock, FetchLike, WebSocketConstructor } from '../platform/platform'
import type { PollHint } from '../replay/numbering'

/** Where to connect. `headers` only where a server needs them (0.3.4): any header costs a preflight cross-origin. */
export interface TransportAddress {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Fields of a form that is posted, where the portal itself is polled. */
  readonly form?: Readonly<Record<string, string>>
}

/** What a frame brought: news or a replay further; a poll that brings nothing new must not be repeated at once for ever. */
export type FrameOutcome = 'news' | 'nothing-new'

/** What a transport reports. After `lost`, or after `close()`, it reports nothing any more. */
export interface TransportSink {
  /**
   * The pipe stands. `confirmed` false: nothing came from the server yet, it merely did not refuse (a waiting poll).
   * Called again when it becomes confirmed, or when an event stream turned out to be a long poll.
   */
  opened(kind: TransportKind, confirmed: boolean): void
  /** `isPart`: the rest of the answer was cut off. */
  frame(frame: Frame, isPart?: boolean): FrameOutcome
  /** A sign of life without a message: a comment, an empty poll. */
  alive(): void
  emptyPoll(hint: PollHint): void
  lost(loss: Loss): void
}

export interface TransportDeps {
  readonly clock: Clock
  readonly fetch: FetchLike | null
  readonly webSocket: WebSocketConstructor | null
  /** The address to open; asked again for every following poll, with the position reached by then. */
  readonly address: (phase: 'first' | 'next') => TransportAddress
  readonly sink: TransportSink
  readonly timeouts: TransportTimeouts
  /** Whether an event-stream request that is answered as a long poll may go on as one. */
  readonly mayBecomeLongPoll: boolean
  /** Whether the bodies of polls are bytes: read as text they would be spoilt. */
  readonly binary: boolean
  /** What can be read of a body that was cut off. Missing: nothing. */
  readonly wholeOf?: ((text: string) => string) | undefined
}

export interface TransportTimeouts {
  /** A poll that waits this long without an error counts as open, unconfirmed. */
  readonly pollConfirmMs: number
  /** A poll without any answer for this long is given up and asked again (servers hold 40 s). */
  readonly pollHoldMs: number
}

export interface Transport {
  /** Hands a frame to an open WebSocket; `false` when it is not open. Missing where nothing can be sent up. */
  send?(frame: Frame): boolean
  /** Ends the pipe at once and silently. `code` is a WebSocket close code (1000 or 3000-4999). May be called twice. */
  close(code?: number, reason?: string): void
}

export type TransportFactory = (deps: TransportDeps) => Transport
