/**
 * Owns the source that remembers from page to page what another one answered. Off unless asked for: what is stored lets
 * everybody who can read the storage listen to the user's channels until they end.
 */
import type { StorageLike } from '../platform/platform'
import { PullError } from '../core/pull-error'
import { openAnswer } from '../portal/answer'
import { isRecord, toRecord } from '../portal/foreign-value'
import type { ConfigSource } from './config'
import { parseConfig } from './parse'
import { withPortal } from './source'

export interface CachedConfigOptions {
  /**
   * Name in the storage. Users share a browser: name the user and the site in it, or the next one to log in reads the
   * channels of the last.
   * @default 'bx-pull-cached-config'
   */
  readonly key?: string | undefined
  /** What is stored longer ago than this is asked for again, milliseconds. @default 43200000 */
  readonly maxAgeMs?: number | undefined
}

/**
 * Keeps the answer of another source in the platform's storage, and starts with it until the first of its channels or its
 * token ends. Every other reason to ask goes to the source, and replaces what is stored.
 *
 * The stored configuration holds secrets: channel ids with their signatures, and the token. Any script of the page can
 * read them there. It is removed when the portal refuses the user; remove it at logout yourself.
 *
 * @example
 * new PullClient({ config: cachedConfig(restConfig(), { key: `bx-pull-${userId}-${siteId}` }) })
 */
export function cachedConfig(source: ConfigSource, options: CachedConfigOptions = {}): ConfigSource {
  const { key = 'bx-pull-cached-config', maxAgeMs = 43_200_000 } = options
  const ask: ConfigSource = async (request) => {
    const { storage, clock } = request
    const stored =
      request.reason === 'start' && attempt(storage, (open) => JSON.parse(open.getItem(key) || '') as unknown)
    const { atMs, endAtMs, config } = toRecord(stored)
    const nowMs = clock.now()
    // A clock that was set back makes it look as if it came from the future.
    if (nowMs >= Number(atMs) && nowMs < Math.min(Number(atMs) + maxAgeMs, Number(endAtMs)) && endOf(config))
      return config
    try {
      const answer = await source(request)
      store(answer)
      return answer
    } catch (thrown) {
      if (thrown instanceof PullError && thrown.code === 'forbidden') forget()
      throw thrown
    }

    function forget(): void {
      attempt(storage, (open) => open.removeItem(key))
    }

    /** Without the portal's clock: it would be late by the age of the entry. */
    function store(answer: unknown): void {
      const endAtMs = endOf(answer, clock.now())
      const config = endAtMs && attempt(storage, () => ({ ...toRecord(openAnswer(answer)[0]), serverTime: undefined }))
      if (!isRecord(config)) return forget()
      const text = JSON.stringify({ atMs: clock.now(), endAtMs, config })
      // A full storage keeps the old one, which is better than none only as long as it is valid.
      if (attempt(storage, (open) => (open.setItem(key, text), true)) === undefined) forget()
    }
  }
  return withPortal(ask, source.portal)
}

/** When the first of it ends, by the local clock if that is known to be off; 0 if it cannot be used, or is switched off. */
function endOf(answer: unknown, nowMs?: number): number {
  try {
    const { channels, enabled, expiresAtMs, serverTimeAtMs } = parseConfig(answer, { secure: true })
    const ends = [expiresAtMs].concat(channels.map(({ endAtMs }) => endAtMs)).filter((end): end is number => !!end)
    const aheadMs = nowMs && serverTimeAtMs ? nowMs - serverTimeAtMs : 0
    return enabled ? Math.min(8.64e15, ...ends) + aheadMs : 0
  } catch {
    return 0
  }
}

/** Storage throws where cookies are blocked or the quota is reached. */
function attempt<T>(storage: StorageLike | null, use: (storage: StorageLike) => T): T | undefined {
  try {
    return storage ? use(storage) : undefined
  } catch {
    return undefined
  }
}
