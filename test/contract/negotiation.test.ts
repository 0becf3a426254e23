/** Left to itself, a client finds what works, soon, and goes back to what is better without losing a message. */
import { describe, expect, test, vi } from 'vitest'
import { numbered, scene } from '../support/follow'
import { GENERATIONS } from './targets'

vi.setConfig({ maxConcurrency: 10 })

/** Version 5 has one transport: there is nothing to choose. */
const CHOOSING = GENERATIONS.filter(({ server }) => server.version !== 5)

describe.concurrent.each(CHOOSING)('$name', ({ server: serverOptions }) => {
  const hasEventStream = serverOptions.version === 1 || serverOptions.version === 2
  const second = hasEventStream ? 'sse' : 'long-polling'

  test('N1: WebSocket is the first choice', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions })
      const follower = await follow(server)
      expect(follower.client.transport).toBe('websocket')
      expect(server.log.map(({ kind }) => kind)).toEqual(['websocket'])
    }))

  test.each([400, 502])(`N1: refused with %i, ${second} carries the traffic within a second`, (status) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions })
      server.faults.set({ upgradeStatus: status })
      const follower = await follow(server)
      const refusedAtMs = server.log.find(({ kind }) => kind === 'websocket')!.atMs
      const connected = follower.statuses.find(({ fact }) => fact.status === 'connected')!
      expect(connected.atMs - refusedAtMs).toBeLessThan(1000)
      expect(connected.fact).toMatchObject({ transport: second, skipped: { websocket: `refused-${status}` } })
      await numbered(server).check(follower)
    }),
  )

  test(`N1: a handshake that hangs: ${second} within 4 s`, () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions })
      server.faults.set({ upgradeHang: true })
      const startedAtMs = Date.now()
      const follower = await follow(server)
      expect(Date.now() - startedAtMs).toBeLessThan(4000)
      expect(follower.client.transport).toBe(second)
      await numbered(server).check(follower)
    }))

  if (hasEventStream)
    test.each(['hang', 'buffer'] as const)(
      'R5: an event stream that stays silent (%s): long polling within 12 s',
      (fault) =>
        scene(async ({ server: start, follow }) => {
          const server = await start({ ...serverOptions })
          server.faults.set({ upgradeStatus: 502, sse: fault })
          const startedAtMs = Date.now()
          const follower = await follow(server)
          expect(Date.now() - startedAtMs).toBeLessThan(12_000)
          expect(follower.client.transport).toBe('long-polling')
          await numbered(server).check(follower)
        }),
    )

  test('N5: back to WebSocket once it works again, without losing or repeating anything', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, batchWindowMs: 50, historyCount: 5000 })
      server.faults.set({ upgradeStatus: 502 })
      const follower = await follow(server, { timeouts: { probeFirstMs: 700, drainMs: 300 } })
      expect(follower.client.transport).toBe(second)
      const messages = numbered(server)
      await messages.run(200, 100)
      expect(follower.client.transport).toBe(second)
      server.faults.clear()
      await messages.run(300, 100)
      await follower.until('WebSocket', () => follower.client.transport === 'websocket')
      await messages.run(50, 100)
      await messages.check(follower)
      expect(follower.gaps).toEqual([])
      // Nothing but the handshakes that were refused until then: at the start and by the probes.
      const refused = server.log.filter(({ status }) => status === 502).length
      expect(refused).toBeGreaterThanOrEqual(2)
      expect(follower.counters().lost).toBe(refused)
    }))

  // The WebSocket of 0.3.4 replays nothing.
  if (serverOptions.version !== 1)
    test('N2: down to long polling and back while everything is being cut', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, batchWindowMs: 50, historyCount: 5000 })
        const follower = await follow(server, { timeouts: { probeFirstMs: 500, drainMs: 300 } })
        const messages = numbered(server)
        await messages.run(100, 100)
        server.faults.set({ upgradeStatus: 502, sse: 502 })
        server.faults.cut()
        await messages.run(200, 100)
        await follower.until('long polling', () => follower.client.transport === 'long-polling')
        server.faults.clear()
        await messages.run(200, 100)
        await follower.until('WebSocket', () => follower.client.transport === 'websocket')
        server.faults.cut()
        await messages.run(100, 100)
        await messages.check(follower)
        expect(follower.gaps).toEqual([])
      }))
})
