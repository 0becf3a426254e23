/**
 * Owns which watch tags have to be asked for, and when. The portal forgets a tag 32 minutes after it was asked for
 * last; instants are compared with the clock, so that a page which slept or was throttled is late by no timer. Pure.
 */

/** A tag somebody watches. */
export interface Tag {
  readonly watchers: number
  /** When to ask for it, local Unix ms; `null` for one that the portal dropped: the page has to watch it anew. */
  readonly dueAtMs: number | null
}

export interface Schedule {
  readonly tags: ReadonlyMap<string, Tag>
  /** Failures in a row. */
  readonly failures: number
  /** Not before this, after failures; `Infinity`: asking again is of no use until the page says so. */
  readonly pauseUntilMs: number
}

/** The first tag waits this long for others, and for nothing else. */
const GATHER_MS = 5000
const RENEW_MS = 29 * 60_000
/** A tag that is this much overdue is dead, less a little for the request. */
const GRACE_MS = 150_000
const PAUSE_MS = 30_000
/** What a page signal leaves of a pause. */
const HINT_PAUSE_MS = 5000

export const NO_TAGS: Schedule = { tags: new Map(), failures: 0, pauseUntilMs: 0 }

export function withWatcher(schedule: Schedule, name: string, nowMs: number): Schedule {
  const { watchers, dueAtMs } = schedule.tags.get(name) || { watchers: 0, dueAtMs: null }
  const tag = { watchers: watchers + 1, dueAtMs: dueAtMs === null ? nowMs + GATHER_MS : dueAtMs }
  return withTag(isRefused(schedule) ? renewed(schedule) : schedule, name, tag)
}

export function withoutWatcher(schedule: Schedule, name: string): Schedule {
  const tag = schedule.tags.get(name)
  if (!tag) return schedule
  return withTag(schedule, name, tag.watchers > 1 ? { ...tag, watchers: tag.watchers - 1 } : null)
}

/** When to ask next; `null` when there is nothing to ask for. */
export function nextAt(schedule: Schedule): number | null {
  const dues = dueInstants(schedule.tags)
  return dues.length && !isRefused(schedule) ? Math.max(schedule.pauseUntilMs, Math.min(...dues)) : null
}

/** One request is for all of them. */
export function namesOf({ tags }: Schedule): string[] {
  return Array.from(tags.keys()).filter((name) => (tags.get(name) as Tag).dueAtMs !== null)
}

/** The portal answered: tags that came while it was being asked keep their own time. */
export function answered(
  schedule: Schedule,
  asked: { readonly names: readonly string[]; readonly atMs: number },
  dropped: readonly string[],
): Schedule {
  const tags = new Map(schedule.tags)
  asked.names.forEach((name) => {
    const tag = tags.get(name)
    if (tag) tags.set(name, { ...tag, dueAtMs: dropped.indexOf(name) < 0 ? asked.atMs + RENEW_MS : null })
  })
  return { tags, failures: 0, pauseUntilMs: 0 }
}

/** It did not: 30 s, 60 s, ..., but once more before the tags die. */
export function failed({ tags, failures }: Schedule, nowMs: number): Schedule {
  const pauseMs = Math.min(PAUSE_MS * 2 ** failures, RENEW_MS)
  const leftMs = Math.min(...dueInstants(tags)) + GRACE_MS - nowMs
  return {
    tags,
    failures: failures + 1,
    pauseUntilMs: nowMs + (leftMs > HINT_PAUSE_MS ? Math.min(pauseMs, leftMs) : pauseMs),
  }
}

/** Asking again is of no use: the page has to watch anew, or start again. */
export function refused(schedule: Schedule): Schedule {
  return { ...schedule, pauseUntilMs: Infinity }
}

/** A page that comes back, or a network, cuts a pause short. */
export function hinted(schedule: Schedule, nowMs: number): Schedule {
  if (isRefused(schedule)) return schedule
  return { ...schedule, pauseUntilMs: Math.min(schedule.pauseUntilMs, nowMs + HINT_PAUSE_MS) }
}

/** What went wrong before does not count any more. */
export function renewed({ tags }: Schedule): Schedule {
  return { ...NO_TAGS, tags }
}

function isRefused({ pauseUntilMs }: Schedule): boolean {
  return pauseUntilMs === Infinity
}

function withTag(schedule: Schedule, name: string, tag: Tag | null): Schedule {
  const tags = new Map(schedule.tags)
  if (tag) tags.set(name, tag)
  else tags.delete(name)
  return { ...schedule, tags }
}

function dueInstants(tags: Schedule['tags']): number[] {
  return Array.from(tags.values())
    .map(({ dueAtMs }) => dueAtMs)
    .filter((dueAtMs): dueAtMs is number => dueAtMs !== null)
}
