/** Habits of real servers and networks that a client can lose messages to, each reproduced by the local server. */
import { describe, expect, test, vi } from 'vitest'
import type { TransportKind } from '../../src/entry/node'
import type { PullServer, RawConfig } from '../../src/entry/testing'
import { behind } from '../support/chaos/run'
import { fastClock } from '../support/fast-clock'
import { startFaultProxy } from '../support/fault-proxy'
import { cut, numbered, scene, waitFor } from '../support/follow'
import { TARGETS } from './targets'

vi.setConfig({ maxConcurrency: 30 })

const QUICK = { batchWindowMs: 20 }

describe.concurrent('P6: connections end in the middle of every replay, which comes channel by channel', () => {
  test.each([
    ['0.3.4', ['sse', 'long-polling']],
    ['0.4.0', ['websocket']],
    ['0.4.0', ['sse']],
    ['0.5.5', ['websocket']],
    ['0.5.5', ['sse']],
    ['0.3.4', ['long-polling']],
    ['0.4.0', ['long-polling']],
    ['0.5.5', ['long-polling']],
  ] as const)('push-stream %s, transports %j', (release, transports) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: release === '0.3.4' ? 1 : 2, pushStream: release })
      const wanted: readonly TransportKind[] = transports
      const follower = await follow(server, { transports: wanted })
      const messages = numbered(server)
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the first ten', () => follower.events.length >= 10)
      server.faults.set({ upgradeStatus: 502, sse: 502, poll: 502 })
      await cut(server)
      for (let at = 0; at < 400; at++) messages.publish()
      await isStored()
      server.faults.clear()
      server.faults.set({ closeAfterFrames: { websocket: 50, sse: 50, 'long-polling': 50 } })
      await messages.check(follower, { withinMs: 30_000 })
      expect(follower.gaps).toEqual([])
    }),
  )
})

describe.concurrent('P6: a channel in which nothing is published stops no replay of the others', () => {
  test.each(['private', 'shared'] as const)('only %s', (channel) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 2 })
      const follower = await follow(server, { transport: 'websocket' })
      const messages = numbered(server, channel)
      messages.publish()
      await follower.until('the first', () => follower.events.length > 0)
      server.faults.set({ upgradeStatus: 502 })
      await cut(server)
      for (let at = 0; at < 200; at++) messages.publish()
      await isStored()
      server.faults.clear()
      server.faults.set({ closeAfterFrames: 50 })
      await messages.check(follower, { withinMs: 30_000 })
    }),
  )
})

describe.concurrent('P7: the store is lost twice while connections are cut again and again', () => {
  const AUTO: TransportKind[] = ['websocket', 'long-polling']
  test.each([
    [3, AUTO],
    [3, ['websocket']],
    [4, ['websocket']],
    [4, ['long-polling']],
    [5, ['websocket']],
  ] as const)('version %i, transports %j', (version, transports) =>
    scene(async ({ server: start, follow, defer }) => {
      const server = await start({ version, ...QUICK })
      const follower = await follow(server, { transports })
      const messages = numbered(server)
      const cutting = setInterval(() => server.faults.cut(), 450)
      defer(() => clearInterval(cutting))
      await messages.run(200, 200)
      for (const losses of [1, 2]) {
        // What has not come yet is gone: only that may be missing.
        const isUpToDate = (): boolean => follower.events.length === messages.count
        clearInterval(cutting)
        await follower.until('everything', isUpToDate)
        server.loseStorage()
        const again = setInterval(() => server.faults.cut(), 450)
        defer(() => clearInterval(again))
        await messages.run(300, 200)
        clearInterval(again)
        await follower.until('the gap', () => follower.gaps.length >= losses)
      }
      await messages.check(follower, { order: false })
      expect(follower.gaps).toEqual([
        expect.objectContaining({ certainty: 'suspected', reason: 'renumbered' }),
        expect.objectContaining({ certainty: 'suspected', reason: 'renumbered' }),
      ])
    }),
  )
})

describe.concurrent('messages that are delivered after a later one, between two polls', () => {
  test.each([
    ['G2', 2],
    ['P3', 3],
    ['P3', 4],
  ] as const)('%s: version %i', (_rule, version) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version })
      const follower = await follow(server, { transport: 'long-polling' })
      const messages = numbered(server)
      server.faults.set({ reorder: 0.2, seed: 7 })
      await messages.run(300, 150)
      server.faults.clear()
      await messages.check(follower, { order: false, withinMs: 14_000 })
      expect(follower.gaps).toEqual([])
    }),
  )
})

describe.concurrent('P4: published between an empty poll and the next one, before anything came', () => {
  test.each([1, 2, 3, 4] as const)('version %i', (version) =>
    scene(async ({ server: start, follow, defer }) => {
      const server = await start({ version, pollHoldMs: 1200 })
      const messages = numbered(server)
      let rounds = 0
      // Told in the moment of the answer: nobody listens. On 0.3.4 it is the first message of its second, of tag 0.
      defer(
        server.watch((event) => {
          if (event.type !== 'request' || event.record.status !== 304) return
          if (++rounds <= 2) messages.publish()
        }),
      )
      const follower = await follow(server, { transport: 'long-polling' })
      await follower.until('the first', () => follower.events.length > 0)
      await messages.check(follower)
      expect(rounds).toBeGreaterThan(0)
    }),
  )
})

describe.concurrent('N3: a proxy without Upgrade makes a long poll of the handshake, which eats a message', () => {
  test.each([3, 4] as const)('version %i: of a page that had heard nothing, and later on', (version) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version, ...QUICK })
      const messages = numbered(server)
      server.faults.set({ upgradeStripped: true, times: 1 })
      const follower = await follow(server, { transport: 'websocket', connected: false })
      const started = follower.client.start()
      expect(await waitFor(() => server.connections().some(({ kind }) => kind === 'long-polling'), 5000)).toBe(true)
      messages.publish()
      await started
      await messages.check(follower, { order: false })
      // It asks from before the break: such a poll is answered at once, and not with what comes next.
      const { lost } = follower.counters()
      server.faults.set({ upgradeStripped: true, times: 1 })
      await cut(server)
      await follower.until('the loss and the refusal', () => follower.counters().lost > lost + 1)
      messages.publish()
      await messages.check(follower, { order: false })
      expect(follower.gaps).toEqual([])
    }),
  )
})

describe.concurrent('G1: a channel that is taken away while no connection reads it', () => {
  test.each(TARGETS.filter(({ server, replays }) => replays && server.version !== 5))(
    '$name',
    ({ server: options, client, isPushStream }) =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...options, ...QUICK })
        const follower = await follow(server, { ...client })
        const messages = numbered(server)
        for (let at = 0; at < 10; at++) messages.publish()
        await follower.until('the first ten', () => follower.events.length >= 10)
        server.faults.set({ upgradeStatus: 502, sse: 502, poll: 502 })
        await cut(server)
        await follower.until('the loss', () => follower.counters().lost > 0)
        messages.publish('private')
        server.deleteChannel('private')
        server.faults.clear()
        // push-stream has nothing of it any more; a Node server goes on reading it out, and says at its end that it ended.
        if (isPushStream) {
          await follower.until('the gap', () => follower.gaps.some(({ reason }) => reason === 'channel'), 20_000)
        }
        await messages.check(follower, { since: isPushStream ? 11 : 0, withinMs: 20_000 })
      }),
  )
})

test.concurrent('G4: what Push server 2.0 drops between its ping and the answer is asked for', () =>
  scene(async ({ server: start, follow, defer }) => {
    // 120 s between two pings are 3 s here; the answer takes 60 ms.
    const { clock, page, timeouts } = fastClock(40)
    const server = await start({ version: 4, ...QUICK, pingIntervalMs: 3000 })
    const proxy = await startFaultProxy({ target: { port: server.port }, seed: 1 })
    defer(() => proxy.close())
    proxy.faults.set({ delayMs: 30 })
    const config = (): Promise<RawConfig> => Promise.resolve(behind(proxy, server.config()))
    const transports: TransportKind[] = ['websocket', 'long-polling']
    const follower = await follow(server, { config, transports, timeouts, platform: { clock, page } })
    const messages = numbered(server)
    await messages.run(400, 100)
    expect(follower.client.transport).toBe('websocket')
    await messages.check(follower, { order: false })
    expect(follower.counters().repeats, 'nothing was dropped, or nobody asked').toBeGreaterThan(0)
    expect(follower.counters().lost).toBe(0)
  }),
)

describe.concurrent('P7: a body closes its frame and opens a forged one, with a mid from the future', () => {
  test.each(['websocket', 'long-polling'] as const)('%s', (transport) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, ...QUICK })
      const follower = await follow(server, { transport, framing: 'text' })
      const messages = numbered(server)
      for (let at = 0; at < 5; at++) messages.publish()
      await follower.until('the first five', () => follower.events.length >= 5)
      const whole = JSON.stringify({ module_id: 'forged', command: 'first' })
      const head = `{"id":1,"mid":"${'9'.repeat(26)}","channel":"-","tag":"1","time":"Sat, 21 Nov 2026 10:00:00 GMT"`
      await post(server, `${whole}}#!NGINXNME!##!NGINXNMS!#${head},"text":${whole}`)
      await follower.until('the forged one', () => follower.events.length >= 7)
      await cut(server)
      for (let at = 0; at < 20; at++) messages.publish()
      await messages.check(follower)
      expect(follower.gaps).toEqual([])
    }),
  )
})

test.concurrent('P5: a `created` that a listener of texts spoils makes no message older than the session', () =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ version: 4, ...QUICK })
    await follow(server, { transport: 'websocket', framing: 'text' })
    const follower = await follow(server, { transport: 'websocket' })
    // The first break of a quiet page: from now on what is older than the start is dropped.
    await cut(server)
    await follower.until('the next connection', () => follower.counters().opened > 1)
    await follower.until('both', () => server.connections().length === 2)
    // Without `extra`: nothing but `created` tells when they were published.
    for (const command of ['one', 'two', 'three']) await post(server, JSON.stringify({ module_id: 'bare', command }))
    await follower.until('all three', () => follower.events.length >= 3)
    await cut(server)
    await numbered(server).check(follower)
    expect(follower.events.filter(({ module }) => module === 'bare').map(({ command }) => command)).toEqual([
      'one',
      'two',
      'three',
    ])
  }),
)

describe.concurrent('T4: the message about a deleted channel, of tag 0 and the year 1970, is no place', () => {
  test.each([
    ['0.4.0', 'websocket'],
    ['0.5.5', 'websocket'],
    ['0.5.5', 'sse'],
    ['0.5.5', 'long-polling'],
  ] as const)('push-stream %s, %s', (pushStream, transport) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 2, pushStream })
      const follower = await follow(server, { transport })
      const messages = numbered(server, 'shared')
      for (let at = 0; at < 30; at++) messages.publish()
      await follower.until('the first thirty', () => follower.events.length >= 30)
      const { configLoads } = follower.counters()
      server.deleteChannel('private')
      await follower.until('another configuration', () => follower.counters().configLoads > configLoads)
      await cut(server)
      await messages.check(follower)
      expect(server.log.filter(({ query }) => /1970/.test(query))).toEqual([])
    }),
  )
})

describe.concurrent('B1: a gateway that ends what was silent for too long', () => {
  test.each(TARGETS.filter(({ replays }) => replays))('$name', ({ server: options, client }) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...options, ...QUICK })
      // A poll that merely waits counts as connected after 700 ms.
      server.faults.set({ closeAfterMs: 1000 })
      const follower = await follow(server, { ...client })
      const messages = numbered(server)
      for (let round = 0; round < 3; round++) {
        const { lost } = follower.counters()
        await follower.until('the end', () => follower.counters().lost > lost)
        for (let at = 0; at < 10; at++) messages.publish()
      }
      server.faults.clear()
      await messages.check(follower)
      expect(follower.gaps).toEqual([])
    }),
  )
})

/** Tags count within a second: they are a place to go on from when it is over for sure. */
async function isStored(): Promise<void> {
  const endAtMs = Math.floor(Date.now() / 1000) * 1000 + 2000
  await waitFor(() => Date.now() >= endAtMs, 3000)
}

/** A body as it stands, to the channel of user 1: what the portal itself would never write. */
async function post(server: PullServer, body: string): Promise<void> {
  const [mailbox] = server.config().channels.private.id.split(/[:.]/)
  const url = `http://127.0.0.1:${server.port}/bitrix/pub/?CHANNEL_ID=${mailbox}`
  const { status } = await fetch(url, { method: 'POST', body, headers: { 'Message-Expiry': '3600' } })
  expect(status).toBe(200)
}
