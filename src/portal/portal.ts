/**
 * Owns what it means to ask the portal: one call of a REST method, whatever carries it (cookies and a session id,
 * a controller, an application's own REST client). Callers read the answer; deadlines and retries are theirs too.
 */
import type { FetchLike } from '../platform/platform'

/** Methods by their REST names; what speaks another dialect translates. */
export type PortalMethod =
  'pull.config.get' | 'pull.channel.public.list' | 'pull.watch.extend' | 'pull.api.user.getLastSeen' | 'server.time'

export interface PortalCall {
  readonly method: PortalMethod
  /** Flat values and lists of them. Names in capitals, as REST documents them, are written small where that matters. */
  readonly params: Readonly<Record<string, unknown>>
  /** Aborted when the answer is not wanted any more. */
  readonly signal: AbortSignal
  /** The platform's `fetch`, bound; `null` where there is none. */
  readonly fetch: FetchLike | null
  /** For people who read the portal's access log. */
  readonly logTag?: string
}

/**
 * Asks once, and once more with a renewed session id where the portal hands one out. Resolves with the answer in its
 * envelope (`openAnswer` takes it out). Rejects with a `PullError`: `forbidden` is final.
 */
export type Portal = (call: PortalCall) => Promise<unknown>
