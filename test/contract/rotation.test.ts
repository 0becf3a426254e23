/** Channels, configurations and servers are exchanged under traffic: nothing is lost or repeated, make before break. */
import { describe, expect, test, vi } from 'vitest'
import type { TransportKind } from '../../src/entry/node'
import type { PullServer } from '../../src/entry/testing'
import { type Numbered, cut, numbered, scene } from '../support/follow'
import { TARGETS } from './targets'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 20 })

const RATE = 200
const STORAGE = { historyCount: 5000, batchWindowMs: 50 }

/** Counts how many connections are open at once, every time something is published: polls come and go, pipes must not. */
function watchOpen(server: PullServer): { fewest: number; most: number } {
  const open = { fewest: Infinity, most: 0 }
  server.watch(({ type }) => {
    if (type !== 'published') return
    const count = server.connections().length
    open.fewest = Math.min(open.fewest, count)
    open.most = Math.max(open.most, count)
  })
  return open
}

/** Publishes `count` messages, and between each two lots of `every` something happens. */
async function during(messages: Numbered, count: number, every: number, act: () => void): Promise<void> {
  for (let done = 0; done < count; done += every) {
    if (done > 0) act()
    await messages.run(Math.min(every, count - done), RATE)
  }
}

/** Make before break: there were two for a while, and never none. */
function expectOverlap({ fewest, most }: { fewest: number; most: number }): void {
  expect(fewest).toBe(1)
  expect(most).toBeGreaterThanOrEqual(2)
}

describe.concurrent.each(TARGETS)('$name', ({ server: serverOptions, client, transport, replays }) => {
  const isPipe = transport !== 'long-polling'

  // A token names its channels: a successor needs another token there, as a private channel does below.
  if (serverOptions.version !== 5)
    test('H3, H4: the shared channel is replaced by its successor, again and again', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...STORAGE })
        const follower = await follow(server, { ...client, timeouts: { drainMs: 300 } })
        const messages = numbered(server)
        const open = watchOpen(server)
        if (!replays) {
          // 0.3.4 WebSocket: what reached the new channel before its first listener is gone, and that is said.
          for (let round = 1; round <= 4; round++) {
            server.expireChannel('shared')
            await messages.run(20, RATE)
            await follower.until('the gap', () => follower.gaps.length === round)
          }
          expect(follower.channels).toHaveLength(5)
          return
        }
        await during(messages, 600, 120, () => server.expireChannel('shared'))
        await messages.check(follower)
        expect(follower.channels.map(({ reason }) => reason)).toEqual(['loaded', ...Array(4).fill('changed')])
        expect(follower.configLoadsAtMs).toHaveLength(1)
        if (isPipe) expectOverlap(open)
        expect(follower.counters().lost).toBe(0)
        expect(follower.gaps).toEqual([])
      }))

  test('H3, H4: the private channel is replaced with the next configuration, seconds later', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...STORAGE })
      const follower = await follow(server, { ...client, timeouts: { drainMs: 300 } })
      const messages = numbered(server)
      const open = watchOpen(server)
      await messages.run(100, RATE)
      server.expireChannel('private')
      await messages.run(1100, RATE)
      await follower.until('the next configuration', () => follower.channels.length >= 2)
      const [first = 0, second = 0, ...more] = follower.configLoadsAtMs
      expect(more).toEqual([])
      expect(second - first).toBeGreaterThanOrEqual(4990)
      if (!replays) {
        expect(follower.gaps).toMatchObject([{ certainty: 'suspected', reason: 'no-replay' }])
        return
      }
      await messages.check(follower)
      expect(follower.channels.map(({ reason }) => reason)).toEqual(['loaded', 'changed'])
      if (isPipe) expectOverlap(open)
      expect(follower.counters().lost).toBe(0)
      expect(follower.gaps).toEqual([])
    }))

  if (replays)
    test('H3: a configuration that was on its way meanwhile does not bring the old channel back', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...STORAGE })
        let loads = 0
        let arrive = (): void => {}
        const onItsWay = new Promise<void>((resolve) => (arrive = resolve))
        const config = async (): Promise<object> => {
          const answer = server.config(1)
          if (++loads === 2) await onItsWay
          return answer
        }
        const follower = await follow(server, { ...client, config, timeouts: { drainMs: 300, spreadMs: 1 } })
        const messages = numbered(server)
        server.expireConfig()
        await follower.until('a configuration on its way', () => loads === 2)
        server.expireChannel('shared')
        await messages.run(20, RATE)
        await follower.until('both commands', () => follower.counters().commands >= 2)
        arrive()
        await messages.run(100, RATE)
        await messages.check(follower)
        // A token names its channels: who holds an old one has to ask again.
        const changed = serverOptions.version === 5 ? ['renewed', 'changed'] : ['changed', 'renewed']
        expect(follower.channels.map(({ reason }) => reason)).toEqual(['loaded', ...changed])
        expect(follower.counters().lost).toBe(0)
        expect(follower.gaps).toEqual([])
      }))

  test('F4: both channels end', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...STORAGE, channelTtlMs: 8000 })
      const follower = await follow(server, { ...client, timeouts: { drainMs: 300 } })
      const messages = numbered(server)
      const open = watchOpen(server)
      await messages.run(2000, RATE)
      if (!replays) {
        expect(follower.gaps.length).toBeGreaterThanOrEqual(1)
        return
      }
      await messages.check(follower)
      // Before the end, which brings the same channels; then because the private one ended, or because the shared one did.
      expect(follower.configLoadsAtMs.length).toBeLessThanOrEqual(4)
      expect(follower.channels.map(({ reason }) => reason)).toContain('changed')
      if (isPipe) expect(open.fewest).toBe(1)
      expect(follower.counters().lost).toBe(0)
    }))

  test('H5: the configuration is called back', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...STORAGE })
      const follower = await follow(server, { ...client, timeouts: { spreadMs: 200 } })
      const messages = numbered(server)
      await during(messages, 600, 200, () => server.expireConfig())
      await follower.until('the next configuration', () => follower.channels.length >= 2)
      await messages.check(follower)
      const [first = 0, second = 0, ...more] = follower.configLoadsAtMs
      expect(more).toEqual([])
      expect(second - first).toBeGreaterThanOrEqual(4990)
      expect(follower.channels.map(({ reason }) => reason)).toEqual(['loaded', 'renewed'])
      // The same channels: no reason to open anything.
      expect(follower.client.diagnostics().timeline.filter(({ what }) => what === 'open')).toHaveLength(1)
    }))

  test('H5: a restart is announced', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...STORAGE })
      const follower = await follow(server, { ...client, timeouts: { spreadMs: 600, drainMs: 300 } })
      const messages = numbered(server)
      const open = watchOpen(server)
      await during(messages, 300, 150, () => server.announceRestart())
      await follower.until('the successor', () => follower.counters().opened >= 2)
      await messages.check(follower)
      expect(follower.client.diagnostics().timeline.filter(({ what }) => what === 'open')).toHaveLength(2)
      if (isPipe) expectOverlap(open)
      expect(follower.gaps).toEqual([])
    }))
})

describe.concurrent('P16: channels are exchanged while nobody is connected', () => {
  const asked = TARGETS.filter(({ server }) => server.version !== 5)
  test.each(asked)('$name: what was left in them comes', ({ server: serverOptions, client, transport }) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...STORAGE })
      // One transport alone cannot ask beside itself.
      const { framing } = client
      const transports: TransportKind[] = transport === 'long-polling' ? [transport] : [transport, 'long-polling']
      const follower = await follow(server, {
        ...(framing ? { framing } : {}),
        transports,
        timeouts: { spreadMs: 200 },
      })
      const messages = numbered(server)
      await messages.run(20, RATE)
      await follower.until('the first twenty', () => follower.events.length >= 20)
      const { commands } = follower.counters()
      server.expireConfig()
      await follower.until('the call', () => follower.counters().commands > commands)
      server.faults.set({ upgradeStatus: 502, sse: 502, poll: 502 })
      await cut(server)
      await follower.until('the loss', () => follower.counters().lost > 0)
      for (let at = 0; at < 10; at++) messages.publish()
      server.expireChannel('shared')
      server.expireChannel('private')
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the next configuration', () => follower.channels.length > 1)
      server.faults.clear()
      await messages.check(follower, { order: false, withinMs: 30_000 })
      expect(follower.gaps.filter(({ reason }) => reason === 'channel')).toEqual([])
    }),
  )
})
