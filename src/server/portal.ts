/**
 * Owns the portal's channels: which mailbox has which, when one is replaced, and what PHP posts to whom about it.
 * Pure: ids and the time come in, posts go out as data. What a page is told of them is portal-config.ts.
 */
import type { ServerVersion, Settings } from './options'
import { publicSignature, signedId } from './signature'

export type ChannelType = 'private' | 'shared'

/** Whose mail it is. */
export interface Mailbox {
  readonly kind: ChannelType
  /** 0 for a shared one. */
  readonly userId: number
  /** Client id of the REST application it belongs to, the portal's own if null. Applications do not read each other. */
  readonly application: string | null
  /** Generation of the queue server it lies on. */
  readonly version: ServerVersion
}

export interface PortalChannel extends Mailbox {
  readonly id: string
  /** Private channels from version 4 on. It stays the same until the channel ends. */
  readonly publicId: string | null
  readonly startAtMs: number
  readonly endAtMs: number
}

export interface Portal {
  readonly settings: Settings
  readonly channels: Map<string, PortalChannel>
  /** Every channel ever handed out by its id, so that old connections still have a user. */
  readonly issued: Map<string, PortalChannel>
  configTimestamp: number
}

/** What the portal wants published: a body and the raw ids to publish it to. `expiry` in seconds. */
export interface Post {
  readonly version: ServerVersion
  readonly channels: readonly string[]
  readonly body: string
  readonly expiry: number
  /** Version 5: what the client merges itself. */
  readonly userParams?: object | undefined
  readonly dictionary?: object | undefined
}

export interface PortalMessage {
  readonly module_id: string
  readonly command: string
  readonly params?: unknown
  readonly extra?: object
  /** By user id: what is merged into the `params` of this user alone. The portal merges below version 5, else the client. */
  readonly user_params?: Readonly<Record<string, object>>
  /** Merged into the `params` of everybody. Below version 5 `user_params` win over it, from version 5 on it wins. */
  readonly dictionary?: object
}

/** A channel as the configuration shows it. */
export interface RawChannel {
  id: string
  public_id?: string
  start: string
  end: string
  type: string
}

export function createPortal(settings: Settings): Portal {
  return { settings, channels: new Map(), issued: new Map(), configTimestamp: 0 }
}

/** The channel of a mailbox as it stands, issued if there is none and replaced if it has ended. */
export function channelOf(
  portal: Portal,
  mailbox: Mailbox,
  nowMs: number,
  newId: () => string,
): { readonly channel: PortalChannel; readonly posts: readonly Post[] } {
  const current = portal.channels.get(keyOf(mailbox))
  if (current !== undefined && current.endAtMs > nowMs) return { channel: current, posts: [] }
  // Rotation is lazy: whoever asks first after the end makes the portal tell the old channel.
  return rotate(portal, mailbox, nowMs, newId)
}

/** Replaces a channel now, as after its end. */
export function rotate(
  portal: Portal,
  mailbox: Mailbox,
  nowMs: number,
  newId: () => string,
): { readonly channel: PortalChannel; readonly posts: readonly Post[] } {
  const current = portal.channels.get(keyOf(mailbox))
  const channel = issue(portal, mailbox, nowMs, newId)
  return { channel, posts: current === undefined ? [] : [expirePost(portal, current, channel, nowMs)] }
}

/** Forgets a channel, as the portal's delete path does, and says what it posts to it. */
export function forget(portal: Portal, mailbox: Mailbox, nowMs: number, newId: () => string): Post | null {
  const key = keyOf(mailbox)
  const current = portal.channels.get(key)
  if (current === undefined) return null
  portal.channels.delete(key)
  if (current.kind === 'private') return expirePost(portal, current, null, nowMs)
  const next = issue(portal, mailbox, nowMs, newId)
  const type = typeOf(current)
  const raw = rawChannel(portal, next)
  // On this path PHP writes the start as a Unix number, unlike everywhere else.
  const newChannel = { id: raw.id, start: Math.floor(next.startAtMs / 1000), end: raw.end, type }
  const params = { action: 'reconnect', channel: { id: rawChannel(portal, current).id, type }, new_channel: newChannel }
  return post(portal, current, { module_id: 'pull', command: 'channel_expire', params }, 86_400, nowMs)
}

/** The first message of a channel. push-stream knows a channel only from then on. */
export function openPost(portal: Portal, channel: PortalChannel, nowMs: number): Post {
  return post(portal, channel, { module_id: 'pull', command: 'open', params: [] }, 1, nowMs)
}

export function post(
  portal: Portal,
  channel: PortalChannel,
  message: PortalMessage,
  expiry: number,
  nowMs: number,
): Post {
  return { version: channel.version, channels: [channel.id], body: composeBody(portal, message, nowMs), expiry }
}

/** Compact JSON with `extra` as PHP fills it; an absent `params` is PHP's empty array. */
export function composeBody(portal: Portal, message: PortalMessage, nowMs: number): string {
  const { module_id, command, params } = message
  const extra = { ...extraOf(portal.settings.host, nowMs), ...message.extra }
  return JSON.stringify({ module_id: module_id.toLowerCase(), command, params: params ?? [], extra })
}

export function extraOf(host: string, nowMs: number): object {
  return {
    server_time: isoTime(nowMs),
    server_time_unix: nowMs / 1000,
    server_name: host,
    revision_web: 19,
    revision_mobile: 3,
  }
}

/** PHP's `date('c')` in UTC. */
export function isoTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}+00:00`
}

/** As `type` on the wire: an application's client id stands for both its channels. */
export function typeOf(mailbox: Mailbox): string {
  return mailbox.application ?? mailbox.kind
}

/** push-stream takes ids of at most 32 characters, so there the portal has no signature key. */
export function rawChannel(portal: Portal, channel: PortalChannel): RawChannel {
  const key = portal.settings.signatureKey
  const raw: RawChannel = {
    id: channel.version <= 2 ? channel.id : signedId(channel.id, channel.publicId, key),
    start: isoTime(channel.startAtMs),
    end: isoTime(channel.endAtMs),
    type: typeOf(channel),
  }
  if (channel.kind === 'shared') return raw
  const publicId = channel.publicId
  return { ...raw, public_id: publicId === null ? '' : `${publicId}.${publicSignature(publicId, key)}` }
}

function keyOf({ kind, userId, application, version }: Mailbox): string {
  return `${kind}:${userId}:${version}:${application ?? ''}`
}

function issue(portal: Portal, mailbox: Mailbox, nowMs: number, newId: () => string): PortalChannel {
  const { kind, userId, application, version } = mailbox
  const channel: PortalChannel = {
    kind,
    userId,
    application,
    version,
    id: newId(),
    publicId: kind === 'private' && version >= 4 ? newId() : null,
    startAtMs: nowMs,
    endAtMs: nowMs + portal.settings.channelTtlMs,
  }
  portal.channels.set(keyOf(mailbox), channel)
  portal.issued.set(channel.id, channel)
  return channel
}

/**
 * `channel_expire` goes to the old channel: shared names its successor, private sends everybody for a new config. An
 * application's shared channel does both, as the newest PHP has it.
 */
function expirePost(portal: Portal, old: PortalChannel, next: PortalChannel | null, nowMs: number): Post {
  const channel = { id: rawChannel(portal, old).id, type: typeOf(old) }
  const raw = next === null || old.kind === 'private' ? null : rawChannel(portal, next)
  const action = raw === null || old.application !== null ? 'get_config' : 'reconnect'
  const successor = raw === null ? {} : { new_channel: { id: raw.id, start: raw.start, end: raw.end, type: raw.type } }
  const params = { action, channel, ...successor }
  return post(portal, old, { module_id: 'pull', command: 'channel_expire', params }, 86_400, nowMs)
}
