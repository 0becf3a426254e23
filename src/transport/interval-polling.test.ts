import { afterEach, describe, expect, test } from 'vitest'
import { type FakeClock, createFakeClock, promiseJobs } from '../../test/support/fake-platform'
import {
  type CountingClock,
  type Facts,
  createFacts,
  createLoopback,
  transportDeps,
} from '../../test/support/transport-bench'
import { type PollStep, QUIET, createIntervalPollingTransport, nextStep } from './interval-polling'
import type { Transport, TransportDeps } from './transport'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const URL_OF_PORTAL = 'http://portal.example/ajax.php?UPDATE_STATE'
const SESSID = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
const NEXT = 'f9e8d7c6b5a493827160f5e4d3c2b1a0'
const EMPTY = `{'MESSAGE':[],'ERROR':''}`
const MESSAGE = `{'MESSAGE':[{'id':'5','module_id':'im','command':'x','params':[]}],'ERROR':''}`
const COUNTER = `{'MESSAGE':[{'module_id':'main','command':'user_counter','params':[]}],'ERROR':''}`
const BOTH = MESSAGE.replace(`}],`, `},{'module_id':'main','command':'user_counter'}],`)
const sessionError = (sessid: string, code = 'SESSION_ERROR'): string =>
  `{'ERROR':'${code}','BITRIX_SESSID':'${sessid}'}`

type Scripted = string | Response | 'hang' | 'fail'

interface World {
  readonly clock: FakeClock
  readonly facts: Facts
  readonly transport: Transport
  /** Session ids as they were sent, with the time since the start in seconds. */
  readonly sent: [atS: number, sessid: string | null][]
  readonly phases: string[]
}

/** Answers the n-th poll with the n-th answer, and all later ones with the last. */
function world(answers: readonly Scripted[], told: Partial<TransportDeps> = {}, facts = createFacts()): World {
  const clock = createFakeClock()
  const startedAtMs = clock.now()
  const sent: [number, string | null][] = []
  const phases: string[] = []
  const deps = transportDeps(facts, URL_OF_PORTAL, {
    clock,
    address(phase) {
      phases.push(phase)
      return { url: URL_OF_PORTAL, form: { CHANNEL_ID: 'a/b', sessid: SESSID } }
    },
    fetch: (_url, init) => {
      sent.push([(clock.now() - startedAtMs) / 1000, new URLSearchParams(String(init?.body)).get('sessid')])
      const answer = answers[Math.min(sent.length, answers.length) - 1]!
      if (answer === 'fail') return Promise.reject(new TypeError('fetch failed'))
      if (answer !== 'hang') return Promise.resolve(typeof answer === 'string' ? new Response(answer) : answer.clone())
      return new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
      })
    },
    ...told,
  })
  const transport = createIntervalPollingTransport(deps)
  closing.push(() => {
    transport.close()
    expect(clock.timers).toBe(0)
  })
  return { clock, facts, transport, sent, phases }
}

const secondsOf = ({ sent }: World): number[] => sent.map(([atS]) => atS)

describe('how often it asks', () => {
  test.each<[string, string, number[]]>([
    ['nothing new', '...', [60, 60, 60]],
    ['news', 'N......', [10, 20, 20, 20, 20, 60, 60]],
    ['news again and again', 'NNN', [10, 10, 10]],
    ['news in the middle of the short steps', 'N..N.....', [10, 20, 20, 10, 20, 20, 20, 20, 60]],
  ])('%s', (_name, polls, expected) => {
    let step: PollStep = QUIET
    const delays = [...polls].map((poll) => (step = nextStep(step, poll === 'N')).delayMs / 1000)
    expect(delays).toEqual(expected)
  })

  test('at once, and then in steps', async () => {
    const running = world([EMPTY, MESSAGE, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY])
    await running.clock.advance(260_000)
    expect(secondsOf(running)).toEqual([0, 60, 70, 90, 110, 130, 150, 210])
    expect(running.phases).toEqual(['first', ...Array<string>(7).fill('next')])
  })

  test('a counter alone, which old PHP adds to every answer, is no news; beside a message it does not matter', async () => {
    const counters = world([COUNTER])
    await counters.clock.advance(130_000)
    expect(secondsOf(counters)).toEqual([0, 60, 120])
    expect(counters.facts.of('frame')).toHaveLength(3)
    const both = world([BOTH, EMPTY])
    await both.clock.advance(10_000)
    expect(secondsOf(both)).toEqual([0, 10])
  })

  test('a message that came before is no news', async () => {
    const running = world(
      [MESSAGE],
      {},
      createFacts(() => 'nothing-new'),
    )
    await running.clock.advance(130_000)
    expect(secondsOf(running)).toEqual([0, 60, 120])
  })
})

describe('what it tells', () => {
  test('it is open once there was a good answer, and an empty one is a sign of life', async () => {
    const running = world([EMPTY, MESSAGE])
    expect(running.facts.all).toEqual([])
    await running.clock.advance(60_000)
    expect(running.facts.all).toEqual([['opened', 'interval-polling', true], ['alive'], ['frame', MESSAGE]])
  })

  test.each<[string, Scripted, string, number | null]>([
    ['a channel that is none', `{'ERROR':'ERROR_OPEN_CHANNEL'}`, 'bad-channel', null],
    ['a portal without the module', `{'ERROR':'PULL_MODULE_IS_NOT_INSTALLED'}`, 'server-error', null],
    ['an error beside messages', MESSAGE.replace(`'ERROR':''`, `'ERROR':'UNKNOWN_ERROR'`), 'server-error', null],
    ['a login page', '<!doctype html><form>', 'bad-request', null],
    ['nothing', '', 'bad-request', null],
    ['a call in place of data', `alert({'MESSAGE':[],'ERROR':''})`, 'bad-request', null],
    ['a gateway', new Response('<html>', { status: 502 }), 'server-error', 502],
    ['a refusal', new Response('', { status: 401 }), 'unauthorized', 401],
    ['another refusal', new Response('', { status: 403 }), 'bad-channel', 403],
    ['no such endpoint', new Response(EMPTY, { status: 404 }), 'not-found', 404],
    ['no network', 'fail', 'network', null],
  ])('%s is lost', async (_name, answer, reason, code) => {
    for (const before of [[], [EMPTY]]) {
      const { clock, facts, sent } = world([...before, answer])
      await clock.advance(200_000)
      expect(facts.of('lost')).toEqual([['lost', reason, code, null]])
      expect(facts.of('opened')).toHaveLength(before.length)
      expect(sent).toHaveLength(before.length + 1)
      expect(clock.timers).toBe(0)
    }
  })

  test('a limit says how long to wait', async () => {
    const { clock, facts } = world([new Response('', { status: 429, headers: { 'Retry-After': '7' } })])
    await clock.advance(0)
    expect(facts.all).toEqual([['lost', 'too-many', 429, 7000]])
  })

  test('a request without an answer is given up after its time', async () => {
    const { clock, facts } = world(['hang'])
    await clock.advance(59_999)
    expect(facts.all).toEqual([])
    await clock.advance(1)
    expect(facts.all).toEqual([['lost', 'timeout', null, null]])
    expect(clock.timers).toBe(0)
  })

  test('a runtime without fetch is a loss, not an exception', async () => {
    const { clock, facts } = world([], { fetch: null })
    await clock.advance(0)
    expect(facts.all).toEqual([['lost', 'network', null, null]])
  })
})

describe('a refused session id', () => {
  test.each(['SESSION_ERROR', 'AUTHORIZE_ERROR'])(
    '%s is asked again at once with the one that came, which stays',
    async (code) => {
      const running = world([sessionError(NEXT, code), EMPTY])
      await running.clock.advance(60_000)
      expect(running.sent).toEqual([
        [0, SESSID],
        [0, NEXT],
        [60, NEXT],
      ])
      expect(running.facts.of('lost')).toEqual([])
      expect(running.phases).toEqual(['first', 'first', 'next'])
    },
  )

  test('it may come with an HTTP error', async () => {
    const { clock, facts } = world([new Response(sessionError(NEXT), { status: 403 }), EMPTY])
    await clock.advance(0)
    expect(facts.of('opened')).toHaveLength(1)
  })

  test('each poll may renew it once', async () => {
    const third = 'c'.repeat(32)
    const running = world([sessionError(NEXT), EMPTY, sessionError(third), EMPTY])
    await running.clock.advance(120_000)
    expect(running.sent.map(([, sessid]) => sessid)).toEqual([SESSID, NEXT, NEXT, third, third])
  })

  test.each<[string, string[], number]>([
    ['twice', [sessionError(NEXT), sessionError('c'.repeat(32))], 2],
    ['without another one', [sessionError(SESSID)], 1],
    ['with none at all', [`{'ERROR':'AUTHORIZE_ERROR'}`], 1],
  ])('%s is lost', async (_name, answers, requests) => {
    const { clock, facts, sent } = world(answers)
    await clock.advance(100_000)
    expect(facts.all).toEqual([['lost', 'unauthorized', null, null]])
    expect(sent).toHaveLength(requests)
    expect(clock.timers).toBe(0)
  })

  test('a page that has another one by itself is believed', async () => {
    const ids = [SESSID, SESSID, 'd'.repeat(32)]
    let at = 0
    const running = world([sessionError(NEXT), EMPTY], {
      address: () => ({ url: URL_OF_PORTAL, form: { sessid: ids[at++]! } }),
    })
    await running.clock.advance(60_000)
    expect(running.sent.map(([, sessid]) => sessid)).toEqual([SESSID, NEXT, 'd'.repeat(32)])
  })
})

describe('the end', () => {
  test.each(['before the answer', 'between two polls'])(
    'close() %s leaves nothing, and says nothing more',
    async (moment) => {
      const { clock, facts, transport, sent } = world([moment === 'before the answer' ? 'hang' : EMPTY])
      await clock.advance(1000)
      const told = facts.all.length
      transport.close()
      transport.close()
      expect(clock.timers).toBe(0)
      await clock.advance(200_000)
      expect(facts.all).toHaveLength(told)
      expect(sent).toHaveLength(1)
    },
  )

  test.each(['opened', 'frame', 'alive'] as const)(
    'a listener that ends it inside of %s leaves nothing behind',
    async (fact) => {
      const facts = createFacts()
      const holder: { transport?: Transport } = {}
      const sink = {
        ...facts.sink,
        [fact]() {
          holder.transport?.close()
          return 'news'
        },
      }
      const running = world([fact === 'alive' ? EMPTY : MESSAGE], { sink }, facts)
      holder.transport = running.transport
      await running.clock.advance(200_000)
      expect(running.clock.timers).toBe(0)
      expect(running.sent).toHaveLength(1)
      expect(facts.of('lost')).toEqual([])
    },
  )
})

test('a real server gets a form, with cookies of its own origin and past every cache', async () => {
  const bodies: string[] = []
  const server = await createLoopback((response, request) => {
    request.on('data', (part: Buffer) => bodies.push(part.toString()))
    // PHP files saved with a byte order mark print it in front of everything.
    request.on('end', () => response.end(`\ufeff${MESSAGE}\n`))
  })
  closing.push(() => server.close())
  const facts = createFacts()
  const deps = transportDeps(facts, server.url, {
    address: () => ({ url: server.url, form: { CHANNEL_ID: 'a/b', SITE_ID: '', sessid: SESSID } }),
  })
  const transport = createIntervalPollingTransport(deps)
  closing.push(() => {
    transport.close()
    expect((deps.clock as CountingClock).timers).toBe(0)
  })
  await facts.until('frame')
  await promiseJobs()
  const { method, headers } = server.requests[0]!
  expect([method, headers['content-type'], headers['cache-control']]).toEqual([
    'POST',
    'application/x-www-form-urlencoded',
    'no-cache',
  ])
  expect(bodies).toEqual([`CHANNEL_ID=a%2Fb&sessid=${SESSID}`])
})
