/** Owns the WebSockets of one page in a world where nothing is real: handshake, replay, frames, pings of a server. */
import type { WebSocketConstructor } from '../../../src/platform/platform'
import { webSocketClass } from '../fake-socket'
import type { PageTime, VirtualClock } from './virtual-clock'
import { frameOf } from './virtual-frames'
import type { Query, Stored, VirtualServer } from './virtual-server'
import type { Wires } from './virtual-wires'

/** What a way between a page and the server is made of. */
export interface WayParts {
  readonly clock: VirtualClock
  readonly server: VirtualServer
  readonly random: () => number
  readonly wires: Wires
  readonly page: PageTime
}

const TOKEN_PING_MS = 10_000

export function virtualWebSocket(parts: WayParts): WebSocketConstructor {
  const { clock, server, random, wires, page } = parts
  const { generation, version, isNode } = server
  return webSocketClass((url, socket) => {
    const wire = wires.lay(page, 'websocket', url)
    const { latencyMs, weather } = wire
    const toPage = (run: () => void): void => wires.toPage(wire, run)
    wire.ended = (how) => closed(how === 'reset' ? 1006 : how)
    if (weather !== 'hang')
      clock.after(latencyMs, () => {
        if (!wire.isOver && !wire.isDeaf) arrive()
      })
    return {
      send: (data) => void wires.traffic.sent.push(typeof data === 'string' ? data.slice(0, 5) : 'bytes'),
      close(code) {
        if (wire.isOver) return
        wires.over(wire)
        page.deliver(latencyMs, () => socket.closed(code))
      },
    }

    function closed(code: number, reason?: string): void {
      wires.over(wire)
      socket.closed(code, reason)
    }

    function arrive(): void {
      const isThrough = weather === 'ok' || weather === 'slow' || weather === 'half'
      const query: Query = { params: new URL(url).searchParams, headers: new Headers(), kind: 'websocket' }
      const channels = isThrough ? server.admit(query) : null
      if (!isThrough || (channels === null && version !== 2))
        return toPage(() => {
          socket.failed()
          closed(1006)
        })
      wires.traffic.accepted++
      toPage(() => socket.opened())
      if (channels === null) {
        const reason = '{"http_status": 403, "explain":"Subscriber could not create channels."}'
        return toPage(() => closed(1008, reason))
      }
      const replay = server.replay(query, channels)
      if (isNode && replay.length > 0) send(replay)
      else replay.forEach((message) => send([message]))
      wires.listen(wire, channels, batched(parts, send))
      if (version === 5) ping()
      if (weather === 'half') clock.after(random() * 60, () => wire.isOver || wires.end(wire, 'reset'))
    }

    function send(messages: readonly Stored[]): void {
      if (wire.isOver) return
      const frame = frameOf(generation, messages, clock.now())
      const data = typeof frame === 'string' ? frame : new Uint8Array(frame).buffer
      toPage(() => socket.got(data))
    }

    function ping(): void {
      clock.after(TOKEN_PING_MS, () => {
        if (wire.isOver) return
        toPage(() => socket.got('ping'))
        ping()
      })
    }
  })
}

/** Node servers collect what follows a message within a moment and send it as one frame. */
function batched(
  { clock, server: { version, isNode }, random }: WayParts,
  send: (messages: readonly Stored[]) => void,
): (message: Stored) => void {
  if (!isNode || version === 5) return (message) => send([message])
  const quietMs = version === 3 ? 250 + random() * 150 : 400
  let batch: Stored[] = []
  let freeAtMs = 0
  const flush = (): void => {
    send(batch)
    batch = []
    freeAtMs = clock.now() + quietMs
  }
  return (message) => {
    batch.push(message)
    if (clock.now() >= freeAtMs && batch.length === 1) flush()
    else if (batch.length === 1) clock.after(freeAtMs - clock.now(), flush)
  }
}
