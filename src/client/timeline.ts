/** Owns the bounded list of what happened, for diagnostics and debugging. Entries are facts without secrets. */
import type { ConnectionRecord } from '../connection/connection'

const KEPT = 200

export type TimelineNote =
  ConnectionRecord | { readonly what: 'status' | 'transport' | 'channels' | 'gap' | 'error'; readonly detail: string }

/** A note and when it was taken, local Unix ms. */
export type TimelineEntry = TimelineNote & { readonly atMs: number }

export interface Timeline {
  add(entry: TimelineEntry): void
  entries(): readonly TimelineEntry[]
}

export function createTimeline(): Timeline {
  const entries: TimelineEntry[] = []
  return {
    add(entry) {
      entries.push(entry)
      if (entries.length > KEPT) entries.shift()
    },
    entries: () => entries.slice(),
  }
}
