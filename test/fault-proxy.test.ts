/** The fault proxy against small raw servers: every fault does what it says, and nothing else. */
import { createServer as createHttpServer, get, type IncomingMessage, type Server as HttpServer } from 'node:http'
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { schedule, type ScheduleSpec } from './support/chaos/fault-schedule'
import { createSplitter } from './support/chaos/wire-units'
import { startFaultProxy, type FaultProxy } from './support/fault-proxy'

const SEED = Number(process.env['BX_PULL_SEED'] ?? 7)
const undos: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of undos.splice(0).reverse()) await undo()
})

async function portOf(server: Server | HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undos.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

async function proxyTo(port: number): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ target: { port }, seed: SEED })
  undos.push(() => proxy.close())
  return proxy
}

/** Answers every connection with what it got, and tells of them. */
async function echo(): Promise<{ proxy: FaultProxy; accepted: Socket[] }> {
  const accepted: Socket[] = []
  const server = createServer((socket) => {
    accepted.push(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  return { proxy: await proxyTo(await portOf(server)), accepted }
}

interface Talk {
  readonly socket: Socket
  readonly text: () => string
  /** `end` is a FIN, anything else the code of the error. */
  readonly ending: Promise<string>
  has(text: string): Promise<void>
}

function talk(proxy: FaultProxy): Talk {
  const socket = connect(proxy.port, '127.0.0.1')
  undos.push(() => socket.destroy())
  let text = ''
  let wake = (): void => {}
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString()
    wake()
  })
  const ending = new Promise<string>((resolve) => {
    socket.on('end', () => resolve('end'))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
  return {
    socket,
    text: () => text,
    ending,
    async has(wanted) {
      while (!text.includes(wanted)) await new Promise<void>((resolve) => (wake = resolve))
    },
  }
}

/** Messages that the server sends to whoever comes, one after the other as one is asked for. */
async function webSockets(): Promise<{ proxy: FaultProxy; server: WebSocketServer }> {
  const http = createHttpServer((_request, response) => response.writeHead(200).end('plain'))
  const server = new WebSocketServer({ server: http })
  undos.push(() => server.clients.forEach((client) => client.terminate()))
  return { proxy: await proxyTo(await portOf(http)), server }
}

interface Heard {
  readonly socket: WebSocket
  readonly messages: string[]
  readonly opened: Promise<string>
  readonly closed: Promise<number>
}

function hear(proxy: FaultProxy): Heard {
  const socket = new WebSocket(proxy.url.replace('http', 'ws'))
  undos.push(() => socket.terminate())
  const messages: string[] = []
  socket.on('message', (data: Buffer) => messages.push(data.toString()))
  return {
    socket,
    messages,
    opened: new Promise((resolve) => {
      socket.on('open', () => resolve('open'))
      socket.on('error', ({ message }) => resolve(message))
    }),
    closed: new Promise((resolve) => socket.on('close', resolve)),
  }
}

function ask(proxy: FaultProxy): Promise<{ status: number; body: string; complete: boolean }> {
  return new Promise((resolve, reject) => {
    get(proxy.url, { agent: false }, (answer: IncomingMessage) => {
      let body = ''
      answer.on('data', (bytes: Buffer) => (body += bytes.toString()))
      answer.on('error', () => {})
      answer.on('close', () => resolve({ status: answer.statusCode ?? 0, body, complete: answer.complete }))
    }).on('error', reject)
  })
}

describe('plain TCP', () => {
  test('passes both ways, and says nothing was done', async () => {
    const { proxy } = await echo()
    const one = talk(proxy)
    one.socket.write('\0binary')
    await one.has('\0binary')
    one.socket.end()
    expect(await one.ending).toBe('end')
    expect(proxy.log.map(({ what }) => what)).toEqual(['connected'])
  })

  test.each([
    ['fin', 'end'],
    ['rst', 'ECONNRESET'],
  ] as const)('cut with %s', async (end, ending) => {
    const { proxy, accepted } = await echo()
    const one = talk(proxy)
    one.socket.write('\0')
    await one.has('\0')
    const serverSide = new Promise((resolve) => accepted[0]!.on('close', resolve))
    proxy.faults.cut({ end })
    expect(await one.ending).toBe(ending)
    await serverSide
  })

  test('half-open: neither side hears of the other again, later connections work', async () => {
    const { proxy, accepted } = await echo()
    const one = talk(proxy)
    one.socket.write('\0a')
    await one.has('\0a')
    expect(proxy.faults.halfOpen()).toBe(1)
    let heard = 0
    accepted[0]!.on('data', () => heard++)
    one.socket.write('swallowed')
    accepted[0]!.write('swallowed')
    const two = talk(proxy)
    two.socket.write('\0b')
    await two.has('\0b')
    expect([heard, one.text(), one.socket.destroyed, accepted[0]!.destroyed]).toEqual([0, '\0a', false, false])
  })

  test('stall: what came meanwhile arrives afterwards, complete and in order', async () => {
    const { proxy } = await echo()
    const one = talk(proxy)
    one.socket.write('\0a')
    await one.has('\0a')
    const beganAtMs = performance.now()
    proxy.faults.stall(150)
    one.socket.write('b')
    one.socket.write('c')
    await one.has('\0abc')
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(149)
  })

  test('slow: a delay each way, and so many bytes a second', async () => {
    const { proxy } = await echo()
    proxy.faults.set({ delayMs: 40, bytesPerSecond: 10_000 })
    const beganAtMs = performance.now()
    const one = talk(proxy)
    one.socket.write('\0'.repeat(1000))
    one.socket.write('!')
    await one.has('!')
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(179)
    expect(one.text()).toHaveLength(1001)
  })

  test.each([
    ['reset', 'ECONNRESET'],
    ['swallow', null],
  ] as const)('accept: %s, so many times', async (accept, ending) => {
    const { proxy, accepted } = await echo()
    proxy.faults.set({ accept, times: 1 })
    const one = talk(proxy)
    one.socket.write('\0x')
    if (ending !== null) expect(await one.ending).toBe(ending)
    const two = talk(proxy)
    two.socket.write('\0y')
    await two.has('\0y')
    expect([one.text(), accepted.length]).toEqual(['', 1])
  })
})

describe('HTTP', () => {
  async function answering(body: string[]): Promise<{ proxy: FaultProxy; requests: () => number }> {
    let requests = 0
    const server = createHttpServer((_request, response) => {
      requests++
      body.forEach((chunk) => response.write(chunk))
      response.end()
    })
    return { proxy: await proxyTo(await portOf(server)), requests: () => requests }
  }

  test('another status, so many times', async () => {
    const { proxy } = await answering(['hello'])
    proxy.faults.set({ status: { from: 200, to: 504 }, times: 1 })
    expect(await ask(proxy)).toMatchObject({ status: 504, body: '' })
    expect(await ask(proxy)).toMatchObject({ status: 200, body: 'hello', complete: true })
    expect(proxy.log.filter(({ what }) => what === 'status')).toMatchObject([{ detail: '200 -> 504' }])
  })

  test('a chunk is cut in its middle', async () => {
    const { proxy } = await answering(['0123456789'.repeat(10)])
    proxy.faults.set({ truncate: { chance: 1, end: 'fin' } })
    const { body, complete } = await ask(proxy)
    expect(complete).toBe(false)
    expect(body.length).toBeGreaterThan(0)
    expect(body.length).toBeLessThan(100)
  })

  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('the connection ends %s the server is asked', async (when, asked) => {
    const { proxy, requests } = await answering(['eaten'])
    proxy.faults.set({ request: { when, end: 'rst' }, times: 1 })
    await expect(ask(proxy)).rejects.toThrow('ECONNRESET')
    expect(requests()).toBe(asked)
    expect(await ask(proxy)).toMatchObject({ body: 'eaten' })
  })

  test('a buffering proxy gives nothing before enough is there, or time is up', async () => {
    const { proxy } = await answering(['some'])
    proxy.faults.set({ buffer: { bytes: 1_000_000, ms: 120 } })
    const beganAtMs = performance.now()
    expect(await ask(proxy)).toMatchObject({ body: 'some', complete: true })
    expect(performance.now() - beganAtMs).toBeLessThan(5000)
    const held = createHttpServer((_request, response) => void response.write('open'))
    undos.push(() => held.closeAllConnections())
    const slow = await proxyTo(await portOf(held))
    slow.faults.set({ buffer: { bytes: 1_000_000, ms: 120 } })
    const one = talk(slow)
    const askedAtMs = performance.now()
    one.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await one.has('open')
    expect(performance.now() - askedAtMs).toBeGreaterThanOrEqual(119)
  })
})

describe('WebSocket', () => {
  test('without Upgrade the handshake is a plain GET', async () => {
    const { proxy } = await webSockets()
    proxy.faults.set({ dropUpgrade: true })
    expect(await hear(proxy).opened).toContain('200')
    proxy.faults.clear()
    expect(await hear(proxy).opened).toBe('open')
  })

  test('101 becomes 502', async () => {
    const { proxy } = await webSockets()
    proxy.faults.set({ status: { from: 101, to: 502 } })
    expect(await hear(proxy).opened).toContain('502')
  })

  test('a frame comes twice', async () => {
    const { proxy, server } = await webSockets()
    proxy.faults.set({ duplicate: 1 })
    const heard = hear(proxy)
    await heard.opened
    const [client] = [...server.clients]
    client!.send('one')
    client!.send('x'.repeat(70_000))
    client!.close(4000)
    expect(await heard.closed).toBe(4000)
    expect(heard.messages.map(({ length }) => length)).toEqual([3, 3, 70_000, 70_000])
  })

  test('a frame that ends in its middle is no message', async () => {
    const { proxy, server } = await webSockets()
    const heard = hear(proxy)
    await heard.opened
    const [client] = [...server.clients]
    client!.send('whole')
    await new Promise((resolve) => heard.socket.once('message', resolve))
    proxy.faults.set({ truncate: { chance: 1, end: 'fin' } })
    client!.send('y'.repeat(1000))
    expect(await heard.closed).toBe(1006)
    expect(heard.messages).toEqual(['whole'])
  })

  test('open, then dead', async () => {
    const { proxy } = await webSockets()
    proxy.faults.set({ endAfterOpen: { ms: 30, end: 'rst' } })
    const heard = hear(proxy)
    expect(await heard.opened).toBe('open')
    expect(await heard.closed).toBe(1006)
    expect(proxy.log.map(({ what }) => what)).toEqual(['connected', 'request', 'proof', 'end-after-open'])
  })
})

describe('units', () => {
  test('cut anywhere, they are the stream again', () => {
    const stream = Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n0\r\n\r\n'),
      Buffer.from('HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'),
      Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'),
      Buffer.from('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
      Buffer.from([129, 2, 65, 66, 129, 126, 0, 3, 67, 68, 69]),
    ])
    for (let size = 1; size < 40; size++) {
      const splitter = createSplitter('response')
      const units = []
      for (let at = 0; at < stream.length; at += size) units.push(...splitter.push(stream.subarray(at, at + size)))
      expect(Buffer.concat(units.map(({ bytes }) => bytes)).equals(stream)).toBe(true)
      expect(units.map(({ kind }) => kind[0]).join('')).toBe('hfrhhfhff')
    }
  })
})

describe('schedule', () => {
  const spec: ScheduleSpec<string> = {
    durationMs: 60_000,
    everyMs: [100, 400],
    faults: [
      { fault: 'often', weight: 3 },
      { fault: 'seldom', weight: 1 },
    ],
  }
  test('the same seed is the same plan, another one another', () => {
    expect(schedule(1, spec)).toEqual(schedule(1, spec))
    expect(schedule(1, spec)).not.toEqual(schedule(2, spec))
  })
  test('keeps to the distances and the weights', () => {
    const planned = schedule(SEED, spec)
    const distances = planned.map(({ atMs }, at) => atMs - (planned[at - 1]?.atMs ?? 0))
    expect(Math.min(...distances)).toBeGreaterThanOrEqual(99)
    expect(Math.max(...distances)).toBeLessThanOrEqual(401)
    const share = planned.filter(({ fault }) => fault === 'often').length / planned.length
    expect(share).toBeGreaterThan(0.6)
    expect(share).toBeLessThan(0.9)
  })
})
