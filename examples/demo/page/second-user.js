/** Owns the client of user 2: another person in the same page, who only listens. */
import { TIMEOUTS } from './live-client.js'

export const SECOND_USER = 2
export const NOTE = { module: 'demo', command: 'note' }

export function createSecondUser({ received, changed }) {
  let client = null

  return {
    get running() {
      return client !== null
    },
    get status() {
      return client === null ? 'idle' : client.status
    },
    open() {
      const config = BX.Pull.restConfig({ url: `/rest/pull.config.get.json?userId=${SECOND_USER}` })
      // What works is remembered per page, and this page's client is the other one.
      client = BX.Pull.connect({ config, storage: false, timeouts: TIMEOUTS })
      client.on(`${NOTE.module}:${NOTE.command}`, (params, event) => received(event))
      for (const key of ['status', 'error']) client.on(key, changed)
      changed()
    },
    async close() {
      const ended = client
      client = null
      await ended?.stop()
      changed()
    },
  }
}
