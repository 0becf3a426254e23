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

/** Channels in URL order (private, shared, then others), each mailbox once: one listed twice delivers everything twice. */
export function channelSet(channels: readonly Channel[]): ChannelSet {
  const rank = ({ type }: Channel): number => (type === 'private' ? 0 : type === 'shared' ? 1 : 2)
  const sorted = channels.slice().sort((a, b) => rank(a) - rank(b))
  return sorted.filter((channel, at) => sorted.findIndex((other) => other.id.matches(channel.id.reveal())) === at)
}

/** Value of `CHANNEL_ID`: signed ids joined with `/`. A secret. */
export function channelQuery(set: ChannelSet): string {
  return set.map((channel) => channel.id.reveal()).join('/')
}

/** Type of the channel a message came through, or `null` when the id is none of ours (or `-`). */
export function channelTypeOf(set: ChannelSet, rawId: string | null): string | null {
  const found = rawId === null ? undefined : set.find((channel) => channel.id.matches(rawId))
  return found ? found.type : null
}

/** The set with one channel exchanged for its successor (`channel_expire` with `new_channel`), or `null` if it is not in the set. */
export function replaceChannel(
  set: ChannelSet,
  expiredId: string,
  successor: Omit<Channel, 'type' | 'id'> & { id: string },
): ChannelSet | null {
  let isFound = false
  const next = set.map((channel) => {
    if (!channel.id.matches(expiredId)) return channel
    isFound = true
    return { ...successor, type: channel.type, id: channelId(successor.id) }
  })
  return isFound ? channelSet(next) : null
}
