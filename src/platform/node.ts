/** Owns the Node side of the platform port: Node 20 has fetch but no WebSocket, so the `ws` package gives it. */
import WebSocket from 'ws'
import { nodeFetch } from './node-fetch'
import type { Platform, WebSocketConstructor } from './platform'

/** What is gone answers no close frame: a stopped client must not keep the process alive for the 30 s that `ws` waits. */
const CLOSE_TIMEOUT_MS = 500

class NodeWebSocket extends WebSocket {
  constructor(url: string, protocols?: string | string[]) {
    const options: WebSocket.ClientOptions & { closeTimeout: number } = { closeTimeout: CLOSE_TIMEOUT_MS }
    super(url, protocols, options)
  }
}

export function nodePlatform(): Platform {
  return {
    clock: {
      now: () => Date.now(),
      elapsed: () => performance.now(),
      setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
    },
    random: () => Math.random(),
    fetch: nodeFetch,
    webSocket: NodeWebSocket as unknown as WebSocketConstructor,
    storage: null,
    tabStorage: null,
    page: null,
    console,
  }
}
