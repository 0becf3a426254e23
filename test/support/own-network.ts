/** Owns a network for one client alone: it can be taken away while everybody else keeps theirs. */
import type { FetchLike, PlatformOverrides, WebSocketConstructor, WebSocketLike } from '../../src/entry/node'
import { nodePlatform } from '../../src/platform/node'

export interface OwnNetwork {
  /** For `options.platform`. */
  readonly platform: PlatformOverrides
  /** Ends what is open; nothing new comes through. */
  down(): void
  up(): void
}

/** Nobody listens there. */
const NOWHERE = 'ws://127.0.0.1:1/'

export function ownNetwork(): OwnNetwork {
  const real = nodePlatform()
  const Real = real.webSocket as new (
    url: string,
    protocols?: string | string[],
  ) => WebSocketLike & {
    terminate(): void
  }
  const sockets = new Set<{ terminate(): void }>()
  let cable = new AbortController()

  class Socket extends Real {
    constructor(url: string, protocols?: string | string[]) {
      super(cable.signal.aborted ? NOWHERE : url, protocols)
      sockets.add(this)
    }
  }
  const fetch: FetchLike = (url, init = {}) => {
    const signals = init.signal ? [init.signal, cable.signal] : [cable.signal]
    return real.fetch!(url, { ...init, signal: AbortSignal.any(signals) })
  }
  return {
    platform: { fetch, webSocket: Socket as WebSocketConstructor },
    down() {
      cable.abort(new TypeError('The cable is out'))
      sockets.forEach((socket) => socket.terminate())
      sockets.clear()
    },
    up() {
      cable = new AbortController()
    },
  }
}
