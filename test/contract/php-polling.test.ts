/** Portals without a queue server (version 0): the client polls the PHP endpoint, on a clock that runs faster. */
import { describe, expect, test, vi } from 'vitest'
import { type Clock, type PullClientOptions, phpConfig, restConfig } from '../../src/entry/node'
import type { PullServer } from '../../src/entry/testing'
import { fastClock } from '../support/fast-clock'
import { type Follower, scene } from '../support/follow'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 20 })

const SESSID = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
const PHP = '/bitrix/components/bitrix/pull.request/ajax.php'

const SOURCES: readonly (readonly [name: string, (server: PullServer) => PullClientOptions['config']])[] = [
  ['phpConfig', (server) => phpConfig({ url: `${server.url}${PHP}` })],
  ['restConfig', (server) => restConfig({ url: server.configUrl })],
  ['a configuration', (server) => server.config()],
]

const polls = ({ log }: PullServer) => log.filter(({ call }) => call === 'PULL_UPDATE_STATE')

/** PHP prints every number as a text. */
const numbersOf = ({ events }: Follower, channel?: string): number[] =>
  events
    .map(({ params }) => params as { n: string; channel: string })
    .filter((params) => channel === undefined || params.channel === channel)
    .map(({ n }) => Number(n))
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at)

function publish(server: PullServer, from: number, to: number): void {
  for (const n of range(from, to)) {
    const channel = n % 2 === 0 ? 'shared' : 'private'
    const message = { module_id: 'contract', command: 'number', params: { n, channel } }
    server.publish(message, channel === 'shared' ? { shared: true } : { users: [1] })
  }
}

async function expectExactly(follower: Follower, server: PullServer, count: number): Promise<void> {
  await follower.until(`${count} messages`, () => follower.events.length >= count)
  // The next polls bring nothing again.
  const before = polls(server).length
  await follower.until('two more polls', () => polls(server).length >= before + 2)
  expect(numbersOf(follower).sort((a, b) => a - b)).toEqual(range(1, count))
  for (const channel of ['private', 'shared']) {
    const got = numbersOf(follower, channel)
    expect(got).toEqual([...got].sort((a, b) => a - b))
  }
}

describe.concurrent.each(SOURCES)('%s', (_name, configOf) => {
  test('V10: joins by itself, and brings both channels in order, each message once', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 0 })
      const { clock, page, timeouts } = fastClock(200)
      const follower = await follow(server, { config: configOf(server), platform: { clock, page }, timeouts })
      expect(follower.client.transport).toBe('interval-polling')
      publish(server, 1, 20)
      await follower.until('the first 20', () => follower.events.length === 20)
      publish(server, 21, 50)
      server.publish({ module_id: 'contract', command: 'foreign' }, { users: [2] })
      await expectExactly(follower, server, 50)
      expect(follower.gaps).toEqual([])
      expect(follower.counters()).toMatchObject({ lost: 0, bad: 0 })
    }))

  test('V10: what comes during an outage is fetched after it', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 0 })
      const { clock, page, timeouts } = fastClock(200)
      const follower = await follow(server, { config: configOf(server), platform: { clock, page }, timeouts })
      publish(server, 1, 10)
      await follower.until('the first ten', () => follower.events.length === 10)
      server.faults.set({ rest: { method: 'PULL_UPDATE_STATE', status: 503 } })
      await follower.until('the loss', () => follower.counters().lost > 0)
      publish(server, 11, 30)
      server.faults.clear()
      await follower.until('the rest', () => follower.events.length === 30)
      const { lost } = follower.counters()
      await Promise.all([
        server.restart({ downMs: 300 }),
        follower.until('the next loss', () => follower.counters().lost > lost),
      ])
      publish(server, 31, 40)
      await expectExactly(follower, server, 40)
      expect(follower.gaps).toEqual([])
    }))

  test('V10: odd texts and 200 KB arrive as published; what is no message is counted', () =>
    scene(async ({ server: start, follow }) => {
      const texts = [
        'Привет, мир! Ёжик 👩‍👩‍👧‍👦 𝄞',
        `it's "so" </script> <!-- \\ \\u0041 'a'+'b'`,
        'line\nparagraph\ttab',
        '',
        '   \u00a0  ',
        '#!NGINXNMS!#{"id":1}#!NGINXNME!#',
        'Пуш-0123456789-✓ '.repeat(9310),
      ]
      const server = await start({ version: 0 })
      const { clock, page, timeouts } = fastClock(200)
      const follower = await follow(server, {
        config: configOf(server),
        platform: { clock, page },
        timeouts,
        expectErrors: ['bad-frame'],
      })
      for (const text of texts) {
        server.publish({ module_id: 'Contract', command: 'text', params: { text, '0': [{ deep: text.length }] } })
        server.publishRaw('no message')
      }
      // PHP itself makes other white space of these.
      server.publish({ module_id: 'contract', command: 'text', params: { text: 'a\u2028b\u2029c\rd\r\ne' } })
      await follower.until('all of them', () => follower.events.length > texts.length)
      expect(follower.events.map(({ params }) => (params as { text: string }).text)).toEqual([...texts, 'a\nb c\nd\ne'])
      expect(follower.events[0]).toMatchObject({ module: 'contract', command: 'text' })
      expect(follower.counters().bad).toBe(texts.length)
      expect(follower.client.status).toBe('connected')
    }))

  test('V11: a session that ends costs one repetition, no message and no connection', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 0, sessid: SESSID })
      const { clock, page, timeouts } = fastClock(200)
      const follower = await follow(server, { config: configOf(server), platform: { clock, page }, timeouts })
      publish(server, 1, 10)
      await follower.until('the first ten', () => follower.events.length === 10)
      const ids = [...'abc'].map((letter) => letter.repeat(32))
      for (const [at, sessid] of ids.entries()) {
        server.faults.set({ sessid })
        publish(server, 11 + at * 10, 20 + at * 10)
        await follower.until('the next ten', () => follower.events.length === 20 + at * 10)
      }
      await expectExactly(follower, server, 40)
      expect(follower.counters().lost).toBe(0)
      expect(follower.client.status).toBe('connected')
      const told = JSON.stringify(follower.client.diagnostics())
      for (const secret of [SESSID, ...ids]) expect(told).not.toContain(secret)
    }))
})

describe.concurrent('the pace', () => {
  const STEPS: readonly number[] = [60_000, 10_000, 20_000]

  /** Keeps the pauses that the client makes between polls. */
  function observed(clock: Clock): { clock: Clock; pauses: number[] } {
    const pauses: number[] = []
    return {
      pauses,
      clock: {
        ...clock,
        setTimeout(run, delayMs) {
          if (STEPS.includes(delayMs)) pauses.push(delayMs)
          return clock.setTimeout(run, delayMs)
        },
      },
    }
  }

  test.each([
    ['', undefined],
    [', with counters in every answer', { '**': 3 }],
  ])('V12: 60 s; after news 10 s, four times 20 s, and 60 s again%s', (_name, counters) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 0, ...(counters && { counters }) })
      const fast = fastClock(200)
      const { clock, pauses } = observed(fast.clock)
      const follower = await follow(server, { platform: { clock, page: fast.page }, timeouts: fast.timeouts })
      await follower.until('two quiet steps', () => pauses.length === 2)
      publish(server, 1, 1)
      await follower.until('quiet again', () => pauses.length === 9)
      expect(pauses).toEqual([60_000, 60_000, 10_000, 20_000, 20_000, 20_000, 20_000, 60_000, 60_000])
      publish(server, 2, 2)
      await follower.until('news', () => pauses.length === 11)
      publish(server, 3, 3)
      await follower.until('news within the short steps', () => pauses.length === 12)
      expect(pauses.slice(9)).toEqual([10_000, 20_000, 10_000])
      expect(numbersOf(follower).filter(Number.isFinite)).toEqual([1, 2, 3])
      // And the polls reach the portal no faster: timers are never early, requests may be late.
      const atMs = polls(server).map((record) => record.atMs)
      expect(fast.told(atMs.at(-1)! - atMs[0]!)).toBeGreaterThanOrEqual(300_000)
    }),
  )
})

test.concurrent('V10: where there is a queue server, it is used and nothing is polled', () =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ version: 2 })
    const follower = await follow(server, { config: phpConfig({ url: `${server.url}${PHP}` }) })
    expect(follower.client.transport).toBe('websocket')
    publish(server, 1, 4)
    await follower.until('four messages', () => follower.events.length === 4)
    expect(polls(server)).toEqual([])
  }),
)

test.concurrent('V10: messages cannot be sent, and that is said at once', () =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ version: 0 })
    const follower = await follow(server)
    const sent = follower.client.send({ to: { users: [2] }, module: 'contract', command: 'x' })
    await expect(sent).rejects.toMatchObject({ code: 'not-supported' })
  }),
)
