/** Owns the source that always gives the same configuration: one printed into the page, or written by hand. */
import type { ConfigSource } from './config'

/**
 * A configuration that is already there, as the server sends it. It cannot renew itself: when its channels end or the
 * server replaces them, the client gets the same ones again. Long-lived pages want `restConfig`.
 */
export function staticConfig(config: object): ConfigSource {
  return () => Promise.resolve(config)
}
