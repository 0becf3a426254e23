/**
 * Owns the listening TCP port: opening it, dropping every socket as a killed process does, opening the same port again.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export interface ListenerHandlers {
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export interface Listener {
  readonly port: number
  open(host: string, port: number): Promise<void>
  /** Destroys every socket and stops listening. */
  shut(): Promise<void>
}

/** As nginx: an idle connection between two polls is kept, so that clients do not race against its end. */
const KEEP_ALIVE_MS = 75_000

export function createListener(handlers: ListenerHandlers): Listener {
  let server: Server | null = null
  let sockets = new Set<Socket>()
  let port = 0

  return {
    get port() {
      return port
    },
    open(host, wanted) {
      const opening = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, handlers.request)
      const mine = new Set<Socket>()
      opening.on('upgrade', handlers.upgrade)
      opening.on('connection', (socket) => {
        mine.add(socket)
        socket.setNoDelay(true)
        socket.on('close', () => mine.delete(socket))
      })
      return new Promise((resolve, reject) => {
        opening.once('error', reject)
        opening.listen(wanted, host, () => {
          opening.off('error', reject)
          port = (opening.address() as AddressInfo).port
          server = opening
          sockets = mine
          resolve()
        })
      })
    },
    async shut() {
      const closing = server
      if (closing === null) return
      server = null
      const closed = new Promise<void>((resolve) => closing.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
