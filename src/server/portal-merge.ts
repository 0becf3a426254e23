/**
 * Owns how `user_params` and `dictionary` of a message reach each receiver, which changed with version 5. Pure.
 */
import type { ServerVersion } from './options'
import type { PortalMessage } from './portal'

/** One send: the same message for all these users. */
export interface Share {
  readonly users: readonly number[]
  readonly params: unknown
  readonly userParams?: object | undefined
  readonly dictionary?: object | undefined
}

/** What goes to users. Those with a part of their own get a message of their own. */
export function sharesOf(message: PortalMessage, users: readonly number[], version: ServerVersion): Share[] {
  const parts = message.user_params
  const partOf = (userId: number) => (parts !== undefined && Object.hasOwn(parts, userId) ? parts[userId] : undefined)
  // Below version 5 PHP takes the users apart as soon as there are parts at all.
  const apart = parts === undefined ? [] : users.filter((userId) => version < 5 || partOf(userId) !== undefined)
  const together = users.filter((userId) => !apart.includes(userId))
  return [
    ...(together.length === 0 ? [] : [{ users: together, ...merged(message, undefined, version) }]),
    ...apart.map((userId) => ({ users: [userId], ...merged(message, partOf(userId), version) })),
  ]
}

/** What goes to everybody or to a channel nobody is named for. */
export function commonShare(message: PortalMessage, version: ServerVersion): Omit<Share, 'users'> {
  return merged(message, undefined, version)
}

function merged(message: PortalMessage, part: object | undefined, version: ServerVersion): Omit<Share, 'users'> {
  const { params, dictionary } = message
  if (version >= 5) return { params, userParams: part, dictionary }
  if (dictionary === undefined && part === undefined) return { params }
  const base = typeof params === 'object' ? params : null
  return { params: { ...base, ...dictionary, ...part } }
}
