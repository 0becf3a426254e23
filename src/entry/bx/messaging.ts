/** Owns what old pages send and ask of others: publishing, presence, calls of the push server, watch tags. */
import type { PullClientApi } from '../../client/client'
import { PullError } from '../../core/pull-error'
import type { SendTarget } from '../../publish/draft'
import type { Session } from '../../session/session-types'
import type { LegacyPullClient, UserStatusListener } from './legacy-types'

export type Messaging = Pick<
  LegacyPullClient,
  | 'sendMessage'
  | 'sendMessageToChannels'
  | 'sendMessageBatch'
  | 'getUsersLastSeen'
  | 'subscribeUserStatusChange'
  | 'unsubscribeUserStatusChange'
  | 'ping'
  | 'listChannels'
  | 'extendWatch'
  | 'clearWatch'
>

/** `tags`: those that are watched, and how to leave off. */
export function createMessaging(
  client: PullClientApi,
  tags: Map<string, () => void>,
  session: () => Session | null,
): Messaging {
  let watched: readonly (readonly [userId: number, listener: UserStatusListener, off: () => void])[] = []

  function send(to: SendTarget, module: string, command: string, params: unknown, expiry?: number): Promise<unknown> {
    return quiet(client.send({ to, module, command, params, expiry: expiry || 0 }))
  }

  function call(method: string): Promise<unknown> {
    const running = session()
    return quiet(
      running
        ? running.uplink.call(method, {})
        : Promise.reject(new PullError('not-connected', 'Not started: start()')),
    )
  }

  return {
    sendMessage: (users, moduleId, command, params, expiry) =>
      send({ users: checked(users).map(Number) }, moduleId, command, params, expiry),
    sendMessageToChannels: (channels, moduleId, command, params, expiry) =>
      send({ channels: checked(channels) }, moduleId, command, params, expiry),
    sendMessageBatch: (batch) =>
      quiet(
        Promise.all(
          batch.map(({ userList = [], channelList = [], body, expiry }) =>
            send({ users: userList, channels: channelList }, body.module_id, body.command, body.params, expiry),
          ),
        ),
      ),
    getUsersLastSeen(userIds) {
      if (!checked(userIds).every((user) => typeof user === 'number')) throw new TypeError('user ids must be numbers')
      return quiet(client.presence.lastSeen(userIds))
    },
    subscribeUserStatusChange(userId, listener) {
      const off = client.presence.watch(userId, (isOnline) => listener({ userId, isOnline }))
      watched = watched.concat([[userId, listener, off]])
      return Promise.resolve()
    },
    unsubscribeUserStatusChange(userId, listener) {
      watched = watched.filter(([user, other, off]) => user !== userId || other !== listener || off())
      return Promise.resolve()
    },
    ping: () => call('ping'),
    listChannels: () => call('listChannels'),
    extendWatch(tag, force) {
      if (!tag) return false
      const known = tags.get(tag)
      if (known && force) known()
      // A tag that the portal dropped is asked for again, one that is alive is left alone.
      tags.set(tag, client.watch(tag))
      if (!known) return
      known()
      return false
    },
    clearWatch(tag) {
      const known = tags.get(tag)
      tags.delete(tag)
      if (known) known()
    },
  }
}

/** Old pages call without waiting for the outcome: a failure of theirs is not an unhandled one. */
export function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}

function checked<Item>(list: readonly Item[]): readonly Item[] {
  if (!Array.isArray(list)) throw new TypeError('a list is needed')
  return list
}
