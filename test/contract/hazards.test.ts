/** Habits of real servers and networks that a client can lose messages to, each reproduced by the local server. */
import { describe, expect, test, vi } from 'vitest'
import type { TransportKind } from '../../src/entry/node'
import { cut, numbered, scene } from '../support/follow'

vi.setConfig({ maxConcurrency: 30 })

const QUICK = { batchWindowMs: 20 }

describe.concurrent('P6: connections end in the middle of every replay, which comes channel by channel', () => {
  test.each([
    ['0.3.4', ['sse', 'long-polling']],
    ['0.4.0', ['websocket']],
    ['0.4.0', ['sse']],
    ['0.5.5', ['websocket']],
    ['0.5.5', ['sse']],
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
      server.faults.clear()
      server.faults.set({ closeAfterFrames: { websocket: 50, sse: 50 } })
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
