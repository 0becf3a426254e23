/** Owns one WebSocket. Browsers hide why a handshake failed: it is `refused`, with the status where the runtime tells it. */
import { type Loss, loss, lossFromClose } from '../core/loss'
import type { Transport, TransportDeps } from './transport'

export function createWebSocketTransport(deps: TransportDeps): Transport {
  const { sink } = deps
  const Socket = deps.webSocket
  let opened = false
  let over = false
  let refusal: Loss | null = null

  if (!Socket) throw new TypeError('no WebSocket in this runtime')
  const socket = new Socket(deps.address('first').url)
  socket.binaryType = 'arraybuffer'
  socket.onopen = () => {
    if (over) return
    opened = true
    sink.opened('websocket', true)
  }
  socket.onmessage = ({ data }) => {
    if (!over && (typeof data === 'string' || data instanceof ArrayBuffer)) sink.frame(data)
  }
  socket.onerror = (event) => {
    if (!opened) refusal = refusalIn(event)
    // undici fires no close after some errors before the open; browsers and ws do: the deadline covers the rest.
  }
  socket.onclose = ({ code, reason }) => lose(refusal || lossFromClose(code, reason, opened))

  function lose(loss: Loss): void {
    if (over) return
    over = true
    sink.lost(loss)
  }

  return {
    send(frame) {
      if (!opened || over) return false
      socket.send(frame)
      return true
    },
    close(code = 1000, reason = '') {
      over = true
      // A socket that is still connecting would log an error in some runtimes when handlers are gone: keep a silent one.
      socket.onopen = socket.onmessage = null
      socket.onerror = socket.onclose = () => {}
      socket.close(code, reason)
    },
  }
}

/**
 * The `ws` package tells the HTTP status of a refused upgrade in its error text. It stays `refused` all the same: a 400
 * is a wrong channel on one server and a proxy without `Upgrade` on another; a poll tells them apart.
 */
function refusalIn(event: unknown): Loss | null {
  const error = event as { message?: unknown } | null | undefined
  const status = /server response: (\d{3})/.exec(String(error && error.message))
  return status && loss('refused', Number(status[1]))
}
