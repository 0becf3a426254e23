/** One page after the other in one tab, against every generation over every transport: the next goes on where the last was. */
import { describe, expect, test, vi } from 'vitest'
import type { PullClientOptions, PullEvent } from '../../src/entry/node'
import type { PullServer } from '../../src/entry/testing'
import { createFakePage } from '../support/fake-platform'
import { type Follower, type Scene, numbered, scene } from '../support/follow'
import { TARGETS, type Target } from './targets'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 10 })

interface Visit {
  readonly follower: Follower
  /** The page is gone: with its last word, or without. */
  leave(how: 'leaves' | 'crashes'): Promise<void>
}

/** What a WebSocket of 0.3.4 cannot replay a long poll fetches, where it may. */
function clientOf({ replays, client }: Target): Target['client'] & Pick<PullClientOptions, 'transports'> {
  return replays ? client : { transports: ['websocket', 'long-polling'] }
}

/** A page of the tab that `values` belongs to. */
async function visit(
  follow: Scene['follow'],
  server: PullServer,
  target: Target,
  values: Map<string, string>,
): Promise<Visit> {
  let isAlive = true
  const page = Object.assign(createFakePage(), { isReload: true })
  const tabStorage = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void (isAlive && values.set(key, value)),
    removeItem: (key: string) => void (isAlive && values.delete(key)),
  }
  const follower = await follow(server, { ...clientOf(target), platform: { page, tabStorage } })
  return {
    follower,
    async leave(how) {
      if (how === 'leaves') page.signal('pagehide')
      isAlive = false
      await follower.stop()
    },
  }
}

describe.concurrent.each(TARGETS)('P11: $name', (target) => {
  test('a page that heard much, and one after the other', async () => {
    await scene(async ({ server: start, follow }) => {
      const server = await start(target.server)
      const numbers = numbered(server)
      const values = new Map<string, string>()
      const all: Follower['events'][number][] = []
      let page = await visit(follow, server, target, values)
      let countOld = 0
      for (let loads = 0; loads < 3; loads++) {
        const running = numbers.run(120, 60)
        await page.follower.until('half of it', () => page.follower.events.length > 20)
        await page.leave('leaves')
        all.push(...page.follower.events)
        const left = numbers.count
        await running
        const loadedAtMs = Date.now()
        page = await visit(follow, server, target, values)
        const missed = (): Follower['events'] =>
          page.follower.events.filter(({ params }) => (params as { n: number }).n > left)
        await page.follower.until('what was missed', () => missed().length >= numbers.count - left)
        // But for the last ones: a page knows the server's time by half the duration of one request.
        const isOld = ({ extra }: PullEvent): boolean => Number(extra.server_time_unix) * 1000 < loadedAtMs - 1000
        const old = missed().filter(isOld)
        expect(old.filter(({ replayed }) => !replayed)).toEqual([])
        countOld += old.length
      }
      expect(countOld).toBeGreaterThan(0)
      const { events } = page.follower
      const together = {
        ...page.follower,
        get events() {
          return [...all, ...events]
        },
      }
      await numbers.check(together)
      expect(page.follower.gaps).toEqual([])
    })
  })

  test.each(['leaves', 'crashes'] as const)('a page that heard nothing, and %s', async (how) => {
    await scene(async ({ server: start, follow }) => {
      const server = await start(target.server)
      const numbers = numbered(server)
      // Before the start, by more than the second that server times leave open.
      numbers.publish()
      numbers.publish()
      await new Promise((resolve) => setTimeout(resolve, 2100))
      const values = new Map<string, string>()
      const first = await visit(follow, server, target, values)
      await first.leave(how)
      await numbers.run(20, 1000)
      const second = await visit(follow, server, target, values)
      await numbers.check(second.follower, { since: 2 })
      expect(second.follower.events).toHaveLength(22)
      expect(second.follower.gaps).toEqual([])
    })
  })
})
