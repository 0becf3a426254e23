/** Owns what `options.config` may be, and what all sources that ask a portal have in common. */
import { PullError } from '../core/pull-error'
import { isRecord } from '../portal/foreign-value'
import type { Portal, PortalCall } from '../portal/portal'
import type { ConfigRequest, ConfigSource } from './config'
import { staticConfig } from './static-source'

/**
 * Makes a source of `options.config`: a configuration object, a function that produces one, or a ready source.
 *
 * @throws PullError `bad-option`
 */
export function toConfigSource(option: unknown): ConfigSource {
  if (typeof option === 'function') {
    const { portal } = option as ConfigSource
    // People write functions that return the object itself, or throw before there is a promise.
    return withPortal(async (request) => (option as ConfigSource)(request), portal)
  }
  if (isRecord(option) && !option['then']) return staticConfig(option)
  throw new PullError('bad-option', 'config must be a configuration object, a function or restConfig()')
}

/** The source that asks a portal for its configuration. Calls at one time are one request. */
export function portalSource(portal: Portal, params: PortalCall['params'] = {}): ConfigSource {
  const ask = shared(({ reason, fetch, signal }) =>
    // The portal ignores the tag; people who read its access log do not.
    portal({ method: 'pull.config.get', params, fetch, signal, logTag: reason.replace('-', '_') }),
  )
  return withPortal(ask, portal)
}

export function withPortal(ask: ConfigSource, portal: Portal | undefined): ConfigSource {
  return portal ? Object.assign(ask, { portal }) : ask
}

/** One request for all who ask before it is answered. It is aborted when none of them wants it any more. */
function shared(ask: ConfigSource): ConfigSource {
  let asked: { readonly answer: Promise<unknown>; readonly abort: AbortController; callers: number } | null = null
  return (request: ConfigRequest) => {
    const { signal } = request
    if (!asked) {
      const abort = new AbortController()
      const mine = (asked = { answer: ask({ ...request, signal: abort.signal }), abort, callers: 0 })
      const end = (): void => {
        if (asked === mine) asked = null
      }
      mine.answer.then(end, end)
    }
    const joined = asked
    joined.callers++
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(signal.reason)
        if (--joined.callers) return
        joined.abort.abort(signal.reason)
        if (asked === joined) asked = null
      }
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave)
      const unlisten = (): void => signal.removeEventListener('abort', leave)
      joined.answer.then(unlisten, unlisten)
      joined.answer.then(resolve, reject)
    })
  }
}
