/**
 * Owns `client.presence`: who is connected now, who was seen when, and callbacks that follow it. Version 5 tells all of
 * it; version 4 tells which channels have a listener; the portal knows when a user was seen.
 */
import type { ChannelState, PublicChannelId } from '../codec/codec'
import { type Emitter, createEmitter } from '../core/emitter'
import { PullError, toPullError } from '../core/pull-error'
import type { Ask } from '../portal/ask'
import { isOn, toNumber, toRecord } from '../portal/foreign-value'
import type { PullEvent } from '../session/dispatch'
import type { Uplink } from '../session/uplink'
import { NOBODY, dueOn } from './subscriptions'

export interface Presence {
  /**
   * Seconds since each user was seen; 0 is connected now, and who was never seen is absent. Version 5 and the portal know.
   * @throws PullError (as a rejection), see docs/ERRORS.md
   */
  lastSeen(userIds: readonly number[]): Promise<Record<number, number>>
  /** Whether each user is connected now. @throws PullError (as a rejection), see docs/ERRORS.md */
  isOnline(userIds: readonly number[]): Promise<Record<number, boolean>>
  /**
   * Calls back when a user connects or disconnects (version 5), again after every reconnect. Returns the undo, which may
   * be called twice. A server that cannot is told by `error`, code `not-supported`.
   */
  watch(userId: number, listener: (isOnline: boolean) => void): () => void
}

export interface PresenceDeps {
  readonly ask: Ask
  /** Whether there is a portal to ask. */
  readonly hasPortal: boolean
  findChannels(users: readonly number[]): Promise<ReadonlyMap<number, PublicChannelId>>
  report(error: PullError): void
  listenerThrew(thrown: unknown, key: string): void
}

export interface PresenceRunner {
  readonly presence: Presence
  attach(uplink: Uplink): void
  stop(): void
  received(event: PullEvent): void
}

const STATS_AT_ONCE = 100

export function createPresence(deps: PresenceDeps): PresenceRunner {
  const { ask, report } = deps
  const listeners: Emitter = createEmitter(deps.listenerThrew)
  const users = new Set<number>()
  let uplink: Uplink | null = null
  let unwatch = (): void => {}
  let told = NOBODY
  let isPlanned = false
  let isRefusalTold = false

  /** Callbacks that come and go in one turn are told together. */
  function plan(): void {
    if (isPlanned) return
    isPlanned = true
    void Promise.resolve().then(() => {
      isPlanned = false
      if (uplink) tell(uplink)
    })
  }

  function tell(standing: Uplink): void {
    const { route } = standing
    if (route.via === 'wait') return
    users.forEach((user) => listeners.count(keyOf(user)) || users.delete(user))
    const wanted = Array.from(users)
    if (route.via !== 'rpc') {
      if (wanted.length && !isRefusalTold) {
        isRefusalTold = true
        report(new PullError('not-supported', 'presence.watch() needs Push server 3.0 (version 5): ask isOnline()'))
      }
      return
    }
    const due = dueOn(told, route.linkId, wanted)
    told = due.told
    const subscribing = due.subscribe.map((userId) => ['subscribeStatusChange', { userId }] as const)
    const leaving = due.unsubscribe.map((userId) => ['unsubscribeStatusChange', { userId }] as const)
    if (!subscribing.length && !leaving.length) return
    standing.callAll([...subscribing, ...leaving]).forEach((answer, at) => {
      answer.catch((thrown: unknown) => {
        const error = toPullError(thrown, 'no-answer', 'A subscription to presence failed', true)
        // The next connection tells them anew; and nobody waits for the end of a subscription.
        if (at < subscribing.length && error.code !== 'not-connected' && error.code !== 'stopped') report(error)
      })
    })
  }

  /** What the push server says; rejects where it has no such thing. */
  async function rpcSeen(userIds: readonly number[]): Promise<Record<number, number>> {
    if (!uplink) throw notConnected()
    return secondsOf(await uplink.call('getUsersLastSeen', { userList: userIds }))
  }

  async function portalSeen(userIds: readonly number[]): Promise<Record<number, number>> {
    // Spelled so.
    return secondsOf(await ask('pull.api.user.getLastSeen', { userIds, sendToQueueSever: true }))
  }

  async function lastSeen(userIds: readonly number[]): Promise<Record<number, number>> {
    const { via } = uplink ? uplink.route : { via: 'wait' }
    let seen: Record<number, number> = {}
    let missing = userIds
    if (via === 'rpc' || (via === 'wait' && !deps.hasPortal)) {
      try {
        seen = await rpcSeen(userIds)
        missing = userIds.filter((user) => !(user in seen))
      } catch (thrown) {
        if (!deps.hasPortal) throw thrown
      }
      if (!deps.hasPortal) return seen
    }
    return missing.length ? { ...seen, ...(await portalSeen(missing)) } : seen
  }

  async function isOnline(userIds: readonly number[]): Promise<Record<number, boolean>> {
    const online: Record<number, boolean> = {}
    const standing = uplink
    const { via } = standing ? standing.route : { via: 'wait' }
    if (standing && (via === 'socket' || via === 'post')) {
      const channels = await deps.findChannels(userIds)
      const asked = Array.from(channels.values())
      let states: readonly ChannelState[] = []
      for (let at = 0; at < asked.length; at += STATS_AT_ONCE) {
        states = states.concat(await standing.channelStats(asked.slice(at, at + STATS_AT_ONCE)))
      }
      const heard = states.filter((state) => state.isOnline).map(({ id }) => id.toLowerCase())
      userIds.forEach((user) => {
        const channel = channels.get(user)
        online[user] = !!channel && heard.indexOf(channel.id.toLowerCase()) >= 0
      })
    } else {
      // Who is connected is known to the push server: the portal is only asked in its place.
      const seen = via === 'rpc' ? await rpcSeen(userIds) : await lastSeen(userIds)
      userIds.forEach((user) => (online[user] = seen[user] === 0))
    }
    return online
  }

  return {
    presence: {
      async lastSeen(userIds) {
        const ids = checkUsers(userIds)
        return ids.length ? lastSeen(ids) : {}
      },
      async isOnline(userIds) {
        const ids = checkUsers(userIds)
        return ids.length ? isOnline(ids) : {}
      },
      watch(userId, listener) {
        checkUsers([userId])
        if (typeof listener !== 'function') throw badOption('watch(userId, listener) needs a function')
        users.add(userId)
        const off = listeners.on(keyOf(userId), listener)
        plan()
        return () => {
          off()
          plan()
        }
      },
    },
    attach(next) {
      uplink = next
      told = NOBODY
      unwatch = next.watch(plan)
    },
    stop() {
      uplink = null
      unwatch()
    },
    received({ module, command, params, sender }) {
      // Other browsers may publish under any name.
      if (module !== 'online' || command !== 'userStatusChange' || sender.type === 'client') return
      const { user_id: userId, online } = toRecord(params)
      listeners.emit(keyOf(toNumber(userId)), isOn(online))
    },
  }
}

function keyOf(user: number): string {
  return `presence of user ${user}`
}

function secondsOf(answer: unknown): Record<number, number> {
  const said = toRecord(answer)
  const seconds: Record<number, number> = {}
  Object.keys(said).forEach((user) => {
    const ago = toNumber(said[user])
    if (ago >= 0) seconds[Number(user)] = ago
  })
  return seconds
}

function checkUsers(userIds: unknown): number[] {
  if (Array.isArray(userIds) && userIds.every(Number.isSafeInteger)) return Array.from(new Set(userIds as number[]))
  throw badOption('presence needs user ids: whole numbers')
}

function badOption(message: string): PullError {
  return new PullError('bad-option', message)
}

function notConnected(): PullError {
  return new PullError('not-connected', 'Not connected: ask again when the status is connected', { retryable: true })
}
