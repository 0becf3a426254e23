/**
 * Drives one tab through many page loads on a platform where nothing is real: reloads, crashes, pages gone for longer
 * than the lifetime, copies of the tab, all of it under traffic and bad weather. Whatever happens, every message is
 * delivered once over all pages of the tab.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PullClientInstance, pullClientClass } from '../src/client/pull-client'
import type { TransportKind } from '../src/core/transport-kind'
import { standardParts } from '../src/entry/parts'
import type { Platform } from '../src/platform/platform'
import { pushStreamConfig } from './support/config-sample'
import { createFakeNetwork } from './support/fake-network'
import { createFakePage, createFakePlatform, promiseJobs, seededRandom } from './support/fake-platform'

const RUNS = Number(process.env['MODEL_RUNS'] ?? 150)
// A new seed every time, but not on a build server: there a red run is to be about the change.
const SEED = Number(process.env['MODEL_SEED'] ?? (process.env['CI'] ? 20_261_120 : Date.now() % 2 ** 31))
const LIFETIME_MS = 600_000
/** What came this shortly before a crash may not have been written down. */
const CRASH_MS = 1000
/** Server times are whole seconds. */
const START_TOLERANCE_MS = 2000
const CHANNELS = ['a'.repeat(32), 'b'.repeat(32)] as const

interface Loaded {
  readonly client: PullClientInstance
  readonly startedAtMs: number
  readonly signal: (signal: 'pagehide' | 'hidden') => void
  isAlive: boolean
}

class World {
  readonly platform = createFakePlatform()
  readonly network: ReturnType<typeof createFakeNetwork>
  readonly published: { readonly n: number; readonly atMs: number }[] = []
  readonly delivered = new Map<number, number[]>()
  /** How many times more than once a message may come. */
  readonly excused = new Map<number, number>()
  readonly tooEarly: object[] = []
  dueFromMs: number
  values = new Map<string, string>()
  /** A page knew its channels. */
  hasBegun = false
  page: Loaded

  constructor(
    readonly seed: number,
    readonly transport: 'auto' | TransportKind,
  ) {
    this.network = createFakeNetwork(this.platform.clock, seededRandom(seed + 1))
    CHANNELS.forEach(this.network.allow)
    this.dueFromMs = this.platform.clock.now() + START_TOLERANCE_MS
    this.page = this.load(this.values, false, (n) => this.hear(n))
  }

  publish(which: number): void {
    const n = this.published.length
    const atMs = this.platform.clock.now()
    this.published.push({ n, atMs })
    const extra = { server_time_unix: atMs / 1000 }
    this.network.publish(CHANNELS[which]!, { module_id: 'test', command: 'n', params: { n }, extra })
  }

  /** The page goes, and another one is there after a while. */
  async leave(how: 'leaves' | 'crashes', awayMs: number, isReload: boolean): Promise<void> {
    const { clock } = this.platform
    const old = this.page
    const leftAtMs = clock.now()
    if (how === 'leaves') {
      old.signal('pagehide')
      old.signal('hidden')
    } else {
      this.delivered.forEach((times, n) => {
        if (times.some((atMs) => leftAtMs - atMs <= CRASH_MS)) this.excused.set(n, (this.excused.get(n) ?? 0) + 1)
      })
    }
    kill(old)
    await clock.advance(awayMs)
    // Pages that had no configuration yet hand on what they found: it is no younger for that.
    const ages = [...this.values.values()].map((text) => clock.now() - (JSON.parse(text) as { atMs: number }).atMs)
    if (ages.some((ageMs) => ageMs >= LIFETIME_MS)) {
      this.dueFromMs = clock.now() + START_TOLERANCE_MS
      this.hasBegun = false
      const bornAtMs = clock.now()
      this.page = this.load(this.values, true, (n) => {
        if (this.published[n]!.atMs < bornAtMs - 1000) this.tooEarly.push({ n, bornAtMs, how })
        this.hear(n)
      })
    } else {
      // Nobody learned yet which channels there are: there is nothing to go on from.
      if (!this.hasBegun) this.dueFromMs = clock.now() + START_TOLERANCE_MS
      this.page = this.load(this.values, isReload || how === 'crashes', (n) => this.hear(n))
    }
  }

  /** A second tab with what the first one has stored; it lives for a while. */
  async copy(ms: number): Promise<void> {
    const bornAtMs = this.platform.clock.now()
    const copied = this.load(new Map(this.values), false, (n) => {
      if (this.published[n]!.atMs < bornAtMs - 1000) this.tooEarly.push({ n, bornAtMs, how: 'copied' })
    })
    await this.platform.clock.advance(ms)
    kill(copied)
  }

  private hear(n: number): void {
    this.delivered.set(n, [...(this.delivered.get(n) ?? []), this.platform.clock.now()])
  }

  private load(values: Map<string, string>, isReload: boolean, hear: (n: number) => void): Loaded {
    const { clock, random } = this.platform
    const page = createFakePage()
    const whileAlive =
      <Args extends unknown[]>(act: (...args: Args) => void) =>
      (...args: Args): void => {
        if (loaded.isAlive) act(...args)
      }
    const platform: Platform = {
      ...this.platform,
      clock,
      random,
      fetch: this.network.fetch,
      webSocket: this.network.webSocket,
      page: Object.assign(page, { isReload }),
      tabStorage: {
        getItem: (key) => values.get(key) ?? null,
        setItem: whileAlive((key: string, value: string) => void values.set(key, value)),
        removeItem: whileAlive((key: string) => void values.delete(key)),
      },
    }
    const PullClient = pullClientClass(standardParts(() => platform))
    const client = new PullClient({ config: () => this.config(), transport: this.transport, storage: true })
    const loaded: Loaded = {
      client,
      startedAtMs: clock.now(),
      signal: (signal) => page.signal(signal),
      isAlive: true,
    }
    client.on(
      'test:n',
      whileAlive((params: unknown) => hear((params as { n: number }).n)),
    )
    client.on(
      'channels',
      whileAlive(() => {
        if (values === this.values) this.hasBegun = true
      }),
    )
    void client.start().catch(() => {})
    return loaded
  }

  private async config(): Promise<object> {
    const { clock } = this.platform
    await new Promise<void>((resolve) => clock.after(30, resolve))
    const [own, shared] = CHANNELS
    return pushStreamConfig({ private: own, shared }, clock.now())
  }
}

/** It does not write any more, and its connections are gone. */
function kill(page: Loaded): void {
  page.isAlive = false
  void page.client.stop()
}

type Step = (world: World) => void | Promise<void>
const named = (name: string, act: Step): { act: Step; toString(): string } => ({ act, toString: () => name })
const which = fc.integer({ min: 0, max: 1 })

const traffic = fc.array(fc.tuple(which, fc.integer({ min: 0, max: 700 })), { minLength: 1, maxLength: 12 })
const steps = fc.oneof(
  {
    weight: 4,
    arbitrary: traffic.map((burst) =>
      named(`traffic ${burst.map(String).join(' ')}`, async (world) => {
        for (const [channel, ms] of burst) {
          world.publish(channel)
          await world.platform.clock.advance(ms)
        }
      }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('leaves' as const, 'crashes' as const),
        fc.integer({ min: 0, max: 4000 }),
        traffic,
        fc.boolean(),
      )
      .map(([how, awayMs, meanwhile, isReload]) =>
        named(`${how}, ${awayMs} ms`, async (world) => {
          // Published while there is no page.
          meanwhile.forEach(([channel, ms]) => {
            if (ms < awayMs) world.platform.clock.after(ms, () => world.publish(channel))
          })
          await world.leave(how, awayMs, isReload)
        }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(100_000, 590_000, 601_000).map((awayMs) =>
      named(`leaves for ${awayMs} ms`, async (world) => {
        world.platform.clock.after(50_000, () => world.publish(0))
        await world.leave('leaves', awayMs, false)
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 3000 }).map((ms) => named(`a copy for ${ms} ms`, (world) => world.copy(ms))),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(1006, 1012)
      .map((code) => named(`drops with ${code}`, ({ network }) => network.drop(code))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('websocket' as const, 'sse' as const, 'long-polling' as const),
        fc.constantFrom('ok' as const, 'half' as const, 'refuse' as const),
      )
      .map(([kind, mood]) => named(`${kind}: ${mood}`, ({ network }) => network.behave(kind, mood))),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 0, max: 900_000 })
      .map((ms) => named(`${ms} ms pass`, ({ platform }) => platform.clock.advance(ms))),
  },
)

test(`P11, P14: over all pages of a tab nothing is lost or repeated (seed ${SEED}, ${RUNS} runs)`, async () => {
  const transports = fc.constantFrom('auto', 'websocket', 'sse', 'long-polling') as fc.Arbitrary<'auto' | TransportKind>
  const plan = fc.array(steps, { minLength: 5, maxLength: 25 })
  let pages = 0
  let replayed = 0
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 1e6 }),
    transports,
    plan,
    async (seed, transport, all) => {
      const world = new World(seed, transport)
      for (const { act } of all) await act(world)
      ;(['websocket', 'sse', 'long-polling'] as const).forEach((kind) => world.network.behave(kind, 'ok'))
      await world.platform.clock.advance(60_000)
      const due = world.published.filter(({ atMs }) => atMs >= world.dueFromMs)
      expect(due.filter(({ n }) => !world.delivered.has(n))).toEqual([])
      const twice = [...world.delivered].filter(([n, times]) => times.length > 1 + (world.excused.get(n) ?? 0))
      expect(twice).toEqual([])
      expect(world.tooEarly).toEqual([])
      pages += world.network.asked.length
      replayed += world.delivered.size
      kill(world.page)
      await promiseJobs()
      expect([world.platform.clock.timers, world.network.openSockets, world.network.pendingRequests]).toEqual([0, 0, 0])
    },
  )
  await fc.assert(property, { seed: SEED, numRuns: RUNS })
  expect(Math.min(pages, replayed)).toBeGreaterThan(RUNS)
}, 180_000)
