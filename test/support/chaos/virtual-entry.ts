/** Owns what a page leaves to the next one in its tab, as the rules of a reload have it: who finds it, and how old it is. */
import type { StorageLike } from '../../../src/platform/platform'
import { fingerprint } from '../../../src/replay/dedupe'
import type { World } from './virtual-world'

const ENTRY = 'bx-pull-position-0'
const LIFETIME_MS = 600_000
/** What came this shortly before a crash may not have been written down. */
const CRASH_MS = 1000

/** An entry that is young enough, of this user, and not of a page that may be alive. */
export function findsEntry({ tab, clock, server, channels }: World, isReload: boolean): boolean {
  const text = tab.get(ENTRY)
  if (text === undefined) return false
  const { how, owner, atMs } = JSON.parse(text) as { how: string; owner: string; atMs: number }
  const ageMs = clock.now() + clock.offsetMs - atMs
  const isOurs = owner === fingerprint(`${channels.current('private').id}|v${server.version}`)
  return (how === 'left' || isReload) && ageMs >= 0 && ageMs < LIFETIME_MS && isOurs
}

/** What came since then may not have been written down. The timer that writes it is as late as all of a page. */
export function crashedSince({ clock, load, tab, writtenAtMs }: World): number {
  const wroteAtMs = tab.has(ENTRY) ? writtenAtMs : -Infinity
  return load.isLateWriting ? Math.min(wroteAtMs, clock.now() - CRASH_MS) : clock.now() - CRASH_MS
}

export function storageOf(values: Map<string, string>, written = (): void => {}): StorageLike {
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem(key, value) {
      values.set(key, value)
      written()
    },
    removeItem: (key) => void values.delete(key),
  }
}
