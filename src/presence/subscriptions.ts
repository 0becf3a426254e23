/**
 * Owns which users the server has to be told about. It remembers them for one connection: with every other one they are
 * told anew. Pure.
 */

export interface Told {
  /** `null` while nothing is connected that takes subscriptions. */
  readonly linkId: number | null
  readonly users: readonly number[]
}

export interface Due {
  readonly told: Told
  readonly subscribe: readonly number[]
  readonly unsubscribe: readonly number[]
}

export const NOBODY: Told = { linkId: null, users: [] }

export function dueOn(told: Told, linkId: number, wanted: readonly number[]): Due {
  const users = told.linkId === linkId ? told.users : []
  return {
    told: { linkId, users: wanted },
    subscribe: wanted.filter((user) => users.indexOf(user) < 0),
    unsubscribe: users.filter((user) => wanted.indexOf(user) < 0),
  }
}
