/**
 * Owns asking through a REST application's own client: `BX24`, `BX.rest`, or anything with a `callMethod` that takes a
 * callback or returns a promise. Rejections of such clients hold URLs with tokens, so they are no `cause` of ours.
 */
import { PullError } from '../core/pull-error'
import { portalError } from './answer'
import { isRecord } from './foreign-value'
import type { Portal } from './portal'

/** What a REST client must have. One that reads a third parameter otherwise is wrapped: `{ callMethod: (m, p) => … }`. */
export interface RestClient {
  callMethod(method: string, params?: object, callback?: (result: unknown) => void): unknown
}

export function applicationPortal(client: RestClient): Portal {
  if (!client || typeof client.callMethod !== 'function') {
    throw new PullError('bad-option', 'applicationConfig() needs a REST client with callMethod: BX24, BX.rest')
  }
  return ({ method, params, signal }) =>
    new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason)
      // The client cannot be stopped: what it answers later is dropped.
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort)
      const settle = (result: unknown, isRefusal: boolean): void => {
        signal.removeEventListener('abort', abort)
        try {
          resolve(readResult(result, isRefusal))
        } catch (thrown) {
          reject(thrown instanceof PullError ? thrown : portalError(null))
        }
      }
      const fail = (thrown: unknown): void => settle(thrown, true)
      try {
        const returned = client.callMethod(
          method === 'pull.config.get' ? 'pull.application.config.get' : method,
          method === 'pull.channel.public.list' ? { ...params, APPLICATION: 'Y' } : params,
          (result) => settle(result, false),
        )
        const { then } = Object(returned) as { then?: (...settlers: ((result: unknown) => unknown)[]) => unknown }
        // A promise of nothing belongs to a client that answers by the callback.
        if (typeof then === 'function')
          then.call(returned, (result) => result === undefined || settle(result, false), fail)
      } catch (thrown) {
        fail(thrown)
      }
    })
}

/** The answer in an envelope. @throws PullError for a refusal */
function readResult(given: unknown, isRefusal: boolean): unknown {
  let error = isRefusal ? given : call(given, 'error') || call(given, 'getError')
  if (!isRefusal && !error) {
    const data = call(given, 'data')
    if (data !== undefined) return { result: data }
    // Clients with this name give the whole envelope.
    const answer = call(given, 'getData') || given
    return isRecord(answer) && ('result' in answer || 'error' in answer) ? answer : { result: answer }
  }
  let status = statusOf(given)
  // Wrapped more than once: a result, its error object, and what that says.
  for (let depth = 0; depth < 3; depth++) {
    status = status || statusOf(error)
    error = call(error, 'getError') || call(error, 'error') || error
  }
  const { error: told, code } = Object(error) as Readonly<Record<string, unknown>>
  throw portalError({ error: typeof error === 'string' ? error : told || code }, status || undefined)
}

function statusOf(holder: unknown): number {
  return Number((Object(holder) as { status?: unknown }).status) || 0
}

/** Results are classes: their methods are called on them. */
function call(holder: unknown, name: string): unknown {
  const method = (Object(holder) as Readonly<Record<string, unknown>>)[name]
  return typeof method === 'function' ? (method as () => unknown).call(holder) : undefined
}
