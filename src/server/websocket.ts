/**
 * Owns the WebSocket side: handshakes admitted or refused as the generation says, frames, gathering, protocol pings
 * and the way a close frame is answered. Framing and admission are the generation's.
 */
import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Membership } from './connections'
import type { Context } from './context'
import type { Accepted, Delivery, Outgoing, UpgradeRefusal } from './generations/generation'
import { writeRawAnswer } from './http-answer'
import { nextRandom, valueFor } from './faults'
import { readQuery } from './query'

/** Serves a request as if it had never asked for an upgrade. */
export type ServePlain = (request: IncomingMessage, response: ServerResponse) => void

export interface WebSocketSide {
  /** Takes one handshake. `done` tells the log how it ended. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (status: number) => void): void
  close(): void
}

/** What frames of clients lead to outside their own connection. */
export interface WebSocketEvents {
  readonly published: (deliveries: readonly Delivery[]) => void
  readonly acknowledged: (mid: string) => void
}

export function createWebSocketSide(context: Context, servePlain: ServePlain, events: WebSocketEvents): WebSocketSide {
  const { generation, connections, faults, settings } = context
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: 1_048_576,
    autoPong: generation.ping.answer === 'echo',
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

  /** A proxy that forwards no Upgrade header: the handshake arrives as a plain GET, and may eat a message. */
  function plain(request: IncomingMessage, socket: Duplex, done: (status: number) => void): void {
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    // A handshake's socket is a TCP socket here: the listener speaks plain HTTP.
    response.assignSocket(socket as Socket)
    socket.on('close', () => response.destroy())
    response.on('finish', () => {
      done(response.statusCode)
      socket.end()
    })
    servePlain(request, response)
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
    let waiting: Outgoing[] = []
    let unanswered = 0
    let paused = false
    let membership: Membership | null = null
    let framesLeft = valueFor(faults.current.closeAfterFrames, 'websocket') || Infinity
    const close = webSocket.close.bind(webSocket)
    answerCloseFrames(webSocket, socket, generation.closeEcho)
    if (generation.ping.answer === 'empty') webSocket.on('ping', () => webSocket.pong())

    const byText = generation.ping.how === 'text'
    const pinging = setInterval(ping, byText ? settings.rpcPingIntervalMs : settings.pingIntervalMs)

    function ping(): void {
      if (paused || (byText && faults.current.rpcSilent === true)) return
      const limit = generation.ping.unansweredLimit
      if (limit !== null && unanswered + 1 >= limit && unanswered > 0) {
        webSocket.terminate()
        return
      }
      unanswered += 1
      if (byText) webSocket.send(generation.ping.payload)
      else webSocket.ping(generation.ping.payload)
    }

    function write(items: readonly Outgoing[], replay = false): void {
      for (const frame of generation.frames(items, { framing: accepted.framing, replay, nowMs: context.nowMs() })) {
        framesLeft -= 1
        if (framesLeft < 0) return
        // Cut behind the last frame, not in it: it has left when the callback runs.
        webSocket.send(frame, framesLeft > 0 ? undefined : () => webSocket.terminate())
      }
      if (generation.ping.messageRestarts) pinging.refresh()
    }

    function send(item: Outgoing): void {
      if (unanswered > 0 && generation.ping.dropsUntilPong) return
      if (generation.batch === null) {
        write([item])
      } else if (quiet === null) {
        write([item])
        gather(generation.batch)
      } else {
        waiting.push(item)
      }
    }

    function receive(data: Buffer, binary: boolean): void {
      if (paused) return
      for (const reaction of generation.receive(context.hub(), accepted, { data, binary, nowMs: context.nowMs() })) {
        switch (reaction.type) {
          case 'close':
            close(reaction.code, reaction.reason)
            break
          case 'deliver':
            events.published(reaction.deliveries)
            break
          case 'gather':
            send(reaction.response)
            break
          case 'send':
            webSocket.send(reaction.text)
            break
          case 'pong':
            unanswered = 0
            break
          case 'acknowledged':
            events.acknowledged(reaction.mid)
            break
          case 'listen':
            membership?.listen(reaction.channel)
            break
          case 'unlisten':
            membership?.unlisten(reaction.channel)
            break
          default:
            reaction satisfies never
        }
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

    if (!byText) {
      webSocket.on('pong', () => {
        unanswered = 0
      })
    }
    webSocket.on('message', (data, binary) => {
      // Once it is being closed nothing is obeyed any more.
      if (webSocket.readyState === webSocket.OPEN) receive(data as Buffer, binary)
    })
    write(accepted.replay, true)
    const listen = (): void => {
      membership = connections.add({
        kind: 'websocket',
        channels: accepted.channels,
        limited: accepted.limited,
        framing: accepted.framing,
        send,
        end: (code, reason) => (code === null ? close() : close(code, reason)),
        evict: () => close(generation.crowded.code, generation.crowded.reason),
        destroy: () => webSocket.terminate(),
        pause: (value) => {
          paused = value
          if (value) webSocket.pause()
          else webSocket.resume()
        },
      })
    }
    const listenDelayMs = settings.version >= 3 ? (faults.current.listenDelayMs ?? 0) : 0
    const late = listenDelayMs > 0 ? setTimeout(listen, listenDelayMs) : null
    if (late === null) listen()
    const echo = valueFor(faults.current.replayEcho, 'websocket')
    if (echo > 0) write(accepted.replay.slice(-echo), true)
    webSocket.on('close', () => {
      membership?.leave()
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
      if (fault.type === 'strip') {
        plain(request, socket, done)
        return
      }
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

/** Codes `ws` would close with after a frame it cannot read. The real servers just end the TCP connection. */
const BROKEN_FRAME = new Set([1002, 1007, 1009])

/**
 * `ws` answers a close frame by calling `close` with the code it read. Replacing that method is how the answers of
 * push-stream are had: an empty close frame, or from 0.5 on only a FIN unless the frame was empty.
 */
function answerCloseFrames(webSocket: WebSocket, socket: Duplex, echo: 'same' | 'empty' | 'fin-unless-empty'): void {
  const close = webSocket.close.bind(webSocket)
  webSocket.close = (code?: number, reason?: string | Buffer) => {
    if (code !== undefined && BROKEN_FRAME.has(code)) webSocket.terminate()
    else if (echo === 'same') close(code, reason)
    else if (echo === 'fin-unless-empty' && code !== undefined) socket.end()
    else close()
  }
}
