/** Owns the list of channels a client listens to, in the order they are written into the URL. Pure. */
import { type ChannelId, channelId } from './channel-id'

export interface Channel {
  /** `private`, `shared`, or for REST applications the application's client id. */
  readonly type: string
  readonly id: ChannelId
  /** Unix ms by the server's clock; `null` when the portal did not say (then it does not end). */
  readonly startAtMs: number | null
  readonly endAtMs: number | null
}

export type ChannelSet = readonly Channel[]

const FIRST_IN_URL = ['private', 'shared']

/** Channels in URL order (private, shared, then others), each mailbox once: one listed twice delivers everything twice. */
export function channelSet(channels: readonly Channel[]): ChannelSet {
  const rank = (channel: Channel): number => {
    const at = FIRST_IN_URL.indexOf(channel.type)
    return at < 0 ? FIRST_IN_URL.length : at
  }
  const sorted = [...channels].sort((a, b) => rank(a) - rank(b))
  return sorted.filter((channel, at) => sorted.findIndex((other) => other.id.matches(channel.id.reveal())) === at)
}

/** Value of `CHANNEL_ID`: signed ids joined with `/`. A secret. */
export function channelQuery(set: ChannelSet): string {
  return set.map((channel) => channel.id.reveal()).join('/')
}

/** Type of the channel a message came through, or `null` when the id is none of ours (or `-`). */
export function channelTypeOf(set: ChannelSet, rawId: string | null): string | null {
  if (rawId === null) return null
  return set.find((channel) => channel.id.matches(rawId))?.type ?? null
}

/** The earliest end of the set, Unix ms by the server's clock; `null` if nothing ends. */
export function earliestEnd(set: ChannelSet): number | null {
  return set.reduce<number | null>(
    (earliest, { endAtMs }) => (endAtMs === null || (earliest !== null && earliest < endAtMs) ? earliest : endAtMs),
    null,
  )
}

/** Whether two sets ask the server for the same mailboxes with the same signatures. */
export function sameChannels(a: ChannelSet, b: ChannelSet): boolean {
  return channelQuery(a) === channelQuery(b)
}

/** The set with one channel exchanged for its successor (`channel_expire` with `new_channel`), or `null` if it is not in the set. */
export function replaceChannel(
  set: ChannelSet,
  expiredId: string,
  successor: Omit<Channel, 'type' | 'id'> & { id: string },
): ChannelSet | null {
  if (!set.some((channel) => channel.id.matches(expiredId))) return null
  const { id, ...times } = successor
  return channelSet(
    set.map((channel) =>
      channel.id.matches(expiredId) ? { type: channel.type, id: channelId(id), ...times } : channel,
    ),
  )
}
