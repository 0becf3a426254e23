import type { ServerResponse } from 'node:http'
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterEach, describe, expect, test } from 'vitest'
import { responseOf } from '../../test/support/chaos/virtual-frames'
import { createBody } from '../../test/support/fake-body'
import {
  type CountingClock,
  type Facts,
  type Loopback,
  SOON,
  createFacts,
  createLoopback,
  transportDeps,
} from '../../test/support/transport-bench'
import { type FakeClock, createFakeClock, promiseJobs } from '../../test/support/fake-platform'
import { createLongPollingTransport } from './long-polling'
import type { FrameOutcome, Transport, TransportDeps } from './transport'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(answer?: Parameters<typeof createLoopback>[0]): Promise<Loopback> {
  const loopback = await createLoopback(answer)
  closing.push(() => loopback.close())
  return loopback
}

function open(facts: Facts, url: string, told: Partial<TransportDeps> = {}): Transport & { deps: TransportDeps } {
  const deps = transportDeps(facts, url, told)
  const transport = createLongPollingTransport(deps)
  closing.push(() => {
    transport.close()
    expect((deps.clock as CountingClock | FakeClock).timers).toBe(0)
  })
  return { ...transport, deps }
}

function write(response: ServerResponse, status: number, body = '', headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end(body)
}

describe('on a real server', () => {
  test('R6: a poll that waits is open, unconfirmed; its answer confirms it and the next one is asked at once', async () => {
    const server = await serve()
    const facts = createFacts()
    const phases: string[] = []
    open(facts, server.url, {
      timeouts: SOON,
      address(phase) {
        phases.push(phase)
        return { url: server.url }
      },
    })
    const first = await server.next()
    await facts.until('opened')
    expect(facts.all).toEqual([['opened', 'long-polling', false]])
    write(first, 200, 'one')
    await server.next()
    expect(facts.all).toEqual([
      ['opened', 'long-polling', false],
      ['opened', 'long-polling', true],
      ['frame', 'one'],
    ])
    expect(phases).toEqual(['first', 'next'])
  })

  test('R1: a body is handed over whole, however it was cut, even inside a character', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url)
    const response = await server.next()
    const bytes = Buffer.from('привет 🙂 "text"')
    response.writeHead(200)
    for (const byte of bytes) await new Promise((resolve) => response.write(Buffer.from([byte]), resolve))
    expect(facts.of('frame')).toEqual([])
    response.end()
    await facts.until('frame')
    expect(facts.of('frame')).toEqual([['frame', 'привет 🙂 "text"']])
  })

  test('R1: an incomplete body is lost, and nothing of it is delivered', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url)
    const response = await server.next()
    response.writeHead(200, { 'Content-Length': '100' })
    await new Promise((resolve) => response.write('#!NGINXNMS!#{"id":1', resolve))
    response.destroy()
    await facts.until('lost')
    expect(facts.of('frame')).toEqual([])
    expect(facts.of('lost')).toEqual([['lost', 'network', null, null]])
  })

  test('R1: what can be read of an incomplete body is handed over as a part, and the poll is lost', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url, { wholeOf: (text) => text.slice(0, text.lastIndexOf('#')) })
    const response = await server.next()
    response.writeHead(200, { 'Content-Length': '100' })
    await new Promise((resolve) => response.write('#один#dva#tr', resolve))
    response.destroy()
    await facts.until('lost')
    expect(facts.all).toEqual([
      ['opened', 'long-polling', true],
      ['frame', '#один#dva', 'part'],
      ['lost', 'network', null, null],
    ])
  })

  test('R1: a large body over a slow line is waited for, as long as something comes', async () => {
    const facts = createFacts()
    const clock = createFakeClock()
    const body = createBody(() => {})
    const response = responseOf(200, {}, body)
    open(facts, 'http://127.0.0.1/', { clock, fetch: () => Promise.resolve(response), wholeOf: (text) => text })
    for (const piece of ['a', 'b', 'c', 'd']) {
      await promiseJobs()
      body.push(piece)
      await promiseJobs()
      await clock.advance(30_000)
    }
    body.end()
    await facts.until('frame')
    expect(facts.of('frame')).toEqual([['frame', 'abcd']])
  })

  test('P11: what was read of a body that the end of the page broke off is not delivered any more', async () => {
    const facts = createFacts()
    const clock = createFakeClock()
    const body = createBody(() => {})
    const response = responseOf(200, {}, body)
    const told = { clock, fetch: () => Promise.resolve(response), wholeOf: (text: string) => text }
    const { close } = open(facts, 'http://127.0.0.1/', told)
    body.push('#one')
    await promiseJobs()
    body.fail(new TypeError('network error'))
    // All that a dying page still runs.
    await promiseJobs()
    expect(facts.all).toEqual([])
    close()
    await clock.advance(1000)
    expect(facts.all).toEqual([])
  })

  test('D2: an answer that another link has brought already says nothing about how long the server holds a poll', async () => {
    const facts = createFacts(() => 'nothing-new')
    const clock = createFakeClock()
    const bodies = [createBody(() => {}), createBody(() => {})]
    let asked = 0
    const fetch = () => Promise.resolve(responseOf(200, {}, bodies[asked++]!))
    open(facts, 'http://127.0.0.1/', { clock, fetch })
    await clock.advance(6000)
    bodies[0]!.push('a repeat')
    bodies[0]!.end()
    await clock.advance(250)
    expect(asked).toBe(2)
    await clock.advance(30_000)
    expect(facts.of('lost')).toEqual([])
    expect(asked).toBe(2)
  })

  test('an empty poll tells where the server stands', async () => {
    const server = await serve()
    const facts = createFacts()
    open(facts, server.url)
    const headers = { 'Last-Message-Id': '', 'Last-Modified': 'Fri, 20 Nov 2026 09:31:06 GMT', Etag: 'W/0' }
    write(await server.next(), 304, '', headers)
    await facts.until('alive')
    expect(facts.of('empty')).toEqual([['empty', '', 'Fri, 20 Nov 2026 09:31:06 GMT']])
  })

  test.each<[number, string, Record<string, string>, string, number | null]>([
    [400, '4010: Wrong Channel Id.', {}, 'bad-channel', null],
    [401, '', {}, 'unauthorized', null],
    [403, '', {}, 'bad-channel', null],
    [404, '', {}, 'not-found', null],
    [429, '4029: Too many connections', { 'Retry-After': '7' }, 'too-many', 7000],
    [500, '', {}, 'server-error', null],
    [502, '<html>', {}, 'server-error', null],
    [503, '', { 'Retry-After': '30' }, 'server-error', 30_000],
    [504, 'at once', {}, 'server-error', null],
  ])('an answer with %i %s is lost, not asked again', async (status, body, headers, reason, retryAfterMs) => {
    const server = await serve()
    const facts = createFacts()
    const transport = open(facts, server.url)
    write(await server.next(), status, body, headers)
    await facts.until('lost')
    expect(facts.all).toEqual([['lost', reason, status, retryAfterMs]])
    expect((transport.deps.clock as CountingClock).timers).toBe(0)
    expect(server.requests).toHaveLength(1)
  })

  test('nobody there is a network loss', async () => {
    const server = await serve()
    await server.close()
    closing.pop()
    const facts = createFacts()
    open(facts, server.url)
    await facts.until('lost')
    expect(facts.all).toEqual([['lost', 'network', null, null]])
  })

  test.each(['while it waits', 'in the middle of a body', 'before the request is out'])(
    'close() %s leaves no socket, no timer, and says nothing more',
    async (moment) => {
      const server = await serve()
      const facts = createFacts()
      const transport = open(facts, server.url)
      if (moment !== 'before the request is out') {
        const response = await server.next()
        const gone = new Promise((resolve) => response.on('close', resolve))
        if (moment === 'in the middle of a body') {
          response.writeHead(200)
          await new Promise((resolve) => response.write('half', resolve))
        }
        transport.close()
        await gone
      }
      transport.close()
      expect((transport.deps.clock as CountingClock).timers).toBe(0)
      await promiseJobs()
      expect(facts.of('lost')).toEqual([])
      expect(facts.of('frame')).toEqual([])
    },
  )

  test('a listener that ends it inside its own frame leaves nothing behind', async () => {
    const server = await serve((response) => write(response, 200, 'one'))
    const holder: { transport?: Transport } = {}
    const facts = createFacts(() => {
      holder.transport?.close()
      return 'news'
    })
    holder.transport = open(facts, server.url)
    await facts.until('frame')
    await promiseJobs()
    expect(server.requests).toHaveLength(1)
    expect(facts.of('lost')).toEqual([])
  })
})

describe('in virtual time', () => {
  interface Script {
    /** Answers in turn; the last one stays. */
    readonly answers: readonly (number | 'hang' | 'fail')[]
    readonly delayMs?: number
    readonly outcome?: FrameOutcome
  }

  function play({ answers, delayMs = 5, outcome = 'nothing-new' }: Script): {
    clock: FakeClock
    facts: Facts
    asked: number[]
  } {
    const clock = createFakeClock()
    const facts = createFacts(() => outcome)
    const asked: number[] = []
    const startedAtMs = clock.now()
    open(facts, 'http://push.example/sub/', {
      clock,
      timeouts: { pollConfirmMs: 700, pollHoldMs: 60_000 },
      fetch: (_, init) =>
        new Promise((resolve, reject) => {
          const answer = answers[Math.min(asked.length, answers.length - 1)]
          asked.push(clock.now() - startedAtMs)
          init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
          if (answer === 'hang' || answer === undefined) return
          clock.after(delayMs, () => {
            if (answer === 'fail') reject(new TypeError('fetch failed'))
            else resolve(new Response(answer === 200 ? 'repeat' : null, { status: answer }))
          })
        }),
    })
    return { clock, facts, asked }
  }

  test('R2: answers that bring nothing new slow the loop down to one in five seconds', async () => {
    const { clock, asked } = play({ answers: [200] })
    await clock.advance(60_000)
    expect(asked.slice(0, 7)).toEqual([0, 255, 760, 1765, 3770, 7775, 12_780])
    expect(asked.length).toBeLessThan(20)
  })
  test('empty answers that come at once do not spin either', async () => {
    for (const status of [304, 204]) {
      const { clock, asked } = play({ answers: [status] })
      await clock.advance(60_000)
      expect(asked.length).toBeLessThan(20)
    }
  })
  test('news are asked on for at once', async () => {
    const { clock, asked } = play({ answers: [200], outcome: 'news', delayMs: 100 })
    await clock.advance(1000)
    expect(asked).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
  })
  test('polls that were held are asked again at once, and forgive what was slowed down', async () => {
    const { clock, asked } = play({ answers: [304], delayMs: 40_000 })
    await clock.advance(120_000)
    expect(asked).toEqual([0, 40_000, 80_000, 120_000])
  })
  test.each([408, 504, 524])(
    'R3: a gateway that loses patience with a waiting poll (%i) is no error',
    async (status) => {
      const { clock, asked, facts } = play({ answers: [status], delayMs: 5000 })
      await clock.advance(11_000)
      expect(asked).toEqual([0, 5000, 10_000])
      expect(facts.of('lost')).toEqual([])
      // It did not come from the push server: nothing is confirmed by it.
      expect(facts.of('opened')).toEqual([['opened', 'long-polling', false]])
      expect(facts.of('empty')).toEqual([])
    },
  )
  test('one poll without any answer is asked again; a second one means that the link is dead', async () => {
    const { clock, asked, facts } = play({ answers: ['hang'] })
    await clock.advance(60_000)
    expect(asked).toEqual([0, 60_000])
    expect(facts.of('lost')).toEqual([])
    await clock.advance(60_000)
    expect(facts.of('lost')).toEqual([['lost', 'timeout', null, null]])
    expect(clock.timers).toBe(0)
    await clock.advance(600_000)
    expect(asked).toHaveLength(2)
  })
  test('D2: an answer after a silent poll forgives it, and says for how long to wait for the next one', async () => {
    const { clock, asked, facts } = play({ answers: ['hang', 304, 'hang', 304, 'hang'], delayMs: 30_000 })
    await clock.advance(200_000)
    expect(asked).toEqual([0, 60_000, 90_000, 125_000, 155_000, 190_000])
    expect(facts.of('lost')).toEqual([])
  })
  test('a failed request is lost at once', async () => {
    const { clock, facts } = play({ answers: ['fail'] })
    await clock.advance(5)
    expect(facts.all).toEqual([['lost', 'network', null, null]])
    expect(clock.timers).toBe(0)
  })
})

test('the request asks no cache, keeps credentials at home and adds no header that would cost a preflight', async () => {
  const asked: Request[] = []
  const server = setupServer(
    http.get('http://push.example/sub/', ({ request }) => {
      asked.push(request)
      return HttpResponse.text('news')
    }),
  )
  server.listen({ onUnhandledRequest: 'bypass' })
  closing.push(() => server.close())
  const inits: RequestInit[] = []
  const ask = (headers?: Record<string, string>): Facts => {
    const facts = createFacts()
    open(facts, '', {
      address: () => ({ url: 'http://push.example/sub/?CHANNEL_ID=a%2Fb', ...(headers ? { headers } : {}) }),
      fetch: (url, init) => {
        inits.push(init ?? {})
        return fetch(url, init)
      },
    })
    return facts
  }
  await ask().until('frame')
  expect(asked[0]?.url).toBe('http://push.example/sub/?CHANNEL_ID=a%2Fb')
  expect(inits[0]).toMatchObject({ cache: 'no-store', credentials: 'same-origin' })
  expect([...new Headers(inits[0]?.headers)]).toEqual([])
  closing.pop()?.()
  await ask({ 'If-Modified-Since': 'Fri, 20 Nov 2026 09:31:06 GMT' }).until('frame')
  expect(asked[asked.length - 1]?.headers.get('If-Modified-Since')).toBe('Fri, 20 Nov 2026 09:31:06 GMT')
})
