/**
 * Owns who listens through `subscribe`, and the shapes in which they are called: those of module and command differ.
 * A subscriber that throws keeps nothing from the others, and what it does to its data is its own business.
 */
import { has } from '../../client/options'
import { isRecord } from '../../portal/foreign-value'

type Callback = (...args: unknown[]) => unknown
type Fields = Record<string, unknown>

export interface Subscribers {
  subscribe(params: unknown): () => void
  attachCommandHandler(handler: unknown): () => void
  /** `read` makes the data of one subscriber. */
  deliver(type: unknown, moduleId: unknown, read: () => unknown): void
}

export function createSubscribers(failed: (what: string, thrown?: unknown) => void): Subscribers {
  let subscribed: readonly (readonly [key: string, callback: Callback])[] = []

  function call(key: string, argsOf: () => unknown[]): void {
    subscribed.forEach(([other, callback]) => {
      if (other !== key) return
      try {
        callback(...argsOf())
      } catch (thrown) {
        failed(key, thrown)
      }
    })
  }

  function subscribe(params: unknown): () => void {
    // Object literals are handlers too, as long as they say so.
    if (typeof Object(params).getModuleId === 'function') return attachCommandHandler(params)
    const { type, moduleId, command, callback } = Object(params) as Fields
    if (typeof callback !== 'function') {
      failed('subscribe() needs a callback, or a handler')
      return () => {}
    }
    const key = keyOf(type || 'server', moduleId, command)
    subscribed = subscribed.concat([[key, callback as Callback]])
    // Whoever subscribed a function twice gets rid of it at once.
    return () => {
      subscribed = subscribed.filter((one) => one[0] !== key || one[1] !== callback)
    }
  }

  function attachCommandHandler(given: unknown): () => void {
    const handler = Object(given) as Record<string, Callback | undefined>
    const moduleId = handler['getModuleId'] && handler['getModuleId']()
    if (typeof moduleId !== 'string') {
      failed('A handler needs getModuleId()')
      return () => {}
    }
    return subscribe({
      type: handler['getSubscriptionType'] && handler['getSubscriptionType'](),
      moduleId,
      callback(data: { command: string; params: unknown; extra: unknown }) {
        const command = String(data.command)
        const map = handler['getMap'] && handler['getMap']()
        const named = isRecord(map) && has(map, command) && map[command]
        const found = [
          typeof named === 'string' ? handler[named] : named,
          handler[`handle${command.charAt(0).toUpperCase()}${command.slice(1)}`],
        ].find((method) => typeof method === 'function')
        if (found) (found as Callback).call(handler, data.params, data.extra, command)
      },
    })
  }

  return {
    subscribe,
    attachCommandHandler,
    deliver(type, moduleId, read) {
      const about = hasModule(type) ? { type, moduleId } : { type }
      const { command } = Object(read()) as Fields
      call(keyOf(type, moduleId), () => [read(), about])
      if (!command || !hasModule(type)) return
      call(keyOf(type, moduleId, command), () => {
        const { params, extra } = read() as Fields
        return [params, extra, command, about]
      })
    },
  }
}

/** The other types know neither modules nor commands. */
function hasModule(type: unknown): boolean {
  return type === 'server' || type === 'client'
}

function keyOf(type: unknown, moduleId: unknown, command?: unknown): string {
  const parts = hasModule(type) ? [type, moduleId, command] : [type]
  return parts.filter(Boolean).join('|')
}
