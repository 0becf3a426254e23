/**
 * Owns the portal's side: which channels users hold, when a channel is replaced, the configuration of
 * `pull.config.get`, and the bodies PHP posts about all this. Pure: ids and the time come in, posts go out as data.
 */
import type { Settings } from './options'
import { publicSignature, signedId } from './signature'

export type ChannelType = 'private' | 'shared'

export interface PortalChannel {
  readonly type: ChannelType
  /** 0 for the shared channel. */
  readonly userId: number
  readonly id: string
  /** Private channels of version 4. */
  readonly publicId: string | null
  readonly startAtMs: number
  readonly endAtMs: number
}

export interface Portal {
  readonly settings: Settings
  readonly channels: Map<string, PortalChannel>
  /** Owners of every private channel ever handed out, so that old connections still have a user. */
  readonly owners: Map<string, number>
  configTimestamp: number
}

/** What the portal wants published: a body and the raw ids to publish it to. `expiry` in seconds. */
export interface Post {
  readonly channels: readonly string[]
  readonly body: string
  readonly expiry: number
}

export interface PortalMessage {
  readonly module_id: string
  readonly command: string
  readonly params?: unknown
  readonly extra?: object
}

/** A channel as the configuration shows it. */
export interface RawChannel {
  id: string
  public_id?: string
  start: string
  end: string
  type: string
}

/** The answer of `pull.config.get`, in the vendor's spelling. */
export interface RawConfig {
  server: {
    version: number
    server_enabled: boolean
    mode: 'personal' | 'shared'
    hostname: string
    long_polling: string
    /** The misspelling is the real key. */
    long_pooling_secure: string
    websocket_enabled: boolean
    websocket: string
    websocket_secure: string
    publish_enabled: boolean
    publish: string
    publish_secure: string
    config_timestamp: number
    /** Not the vendor's: URL of the event-stream location, where there is one. */
    sse?: string
    sse_secure?: string
  }
  api: { revision_web: number; revision_mobile: number }
  channels: { private: RawChannel; shared: RawChannel }
  publicChannels:
    Record<string, { user_id: number; public_id: string; signature: string; start: string; end: string }> | false
  serverTime: string
}

export function createPortal(settings: Settings): Portal {
  return { settings, channels: new Map(), owners: new Map(), configTimestamp: 0 }
}

/** The user's channel as it stands, issued if there is none and replaced if it has ended. */
export function channelOf(
  portal: Portal,
  type: ChannelType,
  userId: number,
  nowMs: number,
  newId: () => string,
): { readonly channel: PortalChannel; readonly posts: readonly Post[] } {
  const key = keyOf(type, userId)
  const current = portal.channels.get(key)
  if (current !== undefined && current.endAtMs > nowMs) return { channel: current, posts: [] }
  const channel = issue(portal, type, userId, nowMs, newId)
  // Rotation is lazy: whoever asks first after the end makes the portal tell the old channel.
  const posts = current === undefined ? [] : [expirePost(portal, current, channel, nowMs)]
  return { channel, posts }
}

/** Replaces a channel now, as after its end. */
export function rotate(
  portal: Portal,
  type: ChannelType,
  userId: number,
  nowMs: number,
  newId: () => string,
): { readonly channel: PortalChannel; readonly posts: readonly Post[] } {
  const current = portal.channels.get(keyOf(type, userId))
  const channel = issue(portal, type, userId, nowMs, newId)
  return { channel, posts: current === undefined ? [] : [expirePost(portal, current, channel, nowMs)] }
}

/** Forgets a channel, as the portal's delete path does, and says what it posts to it. */
export function forget(
  portal: Portal,
  type: ChannelType,
  userId: number,
  nowMs: number,
  newId: () => string,
): Post | null {
  const key = keyOf(type, userId)
  const current = portal.channels.get(key)
  if (current === undefined) return null
  portal.channels.delete(key)
  if (type === 'private') return expirePost(portal, current, null, nowMs)
  const next = issue(portal, 'shared', 0, nowMs, newId)
  const channel = { id: rawChannel(portal, current).id, type }
  const raw = rawChannel(portal, next)
  // On this path PHP writes the start as a Unix number, unlike everywhere else.
  const newChannel = { id: raw.id, start: Math.floor(next.startAtMs / 1000), end: raw.end, type }
  const params = { action: 'reconnect', channel, new_channel: newChannel }
  return post(portal, [current.id], { module_id: 'pull', command: 'channel_expire', params }, 86_400, nowMs)
}

/** The first message of a channel. push-stream knows a channel only from then on. */
export function openPost(portal: Portal, channel: PortalChannel, nowMs: number): Post {
  return post(portal, [channel.id], { module_id: 'pull', command: 'open', params: [] }, 1, nowMs)
}

export function post(
  portal: Portal,
  channels: readonly string[],
  message: PortalMessage,
  expiry: number,
  nowMs: number,
): Post {
  return { channels, body: composeBody(portal, message, nowMs), expiry }
}

/** Compact JSON with `extra` as PHP fills it; an absent `params` is PHP's empty array. */
export function composeBody(portal: Portal, message: PortalMessage, nowMs: number): string {
  const extra = {
    server_time: isoTime(nowMs),
    server_time_unix: nowMs / 1000,
    server_name: portal.settings.host,
    revision_web: 19,
    revision_mobile: 3,
    ...message.extra,
  }
  const { module_id, command, params } = message
  return JSON.stringify({ module_id: module_id.toLowerCase(), command, params: params ?? [], extra })
}

/** The configuration of one user. `origin` is `host:port` as the asking page reaches it. */
export function configOf(
  portal: Portal,
  own: PortalChannel,
  shared: PortalChannel,
  origin: string,
  nowMs: number,
): RawConfig {
  const { version, websocket, sse, host } = portal.settings
  const publicChannel = rawPublicChannel(portal, own)
  return {
    server: {
      version,
      server_enabled: true,
      mode: 'personal',
      hostname: host,
      long_polling: `http://${origin}/bitrix/sub/`,
      long_pooling_secure: '',
      websocket_enabled: websocket,
      websocket: `ws://${origin}/bitrix/subws/`,
      websocket_secure: '',
      // Publishing by clients needs the binary framing of version 4, which is not served yet.
      publish_enabled: false,
      publish: '',
      publish_secure: '',
      config_timestamp: portal.configTimestamp,
      ...(sse ? { sse: `http://${origin}/bitrix/subsse/`, sse_secure: '' } : {}),
    },
    api: { revision_web: 19, revision_mobile: 3 },
    channels: { private: rawChannel(portal, own), shared: rawChannel(portal, shared) },
    publicChannels: publicChannel === null ? false : { [String(own.userId)]: publicChannel },
    serverTime: isoTime(nowMs),
  }
}

/** PHP's `date('c')` in UTC. */
export function isoTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}+00:00`
}

function keyOf(type: ChannelType, userId: number): string {
  return type === 'shared' ? 'shared' : `private:${userId}`
}

function issue(portal: Portal, type: ChannelType, userId: number, nowMs: number, newId: () => string): PortalChannel {
  const channel: PortalChannel = {
    type,
    userId: type === 'shared' ? 0 : userId,
    id: newId(),
    publicId: type === 'private' && portal.settings.version >= 4 ? newId() : null,
    startAtMs: nowMs,
    endAtMs: nowMs + portal.settings.channelTtlMs,
  }
  portal.channels.set(keyOf(type, userId), channel)
  if (type === 'private') portal.owners.set(channel.id, userId)
  return channel
}

/** push-stream takes ids of at most 32 characters, so there the portal has no signature key. */
function rawChannel(portal: Portal, channel: PortalChannel): RawChannel {
  const { version, signatureKey } = portal.settings
  const raw: RawChannel = {
    id: version <= 2 ? channel.id : signedId(channel.id, channel.publicId, signatureKey),
    start: isoTime(channel.startAtMs),
    end: isoTime(channel.endAtMs),
    type: channel.type,
  }
  if (channel.type === 'shared') return raw
  const publicId = channel.publicId
  return { ...raw, public_id: publicId === null ? '' : `${publicId}.${publicSignature(publicId, signatureKey)}` }
}

function rawPublicChannel(portal: Portal, channel: PortalChannel) {
  if (channel.publicId === null) return null
  return {
    user_id: channel.userId,
    public_id: channel.publicId,
    signature: publicSignature(channel.publicId, portal.settings.signatureKey),
    start: isoTime(channel.startAtMs),
    end: isoTime(channel.endAtMs),
  }
}

/** `channel_expire` goes to the old channel: shared names its successor, private sends everybody for a new config. */
function expirePost(portal: Portal, old: PortalChannel, next: PortalChannel | null, nowMs: number): Post {
  const channel = { id: rawChannel(portal, old).id, type: old.type }
  const raw = next === null ? null : rawChannel(portal, next)
  const params =
    old.type === 'shared' && raw !== null
      ? { action: 'reconnect', channel, new_channel: { id: raw.id, start: raw.start, end: raw.end, type: raw.type } }
      : { action: 'get_config', channel }
  return post(portal, [old.id], { module_id: 'pull', command: 'channel_expire', params }, 86_400, nowMs)
}
