/** Owns what `options.config` may be. */
import { PullError } from '../core/pull-error'
import type { ConfigSource } from './config'
import { isRecord } from './foreign-value'
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
  if (isRecord(option) && typeof option['then'] !== 'function') return staticConfig(option)
  throw new PullError(
    'bad-option',
    `config must be a configuration object as pull.config.get returns it, a function that returns (a promise of) one, or a source such as restConfig({ url }); got ${nameOf(option)}`,
  )
}

function nameOf(option: unknown): string {
  if (typeof option === 'string') return 'a string: for a URL use restConfig({ url })'
  if (option === null) return 'null'
  if (Array.isArray(option)) return 'an array'
  return typeof option === 'object' ? 'a promise: pass a function that returns it' : typeof option
}
