/**
 * Owns where the configuration comes from: what the page printed first, then, and ever after, what the portal says. It
 * keeps the last one as it came, for old pages to read.
 */
import type { ConfigRequest } from '../../config/config'
import { renewAt, serverClock } from '../../config/freshness'
import { parseConfig } from '../../config/parse'
import { type PullError, toPullError } from '../../core/pull-error'
import type { Clock } from '../../platform/platform'
import { openAnswer } from '../../portal/answer'
import { isRecord, toRecord } from '../../portal/foreign-value'
import type { Portal } from '../../portal/portal'

type Raw = Readonly<Record<string, unknown>>

export interface PageConfig {
  load(request: ConfigRequest): Promise<unknown>
  /** What the page printed, for the next load; answers whether it is one. */
  give(config: unknown): boolean
  /** The place to go on from, with the next load. */
  goOnFrom(mid: string): void
  /** Empty before there is one. */
  readonly raw: Raw
}

export function createPageConfig(
  clock: Clock,
  portal: Portal,
  adopted: (config: Raw) => void,
  failed: (error: PullError) => void,
): PageConfig {
  let given: Raw | null = null
  let lastMid: string | null = null

  function adopt(answer: unknown): unknown {
    // What was printed meanwhile is older than this.
    given = null
    const fresh = toRecord(openAnswer(answer)[0])
    // The time was right when it came, and whoever gives it back later would be wrong.
    config.raw = { ...fresh, serverTime: undefined }
    adopted(config.raw)
    const from = lastMid
    lastMid = null
    return from ? { ...fresh, last_id: from } : answer
  }

  /** When it should be renewed, local Unix ms; 0 if it cannot be read. */
  function renewalOf(printed: Raw): number {
    try {
      return renewAt(parseConfig(printed, { secure: true }), serverClock(null, 0, 0), 0, clock.now()) || Infinity
    } catch {
      return 0
    }
  }

  const config = {
    raw: {} as Raw,
    async load({ reason, signal, fetch }: ConfigRequest) {
      const printed = given
      const untilMs = printed ? renewalOf(printed) : 0
      given = null
      // Pages out of a cache bring what has ended.
      if (untilMs > clock.now()) return adopt(printed)
      const logTag = reason === 'start' ? 'client_start' : reason.replace('-', '_')
      try {
        return adopt(await portal({ method: 'pull.config.get', params: { CACHE: 'N' }, signal, fetch, logTag }))
      } catch (thrown) {
        // It has ended by our clock, which may be wrong: better than nothing.
        if (untilMs) return adopt(printed)
        failed(toPullError(thrown, 'no-answer', 'The portal did not answer', true))
        throw thrown
      }
    },
    give(next: unknown) {
      given = isRecord(next) && isRecord(next['server']) ? next : null
      return !!given
    },
    goOnFrom(mid: string) {
      lastMid = mid
    },
  }
  return config
}
