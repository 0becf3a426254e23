/**
 * Owns what tests of transports stand on: a sink that writes down facts and lets a test wait for them, a real clock that
 * counts its timers, and a raw HTTP server on loopback that counts its sockets.
 */
import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Clock } from '../../src/platform/platform'
import type { FrameOutcome, TransportDeps, TransportSink } from '../../src/transport/transport'

export type Fact =
  | readonly ['opened', kind: string, confirmed: boolean]
  | readonly ['frame', text: string, part?: 'part']
  | readonly ['alive']
  | readonly ['empty', lastMessageId: string | null, lastModified: string | null]
  | readonly ['lost', reason: string, code: number | null, retryAfterMs: number | null]

export interface Facts {
  readonly sink: TransportSink
  readonly all: readonly Fact[]
  /** Only those of a type. */
  of(type: Fact[0]): readonly Fact[]
  /** Until so many facts of a type were told. */
  until(type: Fact[0], count?: number): Promise<void>
}

/** `outcome`: what the owner of the messages answers to a frame. */
export function createFacts(outcome: (frame: string) => FrameOutcome = () => 'news'): Facts {
  const all: Fact[] = []
  const waiting = new Set<() => void>()
  function tell(fact: Fact): void {
    all.push(fact)
    waiting.forEach((check) => check())
  }
  const of = (type: Fact[0]): Fact[] => all.filter((fact) => fact[0] === type)
  return {
    all,
    of,
    until: (type, count = 1) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (of(type).length < count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    sink: {
      opened: (kind, confirmed) => tell(['opened', kind, confirmed]),
      frame(frame, isPart) {
        const text = typeof frame === 'string' ? frame : `<${frame.byteLength} bytes>`
        tell(isPart ? ['frame', text, 'part'] : ['frame', text])
        return outcome(text)
      },
      alive: () => tell(['alive']),
      emptyPoll: ({ lastMessageId, lastModified }) => tell(['empty', lastMessageId, lastModified]),
      lost: ({ reason, code, retryAfterMs }) => tell(['lost', reason, code, retryAfterMs]),
    },
  }
}

export interface CountingClock extends Clock {
  readonly timers: number
}

export function createCountingClock(): CountingClock {
  const pending = new Set<ReturnType<typeof setTimeout>>()
  return {
    now: () => Date.now(),
    setTimeout(run, delayMs) {
      const handle = setTimeout(() => {
        pending.delete(handle)
        run()
      }, delayMs)
      pending.add(handle)
      return handle
    },
    clearTimeout(handle) {
      clearTimeout(handle as ReturnType<typeof setTimeout>)
      pending.delete(handle as ReturnType<typeof setTimeout>)
    },
    get timers() {
      return pending.size
    },
  }
}

export interface Loopback {
  readonly url: string
  readonly server: Server
  /** Every request so far. */
  readonly requests: readonly IncomingMessage[]
  /** Requests that are waiting for the test to answer them, oldest first. */
  next(): Promise<ServerResponse>
  readonly sockets: number
  close(): Promise<void>
}

/** `answer` writes at once; without it the test takes the responses with `next()`. */
export async function createLoopback(
  answer?: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<Loopback> {
  const requests: IncomingMessage[] = []
  const responses: ServerResponse[] = []
  const takers: ((response: ServerResponse) => void)[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    requests.push(request)
    if (answer) return answer(response, request)
    const taker = takers.shift()
    if (taker) taker(response)
    else responses.push(response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/sub/`,
    server,
    requests,
    next() {
      const response = responses.shift()
      return response ? Promise.resolve(response) : new Promise((resolve) => takers.push(resolve))
    },
    get sockets() {
      return sockets.size
    },
    async close() {
      sockets.forEach((socket) => socket.destroy())
      server.close()
      await once(server, 'close')
    },
  }
}

/** For tests that wait until a silent poll counts as open. The usual time is longer than any of these tests. */
export const SOON = { pollConfirmMs: 50, pollHoldMs: 60_000 }

export function transportDeps(facts: Facts, url: string, told: Partial<TransportDeps> = {}): TransportDeps {
  return {
    clock: createCountingClock(),
    fetch: (input, init) => fetch(input, init),
    webSocket: null,
    address: () => ({ url }),
    sink: facts.sink,
    timeouts: { pollConfirmMs: 30_000, pollHoldMs: 60_000 },
    binary: false,
    mayBecomeLongPoll: false,
    ...told,
  }
}
