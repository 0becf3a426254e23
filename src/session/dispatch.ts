/** Owns how a message becomes the event that listeners get. Pure. */
import { type ChannelSet, channelTypeOf } from '../channel/channel-set'
import type { Message } from '../codec/codec'
import { publishedAt } from '../replay/position'

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

export interface EventContext {
  readonly channels: ChannelSet
  readonly receivedAtMs: number
  /** Server time now, Unix ms. */
  readonly serverNowMs: number
  /** Server time when the connection was opened, Unix ms. */
  readonly openedAtServerMs: number
}

const SENDERS = ['unknown', 'client', 'backend'] as const

export function eventOf(message: Message, context: EventContext): PullEvent {
  const { body } = message
  const publishedAtMs = publishedAt(message)
  const extra = isRecord(body.extra) ? body.extra : {}
  const agoMs = publishedAtMs === null ? null : Math.max(0, context.serverNowMs - publishedAtMs)
  return {
    module: body.module_id.toLowerCase(),
    command: body.command,
    params: body.params === undefined ? {} : body.params,
    extra: { ...extra, server_time_ago: agoMs === null ? null : agoMs / 1000 },
    id: message.mid,
    channel: channelTypeOf(context.channels, message.channel),
    sender: senderOf(message),
    receivedAtMs: context.receivedAtMs,
    replayed: (publishedAtMs ?? context.openedAtServerMs) < context.openedAtServerMs,
  }
}

/** Servers below version 4 tell no sender: `unknown`. */
export function senderOf({ body }: Message): EventSender {
  const sender = isRecord(body.extra) ? body.extra['sender'] : null
  if (!isRecord(sender)) return { type: 'unknown', id: null }
  return { type: SENDERS[Number(sender.type)] ?? 'unknown', id: typeof sender.id === 'string' ? sender.id : null }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
