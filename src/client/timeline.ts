/** Owns the bounded list of what happened, for diagnostics and debugging. Entries are facts without secrets. */
import type { ConnectionRecord } from '../connection/connection'

const KEPT = 200

export type TimelineEntry = { readonly atMs: number } & (
  | ConnectionRecord
  | { readonly what: 'status' | 'config' | 'channels' | 'gap'; readonly detail: string }
  | { readonly what: 'error'; readonly detail: string; readonly code: string }
)

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
