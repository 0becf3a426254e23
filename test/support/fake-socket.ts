/**
 * Owns what every WebSocket of a network in memory has in common: the fields a page sets, and which close codes a page may
 * name. What happens to it is told from outside; what the page asks for is handed on.
 */
import type { WebSocketConstructor, WebSocketLike } from '../../src/platform/platform'

/** Tells the page what happened. */
export interface SocketEvents {
  opened(): void
  got(data: unknown): void
  failed(): void
  /** 1006: without a word. */
  closed(code: number, reason?: string): void
}

/** What the page asks for. */
export interface SocketCalls {
  send(data: string | ArrayBuffer): void
  /** 1005: it named no code. */
  close(code: number): void
}

export function webSocketClass(connect: (url: string, page: SocketEvents) => SocketCalls): WebSocketConstructor {
  return class implements WebSocketLike {
    binaryType = 'blob'
    readonly bufferedAmount = 0
    onopen: WebSocketLike['onopen'] = null
    onmessage: WebSocketLike['onmessage'] = null
    onerror: WebSocketLike['onerror'] = null
    onclose: WebSocketLike['onclose'] = null
    private readonly calls: SocketCalls

    constructor(url: string) {
      this.calls = connect(url, {
        opened: () => this.onopen?.({}),
        got: (data) => this.onmessage?.({ data }),
        failed: () => this.onerror?.({}),
        closed: (code, reason = '') => this.onclose?.({ code, reason, wasClean: code !== 1006 }),
      })
    }
    send(data: string | ArrayBuffer): void {
      this.calls.send(data)
    }
    close(code?: number): void {
      if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) throw new RangeError('close code')
      this.calls.close(code ?? 1005)
    }
  }
}
