import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { type FakeClock, createFakeClock, promiseJobs } from '../../test/support/fake-platform'
import {
  type CountingClock,
  type Facts,
  type Loopback,
  SOON,
  createFacts,
  createLoopback,
  transportDeps,
} from '../../test/support/transport-bench'
import { createEventStreamTransport } from './event-stream'
import type { Transport, TransportDeps } from './transport'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(): Promise<Loopback> {
  const loopback = await createLoopback()
  closing.push(() => loopback.close())
  return loopback
}

function open(facts: Facts, url: string, told: Partial<TransportDeps> = {}): Transport & { deps: TransportDeps } {
  const deps = transportDeps(facts, url, told)
  const transport = createEventStreamTransport(deps)
  closing.push(() => {
    transport.close()
    expect((deps.clock as CountingClock | FakeClock).timers).toBe(0)
  })
  return { ...transport, deps }
}

const STREAM = { 'Content-Type': 'text/event-stream; charset=utf-8' }

function send(response: ServerResponse, piece: string | Uint8Array): Promise<unknown> {
  return new Promise((resolve) => response.write(piece, resolve))
}

describe('a server that speaks event stream', () => {
  test('asks for one, and delivers each event; a comment is a sign of life', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url)
    const response = await server.next()
    expect(server.requests[0]?.headers.accept).toBe('text/event-stream')
    response.writeHead(200, STREAM)
    response.flushHeaders()
    await facts.until('opened')
    // Nothing came but the head: a proxy may have sent that.
    expect(facts.all).toEqual([['opened', 'sse', false]])
    await send(response, ': -1\n\n')
    await facts.until('alive')
    await send(response, 'id: 7\nevent: x\ndata: one\n\ndata: two\r\ndata: lines\r\n\r\n')
    await facts.until('frame', 2)
    expect(facts.all).toEqual([
      ['opened', 'sse', false],
      ['opened', 'sse', true],
      ['alive'],
      ['frame', 'one'],
      ['frame', 'two\nlines'],
    ])
  })

  test('an event is the same however its bytes were cut, even inside a character', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url)
    const response = await server.next()
    response.writeHead(200, STREAM)
    for (const byte of Buffer.from('data: привет 🙂\r\n\r\ndata: x\n\n')) await send(response, Buffer.from([byte]))
    await facts.until('frame', 2)
    expect(facts.of('frame')).toEqual([
      ['frame', 'привет 🙂'],
      ['frame', 'x'],
    ])
  })

  test('a byte order mark in front is no part of the first line', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url)
    const response = await server.next()
    response.writeHead(200, STREAM)
    await send(response, Buffer.from([0xef, 0xbb]))
    await send(response, Buffer.concat([Buffer.from([0xbf]), Buffer.from('data: one\n\n')]))
    await facts.until('frame')
    expect(facts.of('frame')).toEqual([['frame', 'one']])
  })

  test('an event without an end is given up before it fills the memory', async () => {
    const facts = createFacts()
    const piece = new TextEncoder().encode('x'.repeat(4 << 20))
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => stream.enqueue(new TextEncoder().encode('data: ')),
      pull(stream) {
        sent++
        stream.enqueue(piece)
      },
    })
    open(facts, 'http://push.example/', { fetch: () => Promise.resolve(new Response(body, { headers: STREAM })) })
    await facts.until('lost')
    expect(facts.all.slice(-1)).toEqual([['lost', 'network', null, null]])
    expect(sent).toBeLessThan(12)
  })

  test('its end is a drop, and half an event is not delivered', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url)
    const response = await server.next()
    response.writeHead(200, STREAM)
    await send(response, 'data: whole\n\ndata: ha')
    await facts.until('frame')
    response.end()
    await facts.until('lost')
    expect(facts.of('frame')).toEqual([['frame', 'whole']])
    expect(facts.of('lost')).toEqual([['lost', 'dropped', null, null]])
  })

  test('a reset in the middle is a network loss', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url)
    const response = await server.next()
    response.writeHead(200, STREAM)
    await send(response, 'data: whole\n\n')
    await facts.until('frame')
    response.destroy()
    await facts.until('lost')
    expect(facts.of('lost')).toEqual([['lost', 'network', null, null]])
  })

  test('it is no long poll any more once the head says so', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url, { mayBecomeLongPoll: true, timeouts: SOON })
    const response = await server.next()
    await facts.until('opened')
    response.writeHead(200, STREAM)
    await send(response, ': \n\n')
    await facts.until('alive')
    expect(facts.of('opened')).toEqual([
      ['opened', 'long-polling', false],
      ['opened', 'sse', false],
      ['opened', 'sse', true],
    ])
  })
})

describe('R4: a server that answers with a long poll', () => {
  test('the answer is the first long poll: its message is delivered, and polls go on', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url, { mayBecomeLongPoll: true })
    const response = await server.next()
    response.writeHead(200, { 'Content-Type': 'text/plain' })
    await send(response, 'one ')
    response.end('message')
    await facts.until('frame')
    await server.next()
    expect(facts.all).toEqual([
      ['opened', 'long-polling', true],
      ['frame', 'one message'],
    ])
    expect(server.requests.map(({ headers }) => headers.accept)).toEqual(['text/event-stream', '*/*'])
  })

  test('an empty answer too, with what it says about the place', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url, { mayBecomeLongPoll: true, timeouts: SOON })
    const response = await server.next()
    await facts.until('opened')
    response.writeHead(304, { 'Last-Message-Id': '17951676910000000000000466' }).end()
    await facts.until('empty')
    await server.next()
    expect(facts.of('empty')).toEqual([['empty', '17951676910000000000000466', null]])
    expect(facts.of('opened')).toEqual([
      ['opened', 'long-polling', false],
      ['opened', 'long-polling', true],
    ])
  })

  test.each([200, 304])('where it may not become one (%i) it is no event stream', async (status) => {
    const server = await serve()
    const facts = createFacts()
    const transport = open(facts, server.url)
    const response = await server.next()
    response.writeHead(status, { 'Content-Type': 'text/plain' }).end(status === 200 ? 'message' : '')
    await facts.until('lost')
    expect(facts.all).toEqual([['lost', 'not-event-stream', status, null]])
    expect((transport.deps.clock as CountingClock).timers).toBe(0)
  })
})

describe('refusals', () => {
  test.each<[number, string, Record<string, string>, string, number | null]>([
    [400, '4010: Wrong Channel Id.', {}, 'bad-channel', null],
    [403, '', {}, 'bad-channel', null],
    [404, '', {}, 'not-found', null],
    [429, '', { 'Retry-After': '3' }, 'too-many', 3000],
    [502, '<html>', STREAM, 'server-error', null],
  ])('%i %s is lost with its reason', async (status, body, headers, reason, retryAfterMs) => {
    for (const mayBecomeLongPoll of [true, false]) {
      const server = await serve()
      const facts = createFacts()
      open(facts, server.url, { mayBecomeLongPoll })
      const response = await server.next()
      response.writeHead(status, headers).end(body)
      await facts.until('lost')
      expect(facts.all).toEqual([['lost', reason, status, retryAfterMs]])
    }
  })

  test('a refusal whose body never comes is a refusal all the same', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url, { mayBecomeLongPoll: true, timeouts: SOON })
    const response = await server.next()
    response.writeHead(502, { 'Content-Length': '100' })
    response.flushHeaders()
    await facts.until('lost')
    expect(facts.of('lost')).toEqual([['lost', 'server-error', 502, null]])
  })

  test('a runtime without fetch is a loss, not an exception', async () => {
    const facts = createFacts()
    open(facts, 'http://push.example/', { fetch: null })
    await facts.until('lost')
    expect(facts.all).toEqual([['lost', 'network', null, null]])
  })
})

describe('silence at a long-poll address', () => {
  function silent(): { clock: FakeClock; facts: Facts; transport: Transport } {
    const clock = createFakeClock()
    const facts = createFacts()
    const transport = open(facts, 'http://push.example/', {
      clock,
      mayBecomeLongPoll: true,
      timeouts: { pollConfirmMs: 700, pollHoldMs: 60_000 },
      fetch: (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
        }),
    })
    return { clock, facts, transport }
  }

  test('R6: is what a waiting poll looks like: open, unconfirmed, and given up after the time a poll may take', async () => {
    const { clock, facts } = silent()
    await clock.advance(699)
    expect(facts.all).toEqual([])
    await clock.advance(1)
    expect(facts.all).toEqual([['opened', 'long-polling', false]])
    await clock.advance(59_299)
    expect(facts.of('lost')).toEqual([])
    await clock.advance(1)
    expect(facts.of('lost')).toEqual([['lost', 'timeout', null, null]])
    expect(clock.timers).toBe(0)
  })

  test('a listener that ends it when it is told of the opening leaves no timer', async () => {
    const clock = createFakeClock()
    const facts = createFacts()
    const holder: { transport?: Transport } = {}
    const sink = { ...facts.sink, opened: () => holder.transport?.close() }
    holder.transport = open(facts, 'http://push.example/', {
      clock,
      sink,
      timeouts: SOON,
      mayBecomeLongPoll: true,
      fetch: () => new Promise(() => {}),
    })
    await clock.advance(1000)
    expect(clock.timers).toBe(0)
  })
})

test.each(['before the head', 'after the head', 'in the middle of an event', 'as a long poll'])(
  'close() %s leaves no socket, no timer, and says nothing more',
  async (moment) => {
    const server = await serve()
    const facts = createFacts()
    const transport = open(facts, server.url, { mayBecomeLongPoll: moment === 'as a long poll' })
    const response = await server.next()
    const gone = new Promise((resolve) => response.on('close', resolve))
    if (moment === 'as a long poll') {
      response.writeHead(200, { 'Content-Type': 'text/plain' })
      await send(response, 'half')
    } else if (moment !== 'before the head') {
      response.writeHead(200, STREAM)
      response.flushHeaders()
      await facts.until('opened')
      if (moment === 'in the middle of an event') {
        await send(response, 'data: one\n\ndata: tw')
        await facts.until('frame')
      }
    }
    transport.close()
    transport.close()
    await gone
    await promiseJobs()
    expect((transport.deps.clock as CountingClock).timers).toBe(0)
    expect(facts.of('lost')).toEqual([])
  },
)
