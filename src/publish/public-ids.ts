/**
 * Owns the public channels of users: those of the configuration first, then those the portal told, each until its end.
 * Whoever asks at the same time is served by one request.
 */
import type { PublicChannelId } from '../codec/codec'
import type { PublicChannel } from '../config/config'
import { readPublicChannels } from '../config/public-channels'
import type { Ask } from '../portal/ask'

type Known = ReadonlyMap<number, PublicChannel>

/** Users without a public channel are absent. Rejects with the portal's `PullError`. */
export type FindChannels = (users: readonly number[]) => Promise<ReadonlyMap<number, PublicChannelId>>

export interface PublicIdsDeps {
  readonly ask: Ask
  /** By the server's clock. */
  serverNow(): number
  /** Those of the configuration in use. */
  configured(): Known
}

export function createPublicIds({ ask, serverNow, configured }: PublicIdsDeps): FindChannels {
  const told = new Map<number, PublicChannel>()
  /** Users who are being asked for. */
  const asked = new Map<number, Promise<unknown>>()
  let gathering: number[] = []

  function known(user: number): PublicChannel | null {
    const nowMs = serverNow()
    const found = [configured().get(user), told.get(user)].filter((one) => one && (one.endAtMs || Infinity) > nowMs)
    return found[0] || null
  }

  async function request(): Promise<void> {
    // Everybody who asks in the same turn is in the list by now.
    await null
    const users = gathering
    gathering = []
    try {
      const answer = readPublicChannels(await ask('pull.channel.public.list', { USERS: users }))
      users.forEach((user) => {
        const channel = answer.get(user)
        if (channel) told.set(user, channel)
        else told.delete(user)
      })
    } finally {
      users.forEach((user) => asked.delete(user))
    }
  }

  return async (users) => {
    const missing = users.filter((user) => !known(user))
    const unasked = missing.filter((user) => !asked.has(user))
    if (unasked.length) {
      const isFirst = !gathering.length
      gathering = gathering.concat(unasked)
      const running = isFirst ? request() : (asked.get(gathering[0] as number) as Promise<unknown>)
      unasked.forEach((user) => asked.set(user, running))
    }
    await Promise.all(missing.map((user) => asked.get(user)))
    const channels = new Map<number, PublicChannelId>()
    users.forEach((user) => {
      // What was told just now counts, even if our clock says that it has ended.
      const channel = known(user) || told.get(user)
      if (channel) channels.set(user, channel)
    })
    return channels
  }
}
