/** Owns what `options.config` may be. */
import { PullError } from '../core/pull-error'
import type { ConfigSource } from './config'
import { isRecord } from '../portal/foreign-value'
import { staticConfig } from './static-source'

/**
 * Makes a source of `options.config`: a configuration object, a function that produces one, or a ready source.
 *
 * @throws PullError `bad-option`
 */
export function toConfigSource(option: unknown): ConfigSource {
  if (typeof option === 'function') {
    const produce = option as ConfigSource
    // People write functions that return the object itself, or throw before there is a promise.
    return async (request) => produce(request)
  }
  if (isRecord(option) && !option['then']) return staticConfig(option)
  throw new PullError('bad-option', 'config must be a configuration object, a function or restConfig()')
}
