/**
 * Owns a single question to the portal beside the configuration: its deadline, its envelope, its end when the client
 * stops. Whether to ask again is the caller's.
 */
import { PullError, toPullError } from '../core/pull-error'
import type { Clock, FetchLike } from '../platform/platform'
import { openAnswer } from './answer'
import type { Portal, PortalCall, PortalMethod } from './portal'

/** Resolves with what lies in the envelope; rejects with a `PullError`. */
export type Ask = (method: PortalMethod, params: PortalCall['params']) => Promise<unknown>

export interface Asking {
  readonly ask: Ask
  /** Every question that is still open is rejected with `error`. */
  stop(error: PullError): void
}

export interface AskingDeps {
  /** `null`: the client was given none. */
  readonly portal: Portal | null
  readonly clock: Clock
  readonly fetch: FetchLike | null
  readonly deadlineMs: number
}

export function createAsking({ portal, clock, fetch, deadlineMs }: AskingDeps): Asking {
  const open = new Set<(error: PullError) => void>()

  async function ask(method: PortalMethod, params: PortalCall['params']): Promise<unknown> {
    if (!portal) {
      const message = 'This has to ask the portal: pass `portal: restConfig({ sessid })` to the client'
      throw new PullError('not-supported', message)
    }
    const abort = new AbortController()
    let end: (error: PullError) => void = () => {}
    // A portal that does not heed the signal would be waited for without end.
    const ended = new Promise<never>((_, reject) => (end = reject))
    open.add(end)
    const late = clock.setTimeout(() => {
      end(new PullError('no-answer', 'The portal did not answer in time', { retryable: true }))
    }, deadlineMs)
    try {
      const answer = portal({ method, params, signal: abort.signal, fetch })
      return openAnswer(await Promise.race([answer, ended]))[0]
    } catch (thrown) {
      throw toPullError(thrown, 'no-answer', 'The portal could not be asked', true)
    } finally {
      clock.clearTimeout(late)
      open.delete(end)
      abort.abort()
    }
  }

  return { ask, stop: (error) => open.forEach((end) => end(error)) }
}
