/** Owns the Node side of the platform port: Node 20 has fetch but no WebSocket, so the `ws` package gives it. */
import WebSocket from 'ws'
import type { Platform, WebSocketConstructor } from './platform'

export function nodePlatform(): Platform {
  return {
    clock: {
      now: () => Date.now(),
      setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
    },
    random: () => Math.random(),
    fetch: (url, init) => fetch(url, init),
    webSocket: WebSocket as unknown as WebSocketConstructor,
    storage: null,
    page: null,
    console,
  }
}
