/** Ten thousand messages over two channels: none lost, none twice, in order per channel; steady, and cut all the time. */
import { describe, expect, test, vi } from 'vitest'
import { cut, numbered, scene, seeded } from '../support/follow'
import { TARGETS } from './targets'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 6 })

const COUNT = 10_000
const STORAGE = { historyCount: COUNT + 100 }
const SEED = Number(process.env['BX_PULL_SEED'] ?? Date.now() % 1_000_000)
/** Messages a second while connections are cut. One run takes COUNT divided by this. */
const RATE = 600

describe.concurrent.each(TARGETS)('$name', ({ server: serverOptions, client, transport, replays, isPushStream }) => {
  test('P9: 10 000 messages, steady', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...STORAGE, batchWindowMs: 50 })
      const follower = await follow(server, { ...client })
      const messages = numbered(server)
      await messages.run(COUNT, 5000)
      await messages.check(follower, { withinMs: 20_000 })
      expect(follower.gaps).toEqual([])
      expect(follower.counters().lost).toBe(0)
    }))

  if (replays)
    test(
      `P2, P6, P9: 10 000 messages at ${RATE}/s, cut every 200-400 ms, seed ${SEED}`,
      () =>
        scene(async ({ server: start, follow, defer }) => {
          const chance = seeded(SEED)
          const server = await start({ ...serverOptions, ...STORAGE, ...(isPushStream ? {} : { batchWindowMs: 50 }) })
          const follower = await follow(server, { ...client, backoff: { firstMs: 100, baseMs: 100, capMs: 300 } })
          const messages = numbered(server)
          let cuts = 0
          let timer: NodeJS.Timeout | null = null
          // Under traffic polls are answered at once and seldom found waiting: every socket ends, answers on their way too.
          const cutAll = async (): Promise<number> => {
            if (transport !== 'long-polling') return cut(server)
            await server.restart({ keepHistory: true })
            return 1
          }
          const cutLater = (): void => {
            timer = setTimeout(
              () => void cutAll().then((count) => ((cuts += count), timer && cutLater())),
              200 + 200 * chance(),
            )
          }
          const stopCutting = (): void => {
            if (timer) clearTimeout(timer)
            timer = null
          }
          defer(stopCutting)
          cutLater()
          await messages.run(COUNT, RATE)
          // A slow machine is slow to connect again, and what does not stand cannot be cut.
          while (cuts <= COUNT / RATE) await messages.run(10, 20)
          stopCutting()
          // A slow machine is cut before it has read anything: six such connections, and the next one is a minute away (B9).
          await messages.check(follower, { withinMs: 75_000 })
          expect(cuts).toBeGreaterThan(COUNT / RATE)
          expect(follower.gaps).toEqual([])
          const { repeats, opened, lost } = follower.counters()
          console.log(
            `${serverOptions.version} ${transport}: ${cuts} cuts, ${opened} connections, ${lost} losses, ${repeats} repeats dropped`,
          )
        }),
      180_000,
    )
})
