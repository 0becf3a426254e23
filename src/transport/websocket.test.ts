import { once } from 'node:events'
import { WebSocket as MockWebSocket, Server as MockServer } from 'mock-socket'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import {
  type Facts,
  type Loopback,
  createFacts,
  createLoopback,
  transportDeps,
} from '../../test/support/transport-bench'
import type { WebSocketConstructor } from '../platform/platform'
import type { Transport } from './transport'
import { createWebSocketTransport } from './websocket'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function open(facts: Facts, url: string, webSocket: unknown): Transport {
  const transport = createWebSocketTransport(
    transportDeps(facts, url, { webSocket: webSocket as WebSocketConstructor | null }),
  )
  closing.push(() => transport.close())
  return transport
}

describe('on a socket in memory', () => {
  const URL = 'ws://push.example/subws/'

  function serve(): MockServer {
    const server = new MockServer(URL, { mock: false })
    closing.push(() => server.stop())
    return server
  }

  test('an open socket is confirmed, and every text is one frame', async () => {
    const server = serve()
    server.on('connection', (socket) => {
      socket.send('one')
      socket.send('two')
    })
    const facts = createFacts()
    open(facts, URL, MockWebSocket)
    await facts.until('frame', 2)
    expect(facts.all).toEqual([
      ['opened', 'websocket', true],
      ['frame', 'one'],
      ['frame', 'two'],
    ])
  })

  test('says nothing after close()', async () => {
    const server = serve()
    const facts = createFacts()
    let transport: Transport | null = null
    const gone = new Promise<void>((resolve) =>
      server.on('connection', (socket) => {
        socket.on('close', () => resolve())
        transport?.close()
        socket.send('too late')
      }),
    )
    transport = open(facts, URL, MockWebSocket)
    await gone
    expect(facts.of('frame')).toEqual([])
    expect(facts.of('lost')).toEqual([])
  })

  test('a runtime without WebSocket is told by a throw, for the runner to note', () => {
    expect(() => open(createFacts(), URL, null)).toThrow(TypeError)
  })
})

describe('on a real server', () => {
  async function serve(): Promise<{ url: string; sockets: WebSocketServer; loopback: Loopback }> {
    const loopback = await createLoopback()
    const sockets = new WebSocketServer({ noServer: true })
    loopback.server.on('upgrade', (request, socket, head) => {
      if (request.url?.includes('hang')) return void socket.resume().on('end', () => socket.destroy())
      const status = /refuse=(\d+)/.exec(request.url ?? '')?.[1]
      if (status) return void socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`)
      if (request.url?.includes('cut')) return void socket.destroy()
      sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened))
    })
    closing.push(() => loopback.close())
    return { url: loopback.url.replace('http', 'ws'), sockets, loopback }
  }

  async function connected(): Promise<{ facts: Facts; socket: WebSocket; transport: Transport }> {
    const { url, sockets } = await serve()
    const facts = createFacts()
    const arrived = once(sockets, 'connection')
    const transport = open(facts, url, WebSocket)
    const [socket] = (await arrived) as [WebSocket]
    await facts.until('opened')
    return { facts, socket, transport }
  }

  test('text and binary frames are handed over, in order', async () => {
    const { facts, socket } = await connected()
    socket.send('привет 🙂')
    socket.send(new Uint8Array([1, 2, 3]))
    await facts.until('frame', 2)
    expect(facts.of('frame')).toEqual([
      ['frame', 'привет 🙂'],
      ['frame', '<3 bytes>'],
    ])
  })

  test.each([
    [1001, '', 'server-restart'],
    [1008, '{"http_status": 403, "explain":"Subscriber could not create channels."}', 'bad-channel'],
    [1012, '', 'server-restart'],
    [4029, '4029: Too many connections', 'too-many'],
  ])('a close with %i %s is lost, once, with its reason', async (code, reason, meaning) => {
    const { facts, socket, transport } = await connected()
    socket.close(code, reason)
    await facts.until('lost')
    transport.close()
    expect(facts.of('lost')).toEqual([['lost', meaning, code, null]])
  })

  test('an end without a close frame is a drop', async () => {
    const { facts, socket } = await connected()
    socket.terminate()
    await facts.until('lost')
    expect(facts.of('lost')).toEqual([['lost', 'dropped', 1006, null]])
  })

  test.each([400, 403, 502])(
    'a handshake refused with %i is refused, with the status where it is known',
    async (status) => {
      const { url } = await serve()
      const facts = createFacts()
      open(facts, `${url}?refuse=${status}`, WebSocket)
      await facts.until('lost')
      expect(facts.all).toEqual([['lost', 'refused', status, null]])
    },
  )

  test('a handshake that is cut is refused without a status', async () => {
    const { url } = await serve()
    const facts = createFacts()
    open(facts, `${url}?cut`, WebSocket)
    await facts.until('lost')
    expect(facts.all).toEqual([['lost', 'refused', 1006, null]])
  })

  test('close() in the middle of a handshake that hangs leaves no socket and says nothing', async () => {
    const { url, loopback } = await serve()
    const facts = createFacts()
    const upgrading = once(loopback.server, 'upgrade')
    const transport = open(facts, `${url}?hang`, WebSocket)
    const [, socket] = (await upgrading) as [unknown, NodeJS.EventEmitter]
    const gone = once(socket, 'close')
    transport.close()
    transport.close()
    await gone
    expect(facts.all).toEqual([])
  })

  test('close() tells the server the code that it was given', async () => {
    const { socket, transport } = await connected()
    const closed = once(socket, 'close')
    transport.close(3001, 'channel expired')
    const [code, reason] = (await closed) as [number, Buffer]
    expect([code, reason.toString()]).toEqual([3001, 'channel expired'])
  })

  test('nothing is ever sent: a push-stream server drops whoever splits a frame', async () => {
    const { facts, socket } = await connected()
    const received: unknown[] = []
    socket.on('message', (data) => received.push(data))
    socket.send('x')
    await facts.until('frame')
    const answered = once(socket, 'pong')
    socket.ping()
    await answered
    expect(received).toEqual([])
  })
})
