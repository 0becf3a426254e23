/** Refused channels, full servers, dead connections, wrong clocks: what a client does about each, and what it must not do. */
import WebSocket from 'ws'
import { describe, expect, test, vi } from 'vitest'
import type { PullServer, RawConfig } from '../../src/entry/testing'
import type { Page, PageSignal } from '../../src/entry/node'
import { type Follower, cut, numbered, scene, waitFor } from '../support/follow'
import { TARGETS } from './targets'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 20 })

const QUICK = { batchWindowMs: 20 }
/** No two configurations closer than this, less what timers may be early. */
const CONFIG_FLOOR_MS = 4990
const DAY_MS = 86_400_000

function expectPaced({ configLoadsAtMs }: Follower): void {
  configLoadsAtMs.slice(1).forEach((atMs, at) => {
    expect(atMs - configLoadsAtMs[at]!).toBeGreaterThanOrEqual(CONFIG_FLOOR_MS)
  })
}

/** The configuration with channels that the server does not know. */
function withForeignChannels(config: RawConfig): RawConfig {
  const foreign = (id: string): string => id.replace(/^[0-9a-f]{8}/, 'ffffffff')
  const { private: own, shared } = config.channels
  return {
    ...config,
    ...(config.jwt !== undefined && { jwt: `${config.jwt}x` }),
    channels: { private: { ...own, id: foreign(own.id) }, shared: { ...shared, id: foreign(shared.id) } },
  }
}

/** A page that says nothing until it is told to. */
function quietPage(): { page: Page; tell(signal: PageSignal): void } {
  const listeners = new Set<(signal: PageSignal) => void>()
  return {
    page: {
      protocol: 'http:',
      href: 'http://portal.example.test/',
      listen(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    tell: (signal) => listeners.forEach((listener) => listener(signal)),
  }
}

describe.concurrent.each(TARGETS)('$name', ({ server: serverOptions, client, transport, replays, isPushStream }) => {
  if (isPushStream)
    test('H6: a restart that forgets the channels is over when the next configuration is there', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK })
        const follower = await follow(server, { ...client })
        const messages = numbered(server)
        for (let at = 0; at < 4; at++) messages.publish()
        await follower.until('live messages', () => follower.events.length >= 4)
        await server.restart({ downMs: 50 })
        const restartedAtMs = Date.now()
        await follower.until('the loss', () => follower.counters().lost > 0)
        // Whoever publishes opens the channels: nobody does.
        await follower.until('the connection', () => follower.client.status === 'connected', 16_000)
        await follower.until('its listener', () => server.connections().length > 0)
        console.log(
          `${serverOptions.version} ${transport}: connected ${Date.now() - restartedAtMs} ms after the restart`,
        )
        // Not before a new configuration, and soon after it.
        const waitedMs = follower.statuses.at(-1)!.atMs - follower.configLoadsAtMs.at(-1)!
        expect(follower.configLoadsAtMs.length).toBeGreaterThan(1)
        expect(waitedMs).toBeLessThan(1000)
        expectPaced(follower)
        await messages.check(follower)
      }))

  test('H6: channels that the server refuses are asked for again, not in a tight loop', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const loadsAtMs: number[] = []
      const follower = await follow(server, {
        ...client,
        connected: false,
        config: () => {
          loadsAtMs.push(Date.now())
          const config = server.config()
          return Promise.resolve(loadsAtMs.length === 1 ? withForeignChannels(config) : config)
        },
      })
      const started = follower.client.start()
      // push-stream lets a WebSocket in before it closes it: connected for a moment.
      await follower.until('other channels', () => loadsAtMs.length > 1, 16_000)
      await follower.until('the connection', () => follower.client.status === 'connected')
      await started
      expect(loadsAtMs).toHaveLength(2)
      expect(loadsAtMs[1]! - loadsAtMs[0]!).toBeGreaterThanOrEqual(CONFIG_FLOOR_MS)
      // Between two loads the refused channels are tried again a few times, with growing pauses.
      expect(server.log.filter(({ kind }) => kind === transport).length).toBeLessThanOrEqual(6)
      await numbered(server).check(follower)
    }))

  if (replays)
    test('P8: messages that come twice are delivered once, late ones too', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK })
        server.faults.set({ duplicate: 0.5, slowMs: 30, seed: 7 })
        const follower = await follow(server, { ...client })
        const messages = numbered(server)
        await messages.run(200, 400)
        await follower.until('the first 200', () => follower.events.length >= 200)
        if (transport !== 'long-polling') expect(follower.counters().repeats).toBeGreaterThan(50)
        await cut(server)
        await messages.run(200, 400)
        await messages.check(follower)
      }))

  if (replays && transport !== 'long-polling')
    test('messages that come in another order are all delivered, once', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK })
        server.faults.set({ reorder: 0.3, seed: 7 })
        const follower = await follow(server, { ...client })
        const messages = numbered(server)
        await messages.run(200, 400)
        await cut(server)
        await messages.run(200, 400)
        await messages.check(follower, { order: false })
      }))

  if (replays)
    test('a connection that died without a word loses nothing once it is noticed', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK, pollHoldMs: 1000 })
        const { page, tell } = quietPage()
        const follower = await follow(server, { ...client, platform: { page }, timeouts: { pollHoldMs: 1500 } })
        const messages = numbered(server)
        await messages.run(60, 100)
        await follower.until('live messages', () => follower.events.length >= 60)
        expect(await waitFor(() => server.faults.stall({ ms: 2500 }) > 0, 2000, 1)).toBe(true)
        await messages.run(60, 100)
        // A poll has a deadline of its own. For the others the page says that something happened to the network.
        if (transport !== 'long-polling') tell('online')
        await messages.check(follower)
      }))

  test.each([
    ['ahead', DAY_MS],
    ['behind', -DAY_MS],
  ])('F4: a local clock that is a day %s', (_, skewMs) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK, clockSkewMs: -skewMs })
      server.config()
      const messages = numbered(server)
      messages.publish()
      messages.publish()
      const second = Math.floor(Date.now() / 1000)
      expect(await waitFor(() => Math.floor(Date.now() / 1000) > second + 1, 3000)).toBe(true)
      const follower = await follow(server, { ...client })
      await cut(server)
      await follower.until('the loss', () => follower.counters().lost > 0)
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the connection', () => server.connections().length > 0)
      if (replays) await messages.check(follower, { since: 2 })
      else await follower.until('the gap', () => follower.gaps.length === 1)
      await follower.until('a message', () => (replays ? true : (messages.publish(), follower.events.length > 0)))
      expect(follower.events.at(-1)!.extra.server_time_ago).toBeLessThan(3)
      expect(Math.abs(follower.client.diagnostics().clockShiftMs! - skewMs)).toBeLessThan(1500)
      expect(follower.configLoadsAtMs).toHaveLength(1)
    }),
  )
})

describe.concurrent('push server 2.0', () => {
  /** Takes all the places there are on the channel of the user. */
  async function crowd(server: PullServer): Promise<() => void> {
    const { channels, server: addresses } = server.config()
    const url = `${addresses.websocket}?CHANNEL_ID=${encodeURIComponent(channels.private.id)}`
    const sockets = Array.from({ length: 100 }, () => new WebSocket(url))
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('open', resolve))))
    return () => sockets.forEach((socket) => socket.terminate())
  }

  test.each([
    ['websocket', 4029],
    ['long-polling', 429],
  ] as const)('B4: on a full channel %s stays away for 15 to 30 s after %i', (transport, code) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4 })
      const follower = await follow(server, { transport })
      await follower.until('the connection', () => server.connections().length > 0)
      const leave = await crowd(server)
      const entries = () => follower.client.diagnostics().timeline
      await follower.until('the eviction', () => entries().some(({ what }) => what === 'lost'))
      expect(entries().find(({ what }) => what === 'lost')).toMatchObject({ code, detail: 'too-many' })
      const wait = entries().find(({ what }) => what === 'wait') as { delayMs: number }
      expect(wait.delayMs).toBeGreaterThanOrEqual(15_000)
      expect(wait.delayMs).toBeLessThanOrEqual(30_000)
      expect(follower.client.status).toBe('reconnecting')
      leave()
    }),
  )
})
