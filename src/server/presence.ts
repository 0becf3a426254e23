/**
 * Owns who is connected and when everybody was last seen. It counts connections of users; who is told of a change is
 * the generation's business.
 */

export interface Presence {
  /** One more connection of the user. True when it is his first one. */
  opened(userId: number): boolean
  /** One less. True when it was his last one. */
  closed(userId: number): boolean
  /** The user was here without a connection: he asked the portal for something. */
  seen(userId: number): void
  /** Seconds since each user was here, 0 = connected now; who never was is absent. */
  lastSeen(userIds: readonly number[]): Record<string, number>
}

export function createPresence(nowMs: () => number): Presence {
  const connected = new Map<number, number>()
  /** Unix seconds. */
  const seenAt = new Map<number, number>()
  const now = () => Math.floor(nowMs() / 1000)

  return {
    opened(userId) {
      const count = connected.get(userId) ?? 0
      connected.set(userId, count + 1)
      return count === 0
    },
    closed(userId) {
      const count = (connected.get(userId) ?? 0) - 1
      if (count > 0) {
        connected.set(userId, count)
        return false
      }
      connected.delete(userId)
      seenAt.set(userId, now())
      return true
    },
    seen: (userId) => void seenAt.set(userId, now()),
    lastSeen(userIds) {
      const found: Record<string, number> = {}
      for (const userId of userIds) {
        const at = seenAt.get(userId)
        // 0 says that somebody is connected, so who left this very second was seen one second ago.
        if (connected.has(userId)) found[String(userId)] = 0
        else if (at !== undefined) found[String(userId)] = Math.max(1, now() - at)
      }
      return found
    },
  }
}
