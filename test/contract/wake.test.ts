/** A page wakes over connections that died without a word: real sockets, every generation and transport. */
import { describe, expect, test, vi } from 'vitest'
import { numbered, scene } from '../support/follow'
import { createFakePage } from '../support/fake-platform'
import { TARGETS } from './targets'

vi.setConfig({ maxConcurrency: 30 })

const QUICK = { batchWindowMs: 20 }
const RIGHT_WITHIN_MS = 2500

/** 0.3.4 replays nothing over WebSocket: see the rules of gaps. */
const REPLAYING = TARGETS.filter(({ replays }) => replays)

describe.concurrent('W5: a half-open connection is found and replaced when the page wakes', () => {
  test.each(REPLAYING)('$name', ({ server: options, client }) =>
    scene(async ({ server: start, follow }) => {
      const page = createFakePage()
      const server = await start({ ...options, ...QUICK })
      const follower = await follow(server, { ...client, platform: { page } })
      const messages = numbered(server)
      const openings = (): number => follower.client.diagnostics().timeline.filter(({ what }) => what === 'open').length
      for (let at = 0; at < 10; at++) messages.publish()
      await follower.until('the first ten', () => follower.events.length >= 10)
      // A poll is only now and then.
      await follower.until('a connection that listens', () => server.faults.stall() > 0)
      page.signal('hidden')
      for (let at = 0; at < 20; at++) messages.publish()
      page.signal('resume')
      page.signal('visible')
      page.signal('online')
      const wokeAtMs = Date.now()
      const traffic = messages.run(50, 50)
      await follower.until('everything', () => messages.count === 80 && follower.events.length >= 80, 5000)
      // The last one of those that fell into the dead connection.
      expect(follower.events[29]!.receivedAtMs - wokeAtMs).toBeLessThan(RIGHT_WITHIN_MS)
      await traffic
      await messages.check(follower)
      expect(openings()).toBe(2)
      expect(follower.gaps).toEqual([])
      // The server cannot hear that a connection it does not read was closed.
      await follower.stop()
      server.faults.cut()
    }),
  )
})
