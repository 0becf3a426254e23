/**
 * Owns what a queue server remembers: channels, their stored messages, the counters that number them.
 * Pure in the sense that matters here: the clock comes in as `nowMs` and nothing is sent; the Hub object itself is
 * changed in place, because ten thousand messages a second leave no room for copies.
 */

/** Who published; `id` is the public id (version 4) or the user id (version 5). */
export type Sender = { readonly type: 'client'; readonly id: string } | { readonly type: 'backend' }

/** A message as the queue server numbered it. One object may lie in several channels of a Node server. */
export interface Stored {
  /** Channel it was stored in (push-stream) or its first addressee (Node servers). */
  readonly channel: string
  /** push-stream: counts per channel from 1. Node servers: the counter of the mid. Below 0: a frame of the server. */
  readonly id: number
  /** push-stream only: counts inside one second over all channels. */
  readonly tag: number
  /** 26 digits on Node servers, else ''. */
  readonly mid: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly body: string
  readonly eventId: string | null
  readonly eventType: string | null
  /** Seconds the publisher asked to keep it for, capped; 0 = not stored. */
  readonly expiry: number
  readonly sender: Sender
  /** Version 5 only: parts of `params` that the client merges itself. */
  readonly userParams: object | null
  readonly dictionary: object | null
  /** Delivered on a channel where text is read too: Push server 2.0 then tells a wrong `created` in binary. */
  readonly spoiled?: true
}

/** What a publisher hands in. */
export interface Draft {
  readonly body: string
  readonly eventId?: string | null
  readonly eventType?: string | null
  /** Seconds to keep it; Node servers store nothing at 0. */
  readonly expiry?: number
  readonly sender?: Sender
  /** Version 5 only, beside the body: the receiver's own part of the portal's `user_params`, and its `dictionary`. */
  readonly userParams?: object | undefined
  readonly dictionary?: object | undefined
}

export interface HubChannel {
  readonly id: string
  published: number
  messages: Stored[]
  subscribers: number
}

export interface HubLimits {
  /** First tag of a second: 0 in push-stream 0.3.4, 1 later. */
  readonly firstTag: number
  readonly historyTtlMs: number
  /** Stored messages per channel. */
  readonly historyCount: number
}

export interface Hub {
  readonly limits: HubLimits
  readonly channels: Map<string, HubChannel>
  /** Ten digits in front of every mid: the Unix second in which the storage was first used. */
  readonly midPrefix: string
  midCount: number
  second: number
  nextTag: number
}

/** An empty storage. `after` keeps two storages of one second apart, as two seconds would on a real server. */
export function createHub(limits: HubLimits, nowMs: number, after: Hub | null = null): Hub {
  const second = Math.floor(nowMs / 1000)
  const prefix = after === null ? second : Math.max(second, Number(after.midPrefix) + 1)
  return {
    limits,
    channels: new Map(),
    midPrefix: String(prefix).padStart(10, '0'),
    midCount: 0,
    second: -1,
    nextTag: limits.firstTag,
  }
}

/** The storage comes back empty while listeners stay: the counter starts again under the same prefix. */
export function emptiedHub(hub: Hub, nowMs: number): Hub {
  const listened = [...hub.channels.values()].filter((channel) => channel.subscribers > 0)
  const channels = new Map(listened.map((channel) => [channel.id, { ...channel, published: 0, messages: [] }]))
  return { ...createHub(hub.limits, nowMs), midPrefix: hub.midPrefix, channels }
}

/** push-stream: one message in one channel, which is created if need be. */
export function storeInChannel(hub: Hub, channelId: string, draft: Draft, nowMs: number): Stored {
  const channel = openChannel(hub, channelId)
  dropExpired(channel, nowMs)
  channel.published += 1
  const message: Stored = {
    channel: channelId,
    id: channel.published,
    tag: takeTag(hub, nowMs),
    mid: '',
    createdAtMs: nowMs,
    expiresAtMs: nowMs + hub.limits.historyTtlMs,
    body: draft.body,
    eventId: draft.eventId ?? null,
    eventType: draft.eventType ?? null,
    ...BY_PORTAL,
  }
  channel.messages.push(message)
  if (channel.messages.length > hub.limits.historyCount) channel.messages.shift()
  return message
}

/** What every message is that came from the portal over a server without client publishing. */
export const BY_PORTAL = { expiry: 0, sender: { type: 'backend' }, userParams: null, dictionary: null } as const

/** Node servers: one message, one mid, lying in every addressed channel, for its `expiry` but at most `mostMs`. */
export function storeOnce(
  hub: Hub,
  channelIds: readonly string[],
  draft: Draft,
  mostMs: number,
  nowMs: number,
): Stored {
  const keepMs = Math.min((draft.expiry ?? 0) * 1000, mostMs)
  hub.midCount += 1
  const message: Stored = {
    channel: channelIds[0] ?? '',
    id: hub.midCount,
    tag: 0,
    mid: hub.midPrefix + String(hub.midCount).padStart(16, '0'),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + keepMs,
    body: draft.body,
    eventId: null,
    eventType: null,
    expiry: Math.ceil(keepMs / 1000),
    sender: draft.sender ?? BY_PORTAL.sender,
    userParams: draft.userParams ?? null,
    dictionary: draft.dictionary ?? null,
  }
  if (keepMs > 0) {
    for (const channelId of new Set(channelIds)) {
      const channel = openChannel(hub, channelId)
      dropExpired(channel, nowMs)
      channel.messages.push(message)
    }
  }
  return message
}

/** The tag the next message of this second would get. It is not taken. */
export function peekTag(hub: Hub, nowMs: number): number {
  return Math.floor(nowMs / 1000) === hub.second ? hub.nextTag : hub.limits.firstTag
}

/** Messages of a channel that are still kept, oldest first. */
export function storedMessages(hub: Hub, channelId: string, nowMs: number): readonly Stored[] {
  const channel = hub.channels.get(channelId)
  if (channel === undefined) return []
  dropExpired(channel, nowMs)
  // Expiries differ on a Node server, so an expired message may stand behind a living one.
  return channel.messages.filter((message) => message.expiresAtMs > nowMs)
}

/** Node servers: those behind a mid. They lie in the order of their mids: a day of them is not looked through for every poll. */
export function storedBehind(hub: Hub, channelId: string, mid: string, nowMs: number): readonly Stored[] {
  const messages = hub.channels.get(channelId)?.messages ?? []
  let from = 0
  for (let to = messages.length; from < to;) {
    const middle = (from + to) >> 1
    if (messages[middle]!.mid > mid) to = middle
    else from = middle + 1
  }
  return messages.slice(from).filter((message) => message.expiresAtMs > nowMs)
}

/** The newest message of a channel that is still kept. */
export function newestStored(hub: Hub, channelId: string, nowMs: number): Stored | undefined {
  const messages = hub.channels.get(channelId)?.messages ?? []
  for (let at = messages.length - 1; at >= 0; at--) if (messages[at]!.expiresAtMs > nowMs) return messages[at]
  return undefined
}

/** True if push-stream would let a new listener in: only a channel that still holds a message counts as authorised. */
export function isAuthorised(hub: Hub, channelId: string, nowMs: number): boolean {
  const channel = hub.channels.get(channelId)
  if (channel === undefined) return false
  dropExpired(channel, nowMs)
  if (channel.messages.length > 0) return true
  // Without messages and listeners the channel is forgotten: its ids will start at 1 again.
  if (channel.subscribers === 0) hub.channels.delete(channelId)
  return false
}

/** Where a Node server keeps what is addressed to a public id: apart from the private channel of the same user. */
export function publicKey(publicId: string): string {
  return `public:${publicId}`
}

export function isOnline(hub: Hub, key: string): boolean {
  return (hub.channels.get(key)?.subscribers ?? 0) > 0
}

export function removeChannel(hub: Hub, channelId: string): boolean {
  return hub.channels.delete(channelId)
}

export function countSubscriber(hub: Hub, channelId: string, by: 1 | -1): void {
  const channel = by === 1 ? openChannel(hub, channelId) : hub.channels.get(channelId)
  if (channel !== undefined) channel.subscribers = Math.max(0, channel.subscribers + by)
}

function openChannel(hub: Hub, id: string): HubChannel {
  let channel = hub.channels.get(id)
  if (channel === undefined) {
    channel = { id, published: 0, messages: [], subscribers: 0 }
    hub.channels.set(id, channel)
  }
  return channel
}

function takeTag(hub: Hub, nowMs: number): number {
  const second = Math.floor(nowMs / 1000)
  if (second !== hub.second) {
    hub.second = second
    hub.nextTag = hub.limits.firstTag
  }
  return hub.nextTag++
}

function dropExpired(channel: HubChannel, nowMs: number): void {
  let expired = 0
  while (expired < channel.messages.length && channel.messages[expired]!.expiresAtMs <= nowMs) expired += 1
  if (expired > 0) channel.messages.splice(0, expired)
}
