/** What only real servers' habits show: messages beside the listener, overflowing stores, links that die in silence. */
import { describe, expect, test, vi } from 'vitest'
import type { FetchLike, TransportKind } from '../../src/entry/node'
import { nodePlatform } from '../../src/platform/node'
import { type Follower, cut, numbered, scene, waitFor } from '../support/follow'

vi.setConfig({ maxConcurrency: 30 })

const QUICK = { batchWindowMs: 20 }
const recoveredBy = (follower: Follower): unknown => follower.statuses.at(-1)?.fact.recovered

describe.concurrent('G3: published after the store was read and before the listener was there', () => {
  const AUTO: TransportKind[] = ['websocket', 'long-polling']
  test.each([
    [3, AUTO],
    [4, AUTO],
    [3, ['websocket']],
    [4, ['websocket']],
    [5, ['websocket']],
  ] as const)('version %i, transports %j', (version, transports) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version, ...QUICK })
      const follower = await follow(server, { transports })
      const messages = numbered(server)
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the first ten', () => follower.events.length >= 10)
      server.faults.set({ listenDelayMs: 400 })
      const { opened } = follower.counters()
      await cut(server)
      // The handshake is answered, the listener is not there yet: what is published now reaches nobody.
      await follower.until('the next connection', () => follower.counters().opened > opened)
      expect(server.connections()).toEqual([])
      for (let at = 0; at < 6; at++) messages.publish()
      await waitFor(() => server.connections().length > 0, 2000)
      server.faults.clear()
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the word about it', () => recoveredBy(follower) !== undefined)
      await messages.check(follower, { order: false })
      expect(recoveredBy(follower)).toBe('complete')
      expect(follower.gaps).toEqual([])
    }),
  )
})

describe.concurrent('G2: more was published during an outage than push-stream keeps', () => {
  test.each(['websocket', 'sse', 'long-polling'] as const)('%s', (transport) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 2, historyCount: 10 })
      const follower = await follow(server, { transport })
      const messages = numbered(server, 'private')
      for (let at = 0; at < 5; at++) messages.publish()
      await follower.until('the first five', () => follower.events.length >= 5)
      server.faults.set({ upgradeStatus: 502, sse: 502, poll: 502 })
      await cut(server)
      for (let at = 0; at < 50; at++) messages.publish()
      server.faults.clear()
      await follower.until('the gap', () => follower.gaps.length > 0)
      expect(follower.gaps).toMatchObject([{ certainty: 'certain', reason: 'overflow', missing: 40 }])
      await follower.until('the word about it', () => recoveredBy(follower) === 'gap')
      await messages.check(follower, { since: 45 })
    }),
  )
})

describe.concurrent('G1: a reconnect ends in one word about what was missed', () => {
  test.each([3, 4] as const)('version %i: a server that lost its store is suspected of a gap', (version) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version, ...QUICK })
      const follower = await follow(server, { transport: 'websocket' })
      const messages = numbered(server)
      await messages.run(40, 20)
      await follower.until('the first forty', () => follower.events.length >= 40)
      server.loseStorage()
      await cut(server)
      await follower.until('the loss', () => follower.counters().lost > 0)
      // Stored under numbers that were given before, and not found from the place reached then.
      for (let at = 0; at < 4; at++) messages.publish()
      await follower.until('the connection', () => server.connections().length > 0)
      messages.publish()
      await follower.until('the gap', () => follower.gaps.length > 0)
      expect(follower.gaps).toMatchObject([{ certainty: 'suspected', reason: 'renumbered' }])
      await follower.until('the word about it', () => recoveredBy(follower) === 'suspected-gap')
      // What tells of the new numbers comes before what was stored under them.
      await messages.check(follower, { order: false })
    }),
  )

  test.each([3, 4] as const)('version %i: numbers that are given again while the connection stands', (version) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version, ...QUICK })
      const follower = await follow(server, { transport: 'websocket' })
      const messages = numbered(server)
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the first ten', () => follower.events.length >= 10)
      server.loseStorage()
      for (let at = 0; at < 10; at++) messages.publish()
      await messages.check(follower)
    }),
  )
})

describe.concurrent('D1: an event stream that dies in silence', () => {
  test.each([1, 2] as const)('version %i: is found in the interval of the server and 5 s', (version) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version, pingIntervalMs: 1200 })
      const { pings, fetch } = pingCounter()
      const follower = await follow(server, { transport: 'sse', platform: { fetch } })
      const messages = numbered(server)
      // The interval has to be seen once before it can be expected.
      await follower.until('two pings', () => pings() >= 2)
      const stalledAtMs = Date.now()
      expect(server.faults.stall({ kind: 'sse' })).toBe(1)
      messages.publish()
      const silent = (): boolean =>
        follower.client.diagnostics().timeline.some((entry) => 'detail' in entry && entry.detail === 'silent')
      await follower.until('the loss', silent)
      expect(Date.now() - stalledAtMs).toBeLessThan(1200 + 5000 + 500)
      await messages.check(follower)
    }),
  )
})

/** Counts the pings of event streams that a client is about to read. */
function pingCounter(): { pings: () => number; fetch: FetchLike } {
  const real = nodePlatform().fetch!
  let pings = 0
  return {
    pings: () => pings,
    async fetch(url, init) {
      const response = await real(url, init)
      const counted = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, out) {
          pings += Buffer.from(chunk).toString().split(': -1').length - 1
          out.enqueue(chunk)
        },
      })
      return new Response(response.body!.pipeThrough(counted), response)
    },
  }
}
