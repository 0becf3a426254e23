/** Owns `BX.PullClient.StorageManager`: values of one user and site, under names that the vendor's client shares. */
import type { StorageLike } from '../../platform/platform'

/** Storage throws where cookies are blocked or the quota is reached: then nothing is kept, and nothing found. */
export interface StorageManager {
  set(name: string, value: unknown): boolean
  get(name: string, fallback?: unknown): unknown
  remove(name: string): void
  getKey(name: string): string
  /** Whether the key of a `storage` event is that name's. */
  compareKey(eventKey: string, name: string): boolean
}

export interface StorageOwner {
  readonly userId?: unknown
  readonly siteId?: unknown
}

export function createStorageManager(storage: StorageLike | null, owner: StorageOwner = {}): StorageManager {
  const getKey = (name: string): string => `bx-pull-${owner.userId || 0}-${owner.siteId || 'none'}-${name}`

  function attempt<T>(use: (open: StorageLike) => T): T | null {
    try {
      return storage && use(storage)
    } catch {
      return null
    }
  }

  return {
    getKey,
    set: (name, value) =>
      !!attempt(
        (open) => (open.setItem(getKey(name), typeof value === 'string' ? value : JSON.stringify(value)), true),
      ),
    get(name, fallback = null) {
      const text = attempt((open) => open.getItem(getKey(name)))
      // A text that is no JSON was written as a text.
      return text === null ? fallback : attempt(() => JSON.parse(text) as unknown) || text
    },
    remove: (name) => void attempt((open) => open.removeItem(getKey(name))),
    compareKey: (eventKey, name) => eventKey === getKey(name),
  }
}
