/**
 * Owns the WebSocket side: handshakes admitted or refused as the generation says, frames, gathering, protocol pings
 * and the way a close frame is answered. Framing and admission are the generation's.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Context } from './context'
import type { Accepted, UpgradeRefusal } from './generations/generation'
import type { Stored } from './hub'
import { writeRawAnswer } from './http-answer'
import { nextRandom } from './faults'
import { readQuery } from './query'

export interface WebSocketSide {
  /** Takes one handshake. `done` tells the log how it ended. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (status: number) => void): void
  close(): void
}

export function createWebSocketSide(context: Context): WebSocketSide {
  const { generation, connections, faults, settings } = context
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: 1_048_576,
    // Node servers take the first subprotocol offered, push-stream ignores the header.
    handleProtocols: (protocols) => (settings.version >= 3 ? ([...protocols][0] ?? false) : false),
  })
  server.on('headers', (headers) => {
    for (const [name, value] of Object.entries(generation.upgradeHeaders)) headers.push(`${name}: ${value}`)
  })
  let seed = 1

  function refuse(refusal: UpgradeRefusal, take: Take): void {
    switch (refusal.type) {
      case 'answer':
        writeRawAnswer(take.socket, refusal.answer, context.nowMs())
        take.done(refusal.answer.status)
        return
      case 'close':
        accept(take, (webSocket) => webSocket.close(refusal.code, refusal.reason))
        return
      case 'end':
        accept(take, () => take.socket.end())
        return
      case 'hang':
        return
      default:
        refusal satisfies never
    }
  }

  function accept(take: Take, opened: (webSocket: WebSocket) => void): void {
    server.handleUpgrade(take.request, take.socket, take.head, (webSocket) => {
      take.done(101)
      webSocket.on('error', () => {}) // a broken frame ends the connection; there is nobody to tell
      opened(webSocket)
    })
  }

  function serve(webSocket: WebSocket, socket: Duplex, accepted: Accepted): void {
    let quiet: NodeJS.Timeout | null = null
    let waiting: Stored[] = []
    let unanswered = 0
    const close = webSocket.close.bind(webSocket)
    answerCloseFrames(webSocket, socket, generation.closeEcho)

    const pinging = setInterval(ping, settings.pingIntervalMs)

    function ping(): void {
      const limit = generation.ping.unansweredLimit
      if (limit !== null && unanswered + 1 >= limit && unanswered > 0) {
        webSocket.terminate()
        return
      }
      unanswered += 1
      webSocket.ping(generation.ping.payload)
    }

    function write(messages: readonly Stored[]): void {
      for (const frame of generation.frames(messages, context.nowMs())) webSocket.send(frame)
      if (generation.ping.messageRestarts) pinging.refresh()
    }

    function send(message: Stored): void {
      if (unanswered > 0 && generation.ping.dropsUntilPong) return
      if (generation.batch === null) {
        write([message])
      } else if (quiet === null) {
        write([message])
        gather(generation.batch)
      } else {
        waiting.push(message)
      }
    }

    /** The first message after a quiet while goes at once; what follows waits for the end of the window. */
    function gather(share: { readonly min: number; readonly max: number }): void {
      const chance = nextRandom(seed)
      seed = chance.seed
      const ms = settings.batchWindowMs * (share.min + (share.max - share.min) * chance.value)
      quiet = setTimeout(() => {
        quiet = null
        if (waiting.length === 0) return
        const batch = waiting
        waiting = []
        write(batch)
        gather(share)
      }, ms)
    }

    webSocket.on('pong', () => {
      unanswered = 0
    })
    write(accepted.replay)
    let leave = (): void => {}
    const listen = (): void => {
      leave = connections.add({
        kind: 'websocket',
        channels: accepted.channels,
        limited: accepted.limited,
        send,
        end: (code, reason) => (code === null ? close() : close(code, reason)),
        evict: () => close(generation.crowded.code, generation.crowded.reason),
        destroy: () => webSocket.terminate(),
        pause: (paused) => {
          if (paused) clearInterval(pinging)
          if (paused) socket.pause()
          else socket.resume()
        },
      })
    }
    const listenDelayMs = settings.version >= 3 ? (faults.current.listenDelayMs ?? 0) : 0
    const late = listenDelayMs > 0 ? setTimeout(listen, listenDelayMs) : null
    if (late === null) listen()
    webSocket.on('close', () => {
      leave()
      clearInterval(pinging)
      if (quiet !== null) clearTimeout(quiet)
      if (late !== null) clearTimeout(late)
    })
  }

  return {
    upgrade(request, socket, head, done) {
      const take: Take = { request, socket, head, done }
      socket.on('error', () => {})
      const fault = faults.take('websocket')
      if (fault.type === 'hang') return
      if (fault.type === 'answer') {
        refuse({ type: 'answer', answer: { status: fault.status, headers: {}, body: '' } }, take)
        return
      }
      const query = readQuery(request.url ?? '/')
      const route = generation.route(query.path)
      if (route !== 'websocket' && !(route === 'poll' && settings.version >= 3)) {
        refuse(generation.strayUpgrade(), take)
        return
      }
      const ask = { kind: 'websocket' as const, query, headers: request.headers, nowMs: context.nowMs() }
      const admission = generation.admit(context.hub(), ask)
      if (admission.type === 'refused') refuse(admission.upgrade, take)
      else accept(take, (webSocket) => serve(webSocket, socket, admission))
    },
    close: () => server.close(),
  }
}

interface Take {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly done: (status: number) => void
}

/**
 * `ws` answers a close frame by calling `close` with the code it read. Replacing that method is how the answers of
 * push-stream are had: an empty close frame, or from 0.5 on only a FIN unless the frame was empty.
 */
function answerCloseFrames(webSocket: WebSocket, socket: Duplex, echo: 'same' | 'empty' | 'fin-unless-empty'): void {
  if (echo === 'same') return
  const close = webSocket.close.bind(webSocket)
  webSocket.close = (code?: number) => {
    if (echo === 'fin-unless-empty' && code !== undefined) socket.end()
    else close()
  }
}
