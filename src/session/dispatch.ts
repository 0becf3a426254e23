/** Owns how a message becomes the event that listeners get. Pure. */
import { type ChannelSet, channelTypeOf } from '../channel/channel-set'
import type { Message } from '../codec/codec'
import { toRecord } from '../portal/foreign-value'
import { type ServerClock, observe, serverNow } from '../config/freshness'
import { HISTORY_MS } from '../core/history'
import { publishedAt } from '../replay/numbering'

/** What is known about a message beside its payload. Modules add fields of their own. */
export interface EventExtra {
  /** ISO 8601, the portal's clock. */
  readonly server_time?: string
  /** Unix seconds with fraction, the portal's clock. */
  readonly server_time_unix?: number
  readonly server_name?: string
  readonly revision_web?: number
  readonly revision_mobile?: number
  /** Seconds since it was published, at least 0; computed here. `null` when the portal did not date it. */
  readonly server_time_ago: number | null
  readonly [key: string]: unknown
}

/** Who published: a browser (`client`, with its public id) or the portal (`backend`). */
export interface EventSender {
  readonly type: 'unknown' | 'client' | 'backend'
  readonly id: string | null
}

export interface PullEvent<Params = unknown> {
  /** Lower-case. */
  readonly module: string
  readonly command: string
  readonly params: Params
  readonly extra: EventExtra
  /** The mid, or `null` where the server has none (push-stream). */
  readonly id: string | null
  /** Type of the channel it came through (`private`, `shared`, ...), or `null` where the server does not tell. */
  readonly channel: string | null
  readonly sender: EventSender
  /** Local Unix ms. */
  readonly receivedAtMs: number
  /** Published before the connection that brought it was opened: it was missed and fetched again. */
  readonly replayed: boolean
}

/** The link that brought a message. It keeps the channels it was opened with. */
export interface Origin {
  readonly channels: ChannelSet
  /** Local Unix ms. */
  readonly openedAtMs: number
}

const SENDERS = ['unknown', 'client', 'backend'] as const

/**
 * `clock` is what is known now: when the link was opened it may have been off by half a second. `receivedAtMs`: by the
 * device's clock.
 */
export function eventOf(
  message: Message,
  origin: Origin,
  clock: ServerClock,
  nowMs: number,
  receivedAtMs = nowMs,
): PullEvent {
  const { body, mid, channel } = message
  const publishedAtMs = publishedAt(message)
  const isDated = publishedAtMs !== null
  return {
    module: body.module_id.toLowerCase(),
    command: body.command,
    params: body.params === undefined ? {} : body.params,
    extra: {
      ...toRecord(body.extra),
      ...(message.sender && { sender: message.sender }),
      server_time_ago: isDated ? Math.max(0, serverNow(clock, nowMs) - publishedAtMs) / 1000 : null,
    },
    id: mid,
    channel: channelTypeOf(origin.channels, channel),
    sender: senderOf(message),
    receivedAtMs,
    replayed: isDated && publishedAtMs < serverNow(clock, origin.openedAtMs),
  }
}

/** When a message was published, by the local clock; now where nobody knows. */
export function saidAt(message: Message, version: number | null, clock: ServerClock, nowMs: number): number {
  const atMs = publishedAt(message) || (Number(version) < 3 && message.timeAtMs)
  return Math.min(nowMs, atMs && clock.uncertaintyMs < Infinity ? atMs + clock.shiftMs : Infinity)
}

/** The server's clock after a message: it is never earlier than what was published by it. */
export function datedBy(message: Message, clock: ServerClock, nowMs: number): ServerClock {
  const publishedAtMs = publishedAt(message)
  // What another browser published may claim any time; a clock nobody vouched for is not set by an old message.
  const isPlausible = clock.uncertaintyMs < Infinity || Math.abs(nowMs - Number(publishedAtMs)) < HISTORY_MS
  return publishedAtMs && isPlausible && senderOf(message).type !== 'client'
    ? observe(clock, publishedAtMs / 1000, nowMs)
    : clock
}

/** Servers below version 4 tell no sender: `unknown`. */
export function senderOf({ body, sender }: Message): EventSender {
  const { type, id } = sender || toRecord(toRecord(body.extra)['sender'])
  return { type: SENDERS[Number(type)] || 'unknown', id: typeof id === 'string' ? id : null }
}
