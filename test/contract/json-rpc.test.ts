/** Push server 3.0 (version 5): receipts, pings, tokens, batches, and parameters that the client merges itself. */
import { describe, expect, test, vi } from 'vitest'
import { type PullEvent, type WebSocketConstructor, type WebSocketLike, restConfig } from '../../src/entry/node'
import type { PortalMessage, PullServerOptions, RawConfig } from '../../src/entry/testing'
import { nodePlatform } from '../../src/platform/node'
import { signToken } from '../../src/server/jwt'
import { type Follower, cut, numbered, scene } from '../support/follow'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 20 })

const SERVER: PullServerOptions = { version: 5, batchWindowMs: 20 }
/** No two configurations closer than this, less what timers may be early. */
const CONFIG_FLOOR_MS = 4990

function received({ counters }: Follower): number {
  const { events, repeats, commands } = counters()
  return events + repeats + commands
}

describe.concurrent('receipts', () => {
  test('V7: every message is confirmed after its delivery, repeats too', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const follower = await follow(server)
      const messages = numbered(server)
      server.faults.set({ duplicate: 1 })
      for (let at = 0; at < 30; at++) messages.publish()
      await follower.until('30 messages and their repeats', () => received(follower) === 60)
      expect(follower.events).toHaveLength(30)
      await follower.until('60 receipts', () => server.acknowledged().length === 60)
      const ids = follower.events.map(({ id }) => id)
      expect(server.acknowledged()).toEqual(ids.flatMap((id) => [id, id]))
      server.faults.clear()
      await messages.check(follower)
    }))

  test('V7: what a replay brings again is confirmed again', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const follower = await follow(server)
      const messages = numbered(server)
      for (let round = 0; round < 3; round++) {
        for (let at = 0; at < 20; at++) messages.publish()
        const wanted = messages.count
        await follower.until('this round', () => follower.events.length >= wanted)
        // A receipt that is on its way when the connection is cut is lost with it.
        await follower.until('its receipts', () => server.acknowledged().length === received(follower))
        const before = follower.counters().lost
        await cut(server)
        await follower.until('the loss', () => follower.counters().lost > before)
      }
      await follower.until('the connection', () => server.connections().length > 0)
      await messages.check(follower)
      await follower.until('the last receipts', () => server.acknowledged().length === received(follower))
      expect(follower.counters().repeats).toBeGreaterThan(0)
      expect(new Set(server.acknowledged())).toEqual(new Set(follower.events.map(({ id }) => id)))
    }))

  test('V7: a listener that throws does not keep the receipt back', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const follower = await follow(server, { expectErrors: ['listener-threw'] })
      follower.client.on('contract:number', () => {
        throw new Error('no')
      })
      const messages = numbered(server, 'private')
      messages.publish()
      await follower.until('the error', () => follower.errors.length > 0)
      await follower.until('the receipt', () => server.acknowledged().length === 1)
    }))
})

describe.concurrent('signs of life', () => {
  test('V5: a server that pings, and nothing else, keeps the link; its pings are answered', () =>
    scene(async ({ server: start, follow }) => {
      // Two pings without an answer, and the server would end it.
      const server = await start({ ...SERVER, rpcPingIntervalMs: 200 })
      const follower = await follow(server, { timeouts: { silenceMs: 700 } })
      const startedAtMs = Date.now()
      await follower.until('six intervals', () => Date.now() - startedAtMs > 1400)
      expect(follower.counters()).toMatchObject({ lost: 0, opened: 1 })
      expect(server.connections()).toHaveLength(1)
    }))

  test('V5: a server that falls silent is left within silenceMs, and nothing is lost', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...SERVER, rpcPingIntervalMs: 100 })
      const follower = await follow(server, { timeouts: { silenceMs: 600 } })
      const messages = numbered(server)
      messages.publish()
      await follower.until('the first message', () => follower.events.length === 1)
      const silentAtMs = Date.now()
      server.faults.set({ rpcSilent: true })
      await follower.until('the loss', () => follower.counters().lost > 0)
      const foundAfterMs = Date.now() - silentAtMs
      server.faults.clear()
      for (let at = 0; at < 10; at++) messages.publish()
      await messages.check(follower)
      const { timeline } = follower.client.diagnostics()
      expect(timeline.find(({ what }) => what === 'lost')).toMatchObject({ detail: 'silent' })
      console.log(`a silent server was left after ${foundAfterMs} ms`)
      expect(foundAfterMs).toBeGreaterThanOrEqual(490)
      expect(foundAfterMs).toBeLessThan(2000)
    }))

  test('V5: a connection that hangs is left within silenceMs; what it swallowed is fetched again', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...SERVER, rpcPingIntervalMs: 100 })
      const follower = await follow(server, { timeouts: { silenceMs: 600 } })
      const messages = numbered(server)
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the first messages', () => follower.events.length === 10)
      expect(server.faults.stall()).toBe(1)
      const stalledAtMs = Date.now()
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the loss', () => follower.counters().lost > 0)
      const foundAfterMs = Date.now() - stalledAtMs
      await messages.check(follower)
      console.log(`a connection that hangs was left after ${foundAfterMs} ms`)
      expect(foundAfterMs).toBeLessThan(2000)
      expect(follower.gaps).toEqual([])
      // A connection that hangs does not notice that nobody is there any more.
      server.faults.cut()
    }))
})

/** All keys in conflict, each pair, nothing at all, and what PHP writes for an empty array. */
const MERGED: readonly (readonly [
  message: Omit<PortalMessage, 'module_id' | 'command'>,
  ofUser1: object,
  ofUser2: object,
])[] = [
  [
    {
      params: { all: 'params', two: 'params', one: 'params', p: 1 },
      dictionary: { all: 'dictionary', two: 'dictionary', d: 2 },
      user_params: { 1: { all: 'user', u: 3 } },
    },
    { all: 'user', two: 'dictionary', one: 'params', p: 1, d: 2, u: 3 },
    { all: 'dictionary', two: 'dictionary', one: 'params', p: 1, d: 2 },
  ],
  [{ params: { a: 1 }, dictionary: { a: { deep: true } } }, { a: { deep: true } }, { a: { deep: true } }],
  [{ params: { a: { b: 1 } }, user_params: { 1: { a: { c: 2 } }, 2: { a: null } } }, { a: { c: 2 } }, { a: null }],
  [{ params: [], dictionary: { a: 1 } }, { a: 1 }, { a: 1 }],
  [{ user_params: { 2: { mine: 2 } }, params: { n: 1 } }, { n: 1 }, { n: 1, mine: 2 }],
  [{ params: { plain: true } }, { plain: true }, { plain: true }],
]

describe.concurrent('parameters for one and for all', () => {
  test.each([
    ['push server 1.0', { version: 3 }],
    ['push server 2.0', { version: 4 }],
    ['push server 3.0', { version: 5 }],
  ] as const)('V8: %s: user_params win over the dictionary, it wins over the params', (_name, options) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...options, batchWindowMs: 20 })
      const followers = [await follow(server, { userId: 1 }), await follow(server, { userId: 2 })]
      for (const [message] of MERGED) {
        server.publish({ module_id: 'contract', command: 'merged', ...message }, { users: [1, 2] })
      }
      for (const [at, follower] of followers.entries()) {
        await follower.until('all of them', () => follower.events.length >= MERGED.length)
        expect(follower.events.map(({ params }: PullEvent) => params)).toEqual(MERGED.map((each) => each[at + 1]))
      }
    }),
  )
})

describe.concurrent('tokens', () => {
  test.each([
    ['of another portal', (config: RawConfig) => `${config.jwt}x`],
    [
      'that is over',
      (config: RawConfig) => {
        const nowS = Math.floor(Date.now() / 1000)
        const claims = { iss: 'x', iat: nowS - 100, exp: nowS - 1, sub: '1', chan: config.channels.shared.id }
        return signToken(claims, 'test-key')
      },
    ],
  ])('V9: a token %s makes the client ask for another configuration, in its own time', (_name, tokenOf) =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const loadsAtMs: number[] = []
      const follower = await follow(server, {
        connected: false,
        config: () => {
          loadsAtMs.push(Date.now())
          const config = server.config()
          return Promise.resolve(loadsAtMs.length === 1 ? { ...config, jwt: tokenOf(config) } : config)
        },
      })
      const started = follower.client.start()
      const refused = (): number =>
        server.log.filter(({ kind, status }) => kind === 'websocket' && status === 401).length
      await follower.until('the refusal', () => refused() > 0)
      await started
      expect(loadsAtMs).toHaveLength(2)
      expect(loadsAtMs[1]! - loadsAtMs[0]!).toBeGreaterThanOrEqual(CONFIG_FLOOR_MS)
      expect(refused()).toBeLessThanOrEqual(6)
      await numbered(server).check(follower)
    }),
  )

  test('V9: a token is renewed before its end, over the connection that stands, and serves the next one', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...SERVER, configTtlMs: 6500 })
      const follower = await follow(server)
      const messages = numbered(server)
      messages.publish()
      const first = follower.configLoadsAtMs[0]!
      await follower.until('the next token', () => follower.configLoadsAtMs.length === 2)
      await follower.until('the end of the first', () => Date.now() - first > 6600)
      expect(follower.counters()).toMatchObject({ lost: 0, opened: 1 })
      await cut(server)
      await follower.until('the loss', () => follower.counters().lost > 0)
      for (let at = 0; at < 5; at++) messages.publish()
      await messages.check(follower)
      expect(server.log.filter(({ kind, status }) => kind === 'websocket' && status === 401)).toEqual([])
    }))
})

/** Keeps the text that goes up. */
function listening(): { sent: string[]; webSocket: WebSocketConstructor } {
  const sent: string[] = []
  const Real = nodePlatform().webSocket as new (url: string, protocols?: string | string[]) => WebSocketLike
  class Socket extends Real {
    override send(data: string | ArrayBuffer): void {
      if (typeof data === 'string') sent.push(data)
      super.send(data)
    }
  }
  return { sent, webSocket: Socket as WebSocketConstructor }
}

describe.concurrent('requests', () => {
  test('V6: what is asked in one turn is one frame, and every answer finds its question', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const { sent, webSocket } = listening()
      const one = await follow(server, { platform: { webSocket } })
      const two = await follow(server, { userId: 2 })
      const message = (n: number) => ({
        // The tenth is for a channel that is not the portal's.
        to: n === 10 ? { channels: [`${'a'.repeat(32)}.${'b'.repeat(40)}`] } : { users: [2] },
        module: 'contract',
        command: 'number',
        params: { n },
      })
      const outcomes = await Promise.allSettled(Array.from({ length: 50 }, (_, at) => one.client.send(message(at + 1))))
      const refused = outcomes.flatMap(({ status }, at) => (status === 'rejected' ? [at + 1] : []))
      expect(refused).toEqual([10])
      expect(outcomes[9]).toMatchObject({ reason: { code: 'server-refused', facts: { rpcCode: -32602 } } })
      await two.until('the others', () => two.events.length >= 49)
      expect(two.events.map(({ params }) => (params as { n: number }).n)).toEqual(
        Array.from({ length: 50 }, (_, at) => at + 1).filter((n) => n !== 10),
      )
      const frames = sent.filter((frame) => frame.includes('jsonrpc')).map((frame) => JSON.parse(frame) as unknown)
      expect(frames).toHaveLength(1)
      expect(frames[0]).toHaveLength(50)
    }))

  test('V6: different questions at one time', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const one = await follow(server)
      await follow(server, { userId: 2 })
      const { presence } = one.client
      const answers = await Promise.all([
        presence.lastSeen([2]),
        presence.isOnline([2, 99]),
        one.client.send({ to: { users: [2] }, module: 'contract', command: 'x' }),
        presence.lastSeen([1, 2, 99]),
      ])
      expect(answers).toEqual([{ 2: 0 }, { 2: true, 99: false }, { confirmed: true }, { 1: 0, 2: 0 }])
    }))

  test('V6: a request without an answer fails in time, and is not sent again', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const portal = restConfig({ url: server.configUrl })
      const one = await follow(server, { portal, timeouts: { requestMs: 300, silenceMs: 60_000 } })
      server.faults.stall()
      const startedAtMs = Date.now()
      const sent = one.client.send({ to: { users: [1] }, module: 'contract', command: 'x', expiry: 60 })
      await expect(sent).rejects.toMatchObject({ code: 'no-answer' })
      expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(290)
      expect(one.client.status).toBe('connected')
      expect(one.client.diagnostics().queued).toBe(0)
      server.faults.cut()
    }))
})
