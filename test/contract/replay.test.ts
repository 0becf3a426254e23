/** What was published while a client was cut off comes once afterwards; what lies before its start does not. */
import { describe, expect, test, vi } from 'vitest'
import type { PullServer } from '../../src/entry/testing'
import { type FollowOptions, type Follower, cut, numbered, scene, waitFor } from '../support/follow'
import { TARGETS } from './targets'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 26 })

/** Held polls and protocol pings are not what these tests wait for. */
const QUICK = { batchWindowMs: 20 }

/** Waits until the break was noticed, so that what follows is published into the outage. */
async function lost(follower: Follower, before: number): Promise<void> {
  await follower.until('the loss', () => follower.counters().lost > before)
}

describe.concurrent.each(TARGETS)('$name', ({ server: serverOptions, client, transport, replays, isPushStream }) => {
  test('P2, P10: a break after traffic', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const follower = await follow(server, { ...client })
      const messages = numbered(server)
      for (let at = 0; at < 20; at++) messages.publish()
      await follower.until('the first 20', () => follower.events.length >= 20)
      await cut(server)
      await lost(follower, 0)
      for (let at = 0; at < 30; at++) messages.publish()
      await follower.until('the connection', () => server.connections().length > 0)
      if (replays) {
        await messages.check(follower)
        expect(follower.gaps).toEqual([])
        return
      }
      await follower.until('the gap', () => follower.gaps.length > 0)
      await messages.check(follower, { since: 50 })
      expect(follower.gaps).toMatchObject([{ certainty: 'suspected', reason: 'no-replay' }])
    }))

  test('P4: the first break of a page on which nothing had happened', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const follower = await follow(server, { ...client })
      await follower.until('the connection', () => server.connections().length > 0)
      await cut(server)
      await lost(follower, 0)
      const messages = numbered(server)
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the connection', () => server.connections().length > 0)
      if (replays) return messages.check(follower)
      await follower.until('the gap', () => follower.gaps.length > 0)
      expect(follower.gaps).toMatchObject([{ certainty: 'suspected', reason: 'no-replay' }])
    }))

  if (transport === 'long-polling')
    test('P4: an empty poll before the first break', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK, pollHoldMs: 1100 })
        const follower = await follow(server, { ...client })
        const empty = (): number => server.log.filter(({ kind, status }) => kind === transport && status === 304).length
        await follower.until('two empty polls', () => empty() >= 2)
        const messages = numbered(server)
        server.faults.set({ poll: 503 })
        await cut(server)
        await lost(follower, 0)
        for (let at = 0; at < 5; at++) messages.publish()
        server.faults.clear()
        await messages.check(follower)
      }))

  test('P5: what was published before the start is not news', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      server.config()
      const messages = numbered(server)
      for (let at = 0; at < 10; at++) messages.publish()
      // Servers tell whole seconds, and a page knows them by half the duration of one request: what is close to its start
      // may come.
      const second = Math.floor(Date.now() / 1000)
      expect(await waitFor(() => Math.floor(Date.now() / 1000) > second + 1, 3000)).toBe(true)
      const follower = await follow(server, { ...client })
      messages.publish()
      await follower.until('the live one', () => follower.events.length > 0)
      await cut(server)
      await lost(follower, 0)
      messages.publish()
      messages.publish()
      await follower.until('the connection', () => server.connections().length > 0)
      if (replays) return messages.check(follower, { since: 10 })
      await follower.until('the gap', () => follower.gaps.length > 0)
      await messages.check(follower, { since: 13 })
      expect(follower.events.every(({ params }) => (params as { n: number }).n > 10)).toBe(true)
    }))

  if (replays)
    test('P6: a replay that is cut in its middle, again and again', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK })
        const follower = await follow(server, { ...client, backoff: { firstMs: 0, baseMs: 0, capMs: 0 } })
        const messages = numbered(server)
        for (let at = 0; at < 50; at++) messages.publish()
        await follower.until('the first 50', () => follower.events.length >= 50)
        for (let round = 0; round < 4; round++) {
          const { lost: before } = follower.counters()
          await cut(server)
          await lost(follower, before)
          for (let at = 0; at < 200; at++) messages.publish(at < 100 ? 'private' : 'shared')
          const seen = follower.events.length
          // As soon as anything of the replay has come, the next cut follows.
          await follower.until('the replay', () => follower.events.length > seen)
        }
        await messages.check(follower)
      }))

  if (replays)
    test('P8: a replay larger than the window, asked for once more', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK })
        const follower = await follow(server, { ...client, replay: { dedupeWindow: 100 } })
        const messages = numbered(server)
        messages.publish()
        await follower.until('the first', () => follower.events.length > 0)
        const { lost: before } = follower.counters()
        await cut(server)
        await lost(follower, before)
        for (let at = 0; at < 1000; at++) messages.publish()
        await follower.until('the replay', () => follower.events.length > 1000)
        await cut(server)
        await messages.check(follower)
        const { repeats } = follower.counters()
        if (transport !== 'long-polling') expect(repeats).toBeGreaterThan(900)
      }))

  test('a restart that keeps the messages', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const follower = await follow(server, { ...client })
      const messages = numbered(server)
      for (let at = 0; at < 20; at++) messages.publish()
      await follower.until('the first 20', () => follower.events.length >= 20)
      const restarted = server.restart({ keepHistory: true, downMs: 300 })
      for (let at = 0; at < 20; at++) messages.publish()
      await restarted
      for (let at = 0; at < 20; at++) messages.publish()
      await follower.until('the connection', () => server.connections().length > 0)
      if (replays) await messages.check(follower)
      else await follower.until('the gap', () => follower.gaps.length > 0)
      // H6: where only WebSocket may be used, its second refusal in a row may be about the channels.
      expect(follower.configLoadsAtMs.length).toBeLessThanOrEqual(transport === 'websocket' ? 2 : 1)
      expect(follower.gaps).toHaveLength(replays ? 0 : 1)
    }))

  // push-stream forgets its channels with its messages: recovery.test.ts.
  if (!isPushStream)
    test('P7: a restart that numbers its messages anew', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK })
        const follower = await follow(server, { ...client })
        const messages = numbered(server)
        for (let at = 0; at < 20; at++) messages.publish()
        await follower.until('the first 20', () => follower.events.length >= 20)
        const oldPrefix = follower.events[0]!.id!.slice(0, 10)
        const restarted = server.restart({ downMs: 100 })
        await restarted
        for (let at = 0; at < 20; at++) messages.publish()
        await messages.check(follower)
        expect(follower.events.at(-1)!.id!.slice(0, 10)).not.toBe(oldPrefix)
        // And from the new numbers on, a break loses nothing either.
        await cut(server)
        await lost(follower, 1)
        for (let at = 0; at < 20; at++) messages.publish()
        await messages.check(follower)
      }))
})

describe.concurrent('push-stream 0.3.4, websocket beside long-polling', () => {
  const SERVER = { version: 1, historyCount: 5000 } as const
  const AUTO: FollowOptions = {
    transports: ['websocket', 'long-polling'],
    backoff: { firstMs: 0, baseMs: 50, capMs: 200 },
  }
  const pollsOf = ({ log }: PullServer): number => log.filter(({ kind }) => kind === 'long-polling').length

  test('P10: what was missed is fetched by one long poll', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const follower = await follow(server, AUTO)
      expect(follower.client.transport).toBe('websocket')
      const messages = numbered(server)
      for (let at = 0; at < 20; at++) messages.publish()
      await follower.until('the first 20', () => follower.events.length >= 20)
      expect(pollsOf(server)).toBe(0)
      await cut(server)
      await lost(follower, 0)
      for (let at = 0; at < 30; at++) messages.publish()
      await messages.check(follower)
      expect(pollsOf(server)).toBe(1)
      expect(follower.client.transport).toBe('websocket')
      expect(follower.gaps).toEqual([])
    }))

  test('P10: the first break of a page on which nothing had happened', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const follower = await follow(server, AUTO)
      await follower.until('the connection', () => server.connections().length > 0)
      await cut(server)
      await lost(follower, 0)
      const messages = numbered(server)
      for (let at = 0; at < 10; at++) messages.publish()
      await messages.check(follower)
      expect(pollsOf(server)).toBe(1)
      expect(follower.gaps).toEqual([])
    }))

  test('P10: breaks under traffic, one poll for each, nothing lost, repeated or out of order', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const follower = await follow(server, AUTO)
      const messages = numbered(server)
      for (let round = 0; round < 5; round++) {
        await messages.run(60, 200)
        const { lost: before } = follower.counters()
        await cut(server)
        await Promise.all([messages.run(60, 200), lost(follower, before)])
        await follower.until('the connection', () => follower.client.status === 'connected')
      }
      await messages.check(follower)
      expect(follower.gaps).toEqual([])
      // A poll that was cut, or a break before it was answered, costs another one.
      expect(pollsOf(server)).toBeGreaterThanOrEqual(5)
      expect(pollsOf(server)).toBeLessThanOrEqual(follower.counters().opened + 5)
    }))

  test('P10: what comes while the poll is slow is held back: the order stays', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const follower = await follow(server, AUTO)
      const messages = numbered(server)
      for (let at = 0; at < 4; at++) messages.publish()
      await follower.until('the first four', () => follower.events.length >= 4)
      server.faults.set({ slowMs: { 'long-polling': 400 } })
      await cut(server)
      await lost(follower, 0)
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the WebSocket', () => server.connections().some(({ kind }) => kind === 'websocket'))
      for (let at = 0; at < 10; at++) messages.publish()
      await messages.check(follower)
      expect(follower.gaps).toEqual([])
    }))

  test('P10: a poll that is refused leaves a gap, which is told once', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start(SERVER)
      const follower = await follow(server, AUTO)
      const messages = numbered(server)
      for (let at = 0; at < 20; at++) messages.publish()
      await follower.until('the first 20', () => follower.events.length >= 20)
      server.faults.set({ poll: 503 })
      const brokenAtMs = Date.now()
      await cut(server)
      await lost(follower, 0)
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the gap', () => follower.gaps.length > 0)
      expect(follower.gaps).toMatchObject([{ certainty: 'suspected', reason: 'no-replay' }])
      const [{ sinceMs = 0, untilMs = 0 } = {}] = follower.gaps
      expect(sinceMs).toBeLessThanOrEqual(brokenAtMs + 50)
      expect(untilMs).toBeGreaterThanOrEqual(brokenAtMs)
      await messages.check(follower, { since: 30 })
      // The next break is fetched again; what was missed before is in the past.
      server.faults.clear()
      await cut(server)
      await lost(follower, 1)
      const { count } = messages
      for (let at = 0; at < 10; at++) messages.publish()
      await messages.check(follower, { since: count })
      expect(follower.gaps).toHaveLength(1)
      expect(follower.client.transport).toBe('websocket')
    }))
})
