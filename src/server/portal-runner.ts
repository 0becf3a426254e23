/**
 * Owns the portal at work: it hands out configurations and publishes through the queue server, which on push-stream
 * means that a channel is opened by a first message before anybody may listen to it. Without a queue server messages
 * go to the table that PHP polling reads.
 */
import { randomBytes } from 'node:crypto'
import type { Context } from './context'
import type { Generation } from './generations/generation'
import { isAuthorised } from './hub'
import type { ServerVersion } from './options'
import { answerPhp, createPhpStore, storeRows, type PhpAsk } from './php-polling'
import * as portals from './portal'
import type { ChannelType, Mailbox, PortalChannel, PortalMessage, Post } from './portal'
import { configOf, rawPublicChannel, type RawConfig, type RawPublicChannel } from './portal-config'
import { commonShare, sharesOf, type Share } from './portal-merge'
import type { Presence } from './presence'
import { parseObject } from './request-body'
import { bareId } from './signature'
import { addTag, createWatchTags, deleteTag, extendTags, holdersOf } from './watch-tags'

export interface PublishTarget {
  /** Users whose private channels get it. */
  users?: number[]
  /** Users holding this watch tag get it. */
  tag?: string
  /** The shared channel gets it too. */
  shared?: boolean
  /** Channel ids, signed or bare. */
  channels?: string[]
  /** Client id of a REST application: `users` and `shared` mean its channels. */
  application?: string
  /** Seconds to keep it, as the portal's `expiry` (`Message-Expiry`); 0 = only who listens now. @default 86_400 */
  expiry?: number
}

export interface TagsOfServer {
  /** What PHP does while it renders a page of the user. */
  add(userId: number, tag: string): void
  delete(userId: number, tag: string): void
  /** Users holding the tag now. */
  holders(tag: string): number[]
}

export interface PortalRunner {
  config(userId: number, origin: string, application?: string | null): RawConfig
  publish(message: PortalMessage, to: PublishTarget): void
  publishRaw(body: string, to: PublishTarget): void
  expireChannel(type: ChannelType, userId: number): void
  deleteChannel(type: ChannelType, userId: number): void
  expireConfig(): void
  announceRestart(): void
  ownerOf(channels: readonly string[]): number | undefined
  /** Raw ids as they stand; version 5 derives a user's channels from his token. */
  channelIdsOf(userId: number): { privateId: string; publicId: string | null }
  /** Null where the version has none. */
  publicChannel(userId: number, application: string | null): RawPublicChannel | null
  readonly tags: TagsOfServer
  extendTags(userId: number, tags: readonly string[]): Record<string, boolean>
  /** Seconds since each user was here, 0 = connected now; who never was is absent. */
  lastSeen(userIds: readonly number[]): Record<string, number>
  /** An answer of PHP polling, before it is printed. */
  php(ask: PhpAsk, origin: string): object
}

export interface PortalDeps {
  /** Every version that is served. */
  readonly generations: ReadonlyMap<ServerVersion, Generation>
  readonly presence: Presence
  /** After something was published by the portal; for people who watch. */
  readonly published: (channels: readonly string[], body: string) => void
}

/** Who of those meant lives on one version. */
interface Audience {
  readonly version: ServerVersion
  readonly users: readonly number[]
  /** Raw ids of the other channels. */
  readonly others: readonly string[]
}

const DEFAULT_EXPIRY = 86_400
/** The portal addresses at most this many channels in one publish. */
const CHANNELS_PER_POST = 100

export function createPortalRunner(context: Context, deps: PortalDeps): PortalRunner {
  const { settings, connections } = context
  const { generations } = deps
  const portal = portals.createPortal(settings)
  const tags = createWatchTags()
  const store = createPhpStore()
  const newId = () => randomBytes(16).toString('hex')

  function send(posts: readonly Post[]): void {
    for (const each of posts) {
      for (let at = 0; at < each.channels.length; at += CHANNELS_PER_POST) {
        const channels = each.channels.slice(at, at + CHANNELS_PER_POST)
        if (each.version === 0)
          storeRows(store, channels, parseObject(each.body) ?? {}, settings.historyTtlMs, context.nowMs())
        else queue({ ...each, channels })
        deps.published(channels, each.body)
      }
    }
  }

  function queue({ version, channels, body, expiry, userParams, dictionary }: Post): void {
    const draft = { body, userParams, dictionary }
    connections.deliver(generations.get(version)?.submit(context.hub(), channels, draft, expiry, context.nowMs()) ?? [])
  }

  function versionOf(userId: number): ServerVersion {
    return settings.userVersions[userId] ?? settings.version
  }

  function privateBox(userId: number, application: string | null = null): Mailbox {
    return { kind: 'private', userId, application, version: versionOf(userId) }
  }

  /** Each version has a shared channel of its own, for its ids are written differently. */
  function sharedBox(version: ServerVersion, application: string | null = null): Mailbox {
    return { kind: 'shared', userId: 0, application, version }
  }

  function boxesOf(type: ChannelType, userId: number): Mailbox[] {
    return type === 'private' ? [privateBox(userId)] : [...generations.keys()].map((version) => sharedBox(version))
  }

  function channel(box: Mailbox): PortalChannel {
    const found = portals.channelOf(portal, box, context.nowMs(), newId)
    send(found.posts)
    return found.channel
  }

  /** A channel as it is handed out: push-stream must know it by now. */
  function opened(box: Mailbox): PortalChannel {
    const found = channel(box)
    open(found)
    return found
  }

  function open(found: PortalChannel): void {
    const nowMs = context.nowMs()
    const pushStream = found.version === 1 || found.version === 2
    if (pushStream && !isAuthorised(context.hub(), found.id, nowMs)) send([portals.openPost(portal, found, nowMs)])
  }

  /** Users and everybody else who is meant, without anybody twice. */
  function audiences(to: PublishTarget): Audience[] {
    const { users, tag, shared, channels, application = null } = to
    const named = [users, tag, shared, channels].some((each) => each !== undefined)
    const holders = tag === undefined ? [] : holdersOf(tags, tag, context.nowMs())
    const meant = named ? [...new Set([...(users ?? []), ...holders])] : [1]
    const listed = (channels ?? []).map(bareId)
    return [...generations.keys()].map((version) => ({
      version,
      users: meant.filter((userId) => versionOf(userId) === version),
      others: [
        ...(shared === true ? [channel(sharedBox(version, application)).id] : []),
        ...listed.filter((id) => (portal.issued.get(id)?.version ?? settings.version) === version),
      ],
    }))
  }

  function idsOf(users: readonly number[], application: string | null = null): string[] {
    return users.map((userId) => channel(privateBox(userId, application)).id)
  }

  function compose(
    version: ServerVersion,
    message: PortalMessage,
    share: Omit<Share, 'users'>,
    channels: readonly string[],
    expiry: number,
  ): Post {
    const { params, userParams, dictionary } = share
    const body = portals.composeBody(portal, { ...message, params }, context.nowMs())
    return { version, channels, body, expiry, userParams, dictionary }
  }

  function broadcast(message: PortalMessage): void {
    for (const box of boxesOf('shared', 0)) {
      send([portals.post(portal, channel(box), message, DEFAULT_EXPIRY, context.nowMs())])
    }
  }

  function config(userId: number, origin: string, application: string | null = null): RawConfig {
    deps.presence.seen(userId)
    const own = opened(privateBox(userId, application))
    const shared = opened(sharedBox(own.version, application))
    const at = own.version === settings.version ? '' : `/v${own.version}`
    return configOf(portal, own, shared, origin, at, context.nowMs())
  }

  function extend(userId: number, wanted: readonly string[]): Record<string, boolean> {
    return extendTags(tags, userId, wanted, settings.watchTagTtlMs, context.nowMs())
  }

  return {
    config,
    publish(message, to) {
      const expiry = to.expiry ?? DEFAULT_EXPIRY
      for (const { version, users, others } of audiences(to)) {
        const common = commonShare(message, version)
        if (message.user_params === undefined) {
          // One publish for all of them: a Node server gives it one id, and a page listening to two channels sees one.
          send([compose(version, message, common, [...idsOf(users, to.application), ...others], expiry)])
          continue
        }
        for (const share of sharesOf(message, users, version)) {
          send([compose(version, message, share, idsOf(share.users, to.application), expiry)])
        }
        send([compose(version, message, common, others, expiry)])
      }
    },
    publishRaw(body, to) {
      for (const { version, users, others } of audiences(to)) {
        const channels = [...idsOf(users, to.application), ...others]
        send([{ version, channels, body, expiry: to.expiry ?? DEFAULT_EXPIRY }])
      }
    },
    expireChannel(type, userId) {
      for (const box of boxesOf(type, userId)) {
        const rotated = portals.rotate(portal, box, context.nowMs(), newId)
        open(rotated.channel) // a page that reads the message goes straight to the new channel
        send(rotated.posts)
      }
    },
    deleteChannel(type, userId) {
      for (const box of boxesOf(type, userId)) {
        const old = channel(box)
        const farewell = portals.forget(portal, box, context.nowMs(), newId)
        if (farewell !== null) send([farewell])
        const gone = generations.get(box.version)?.remove(context.hub(), old.id, null, context.nowMs()) ?? null
        if (gone !== null) connections.remove(gone)
      }
    },
    expireConfig() {
      portal.configTimestamp = Math.floor(context.nowMs() / 1000)
      broadcast({ module_id: 'pull', command: 'config_expire' })
    },
    announceRestart: () => broadcast({ module_id: 'pull', command: 'server_restart' }),
    ownerOf(channels) {
      for (const id of channels) {
        const issued = portal.issued.get(id)
        if (issued?.kind === 'private') return issued.userId
      }
      return undefined
    },
    channelIdsOf(userId) {
      const { id, publicId } = channel(privateBox(userId))
      return { privateId: id, publicId }
    },
    publicChannel: (userId, application) => rawPublicChannel(portal, opened(privateBox(userId, application))),
    tags: {
      add: (userId, tag) => addTag(tags, userId, tag, settings.watchTagTtlMs, context.nowMs()),
      delete: (userId, tag) => deleteTag(tags, userId, tag),
      holders: (tag) => holdersOf(tags, tag, context.nowMs()),
    },
    extendTags: extend,
    lastSeen: (userIds) => deps.presence.lastSeen(userIds),
    php: (ask, origin) =>
      answerPhp(
        { host: settings.host, counters: settings.counters, config: (userId) => config(userId, origin), extend },
        store,
        ask,
      ),
  }
}
