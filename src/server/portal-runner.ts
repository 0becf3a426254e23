/**
 * Owns the portal at work: it hands out configurations and publishes through the queue server, which on push-stream
 * means that a channel is opened by a first message before anybody may listen to it.
 */
import { randomBytes } from 'node:crypto'
import type { Context } from './context'
import type { Delivery } from './generations/generation'
import { isAuthorised } from './hub'
import {
  channelOf,
  composeBody,
  configOf,
  createPortal,
  forget,
  openPost,
  post,
  rotate,
  type ChannelType,
  type PortalChannel,
  type PortalMessage,
  type Post,
  type RawConfig,
} from './portal'
import { bareId } from './signature'

export interface PublishTarget {
  /** Users whose private channels get it. */
  users?: number[]
  /** The shared channel gets it too. */
  shared?: boolean
  /** Channel ids, signed or bare. */
  channels?: string[]
  /** Seconds to keep it, as the portal's `expiry` (`Message-Expiry`); 0 = only who listens now. @default 86_400 */
  expiry?: number
}

export interface PortalRunner {
  config(userId: number, origin: string): RawConfig
  publish(message: PortalMessage, to: PublishTarget): void
  publishRaw(body: string, to: PublishTarget): void
  expireChannel(type: ChannelType, userId: number): void
  deleteChannel(type: ChannelType, userId: number): void
  expireConfig(): void
  announceRestart(): void
  ownerOf(channels: readonly string[]): number | undefined
}

export interface PortalEvents {
  /** After something was published by the portal; for people who watch. */
  readonly published: (channels: readonly string[], body: string) => void
}

const DEFAULT_EXPIRY = 86_400
/** The portal addresses at most this many channels in one publish. */
const CHANNELS_PER_POST = 100

export function createPortalRunner(context: Context, events: PortalEvents): PortalRunner {
  const { settings, generation, connections } = context
  const portal = createPortal(settings)
  const newId = () => randomBytes(16).toString('hex')

  function send(posts: readonly Post[]): void {
    for (const each of posts) {
      for (let at = 0; at < each.channels.length; at += CHANNELS_PER_POST) {
        const channels = each.channels.slice(at, at + CHANNELS_PER_POST)
        const draft = { body: each.body }
        const deliveries: readonly Delivery[] = generation.submit(
          context.hub(),
          channels,
          draft,
          each.expiry,
          context.nowMs(),
        )
        connections.deliver(deliveries)
        events.published(channels, each.body)
      }
    }
  }

  function channel(type: ChannelType, userId: number): PortalChannel {
    const found = channelOf(portal, type, userId, context.nowMs(), newId)
    send(found.posts)
    return found.channel
  }

  /** A channel as it is handed out: push-stream must know it by now. */
  function opened(type: ChannelType, userId: number): PortalChannel {
    const found = channel(type, userId)
    open(found)
    return found
  }

  function open(found: PortalChannel): void {
    const nowMs = context.nowMs()
    if (settings.version <= 2 && !isAuthorised(context.hub(), found.id, nowMs)) send([openPost(portal, found, nowMs)])
  }

  function addresses(to: PublishTarget): string[] {
    const named = to.users !== undefined || to.shared !== undefined || to.channels !== undefined
    const users = to.users ?? (named ? [] : [1])
    const ids = users.map((userId) => channel('private', userId).id)
    if (to.shared === true) ids.push(channel('shared', 0).id)
    return [...ids, ...(to.channels ?? []).map(bareId)]
  }

  function broadcast(message: PortalMessage): void {
    const shared = channel('shared', 0)
    send([post(portal, [shared.id], message, DEFAULT_EXPIRY, context.nowMs())])
  }

  return {
    config: (userId, origin) =>
      configOf(portal, opened('private', userId), opened('shared', 0), origin, context.nowMs()),
    publish(message, to) {
      const body = composeBody(portal, message, context.nowMs())
      send([{ channels: addresses(to), body, expiry: to.expiry ?? DEFAULT_EXPIRY }])
    },
    publishRaw(body, to) {
      send([{ channels: addresses(to), body, expiry: to.expiry ?? DEFAULT_EXPIRY }])
    },
    expireChannel(type, userId) {
      const rotated = rotate(portal, type, userId, context.nowMs(), newId)
      open(rotated.channel) // a page that reads the message goes straight to the new channel
      send(rotated.posts)
    },
    deleteChannel(type, userId) {
      const old = channel(type, userId)
      const farewell = forget(portal, type, userId, context.nowMs(), newId)
      if (farewell !== null) send([farewell])
      const gone = generation.remove(context.hub(), old.id, null, context.nowMs())
      if (gone !== null) connections.remove(gone)
    },
    expireConfig() {
      portal.configTimestamp = Math.floor(context.nowMs() / 1000)
      broadcast({ module_id: 'pull', command: 'config_expire' })
    },
    announceRestart: () => broadcast({ module_id: 'pull', command: 'server_restart' }),
    ownerOf(channels) {
      for (const id of channels) {
        const owner = portal.owners.get(id)
        if (owner !== undefined) return owner
      }
      return undefined
    },
  }
}
