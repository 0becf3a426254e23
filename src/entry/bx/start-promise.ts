/** Owns the promise of `start()` and `connect()`: one for all who wait. A failure settles it; the client goes on trying. */
import { PullError } from '../../core/pull-error'
import { quiet } from './messaging'

export interface StartPromise {
  get(): Promise<true>
  /** Connected, or failed. */
  settle(failure?: unknown): void
}

export function createStartPromise(isConnected: () => boolean): StartPromise {
  let waiting: Promise<true> | null = null
  let settle: ((failure?: unknown) => void) | null = null
  return {
    get() {
      if (isConnected()) return Promise.resolve(true)
      waiting =
        waiting ||
        quiet(
          new Promise((resolve, reject) => {
            settle = (failure) => (failure ? reject(withCode(failure)) : resolve(true))
          }),
        )
      return waiting
    },
    settle(failure) {
      waiting = null
      if (settle) settle(failure)
    },
  }
}

/** For a page that has no push server. */
export function disabled(): Promise<never> {
  const error = new PullError('disabled', 'Push & Pull is off here', { facts: { portalCode: 'PULL_DISABLED' } })
  return quiet(Promise.reject(withCode(error)))
}

/** Old pages look for the code of a failure in `ex`. */
function withCode(failure: unknown): unknown {
  const { code, facts, message } = failure as PullError
  const error = (facts && facts['portalCode']) || code
  return Object.assign(Object(failure), { ex: { error, error_description: message } })
}
