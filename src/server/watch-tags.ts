/**
 * Owns the watch tags of a portal: rows of user and tag that PHP adds while it renders a page and that die unless they
 * are renewed. Pure: the clock comes in; the rows are changed in place.
 */

/** Tag, then user, then when the row dies. */
export type WatchTags = Map<string, Map<number, number>>

export function createWatchTags(): WatchTags {
  return new Map()
}

/** What PHP does while it renders a page of the user. */
export function addTag(tags: WatchTags, userId: number, tag: string, ttlMs: number, nowMs: number): void {
  const rows = tags.get(tag) ?? new Map<number, number>()
  tags.set(tag, rows.set(userId, nowMs + ttlMs))
}

/** Renews what is alive and says so for each tag. A dead or unknown tag cannot be brought back from a page. */
export function extendTags(
  tags: WatchTags,
  userId: number,
  wanted: readonly string[],
  ttlMs: number,
  nowMs: number,
): Record<string, boolean> {
  const answer: Record<string, boolean> = {}
  for (const tag of wanted) {
    const alive = holds(tags, userId, tag, nowMs)
    if (alive) addTag(tags, userId, tag, ttlMs, nowMs)
    // `__proto__` is a tag like any other.
    Object.defineProperty(answer, tag, { value: alive, enumerable: true, configurable: true, writable: true })
  }
  return answer
}

export function deleteTag(tags: WatchTags, userId: number, tag: string): void {
  tags.get(tag)?.delete(userId)
}

/** Users holding the tag, in the order they got it. */
export function holdersOf(tags: WatchTags, tag: string, nowMs: number): number[] {
  return [...(tags.get(tag) ?? [])].filter(([, diesAtMs]) => diesAtMs > nowMs).map(([userId]) => userId)
}

function holds(tags: WatchTags, userId: number, tag: string, nowMs: number): boolean {
  return (tags.get(tag)?.get(userId) ?? 0) > nowMs
}
