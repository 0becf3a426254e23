/**
 * Sleep and wake on a platform where nothing is real: the clock jumps, links die without a word, the page gives its
 * signals alone or together. Whatever was going on: at most one new connection, a right status in time, nothing lost.
 */
import { describe, expect, test } from 'vitest'
import { pullClientClass } from '../src/client/pull-client'
import type { PullClientInstance } from '../src/client/pull-client'
import type { TransportKind } from '../src/core/transport-kind'
import { standardParts } from '../src/entry/parts'
import type { FetchLike, PageSignal, WebSocketConstructor } from '../src/platform/platform'
import { pushStreamConfig } from './support/config-sample'
import { type Behaviour, type FakeNetwork, type NetworkKind, createFakeNetwork } from './support/fake-network'
import { type FakeClock, type FakePlatform, createFakePlatform, seededRandom } from './support/fake-platform'
import { webSocketClass } from './support/fake-socket'

const SEED = Number(process.env['BX_PULL_SEED'] ?? Date.now() % 2 ** 31)
const RIGHT_WITHIN_MS = 2500
/** What a message may take over a link that works: latency, and the pause of a slowed-down poll loop. */
const DELIVERY_MS = 700
const SLEEP_MS = 600_000
const KINDS: readonly NetworkKind[] = ['websocket', 'sse', 'long-polling']
const CHANNELS = { private: 'a'.repeat(32), shared: 'b'.repeat(32) } as const
type ChannelName = keyof typeof CHANNELS

type Wanted = 'auto' | TransportKind
const TRANSPORTS: readonly Wanted[] = ['auto', 'websocket', 'sse', 'long-polling']

/** What timers do over a sleep: they are overdue on waking, or they stood still and go on with the time they had left. */
type TimersAsleep = 'overdue' | 'stand still'
const TIMERS: readonly TimersAsleep[] = ['overdue', 'stand still']

class World {
  readonly platform: FakePlatform
  readonly network: FakeNetwork
  readonly client: PullClientInstance
  readonly got: { readonly channel: ChannelName; readonly n: number }[] = []
  readonly gaps: unknown[] = []
  readonly errors: unknown[] = []
  private readonly sent: Record<ChannelName, number> = { private: 0, shared: 0 }
  private readonly wires = new Set<Wire>()
  private asleepMs = 0
  private wrongByMs = 0

  constructor(transport: Wanted, seed: number) {
    const base = createFakePlatform(seed)
    // What is added to the time without moving any timer.
    const clock: FakeClock = {
      ...base.clock,
      now: () => base.clock.now() + this.asleepMs,
      get timers() {
        return base.clock.timers
      },
    }
    // Only the page's clock is ever wrong.
    const now = (): number => clock.now() + this.wrongByMs
    this.platform = {
      ...base,
      clock: {
        ...clock,
        now,
        get timers() {
          return clock.timers
        },
      },
    }
    const network = createFakeNetwork(clock, seededRandom(seed + 1))
    this.network = network
    this.platform.webSocket = wiredSocket(network.webSocket, this.wires)
    this.platform.fetch = wiredFetch(network.fetch, this.wires)
    Object.values(CHANNELS).forEach((channel) => network.allow(channel))
    const PullClient = pullClientClass(standardParts(() => this.platform))
    this.client = new PullClient({ config: () => Promise.resolve(this.config()), transport })
    this.client.on('test:n', (params) => void this.got.push(params as { channel: ChannelName; n: number }))
    this.client.on('gap', (gap) => void this.gaps.push(gap))
    this.client.on('error', (error) => void this.errors.push(error))
  }

  publish(count: number): void {
    for (let left = count; left > 0; left--) {
      const channel = left % 2 ? 'private' : 'shared'
      const params = { channel, n: ++this.sent[channel] }
      this.network.publish(CHANNELS[channel], { module_id: 'test', command: 'n', params })
    }
  }
  /** Traffic for so long: a message every 100 ms. */
  async traffic(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.publish(1)
      await this.advance(Math.min(100, left))
    }
  }
  advance(ms: number): Promise<void> {
    return this.platform.clock.advance(ms)
  }
  signal(...signals: readonly PageSignal[]): void {
    signals.forEach((signal) => this.platform.page.signal(signal))
  }
  weather(behaviour: Behaviour): void {
    KINDS.forEach((kind) => this.network.behave(kind, behaviour))
  }
  /** What is open stays open, and nothing comes through it any more. */
  cutWires(): void {
    this.wires.forEach((wire) => (wire.isDead = true))
  }
  sleep(ms: number, timers: TimersAsleep): void {
    if (timers === 'overdue') this.platform.clock.jump(ms)
    else this.asleepMs += ms
  }
  setClock(byMs: number): void {
    this.wrongByMs += byMs
  }
  now(): number {
    return this.platform.clock.now()
  }
  /** Connections that were begun since then. */
  begunSince(atMs: number): number {
    const { timeline } = this.client.diagnostics()
    return timeline.filter((entry) => entry.what === 'open' && entry.atMs >= atMs).length
  }
  /** Whether what is published now comes: the only proof that a link works. */
  async hearsNow(): Promise<boolean> {
    this.publish(2)
    await this.advance(DELIVERY_MS)
    return (['private', 'shared'] as const).every((name) =>
      this.got.some(({ channel, n }) => channel === name && n === this.sent[name]),
    )
  }
  /** Nothing lost, repeated or out of order, nothing complained of, nothing left open. */
  async end(): Promise<void> {
    this.publish(2)
    await this.advance(10_000)
    for (const name of ['private', 'shared'] as const) {
      const numbers = this.got.filter(({ channel }) => channel === name).map(({ n }) => n)
      expect(numbers, name).toEqual(Array.from({ length: this.sent[name] }, (_, index) => index + 1))
    }
    expect(this.errors).toEqual([])
    expect(this.gaps).toEqual([])
    expect(this.client.status).toBe('connected')
    await this.client.stop()
    expect(this.platform.clock.timers).toBe(0)
    expect(this.network.openSockets + this.network.pendingRequests).toBe(0)
  }

  private config(): object {
    return pushStreamConfig(CHANNELS, this.now() - this.wrongByMs)
  }
}

/** The way between one connection and its server. */
interface Wire {
  isDead: boolean
}

function wiredSocket(Inner: WebSocketConstructor, wires: Set<Wire>): WebSocketConstructor {
  return webSocketClass((url, page) => {
    const wire = { isDead: false }
    wires.add(wire)
    const inner = new Inner(url)
    inner.onopen = () => wire.isDead || page.opened()
    inner.onmessage = ({ data }) => wire.isDead || page.got(data)
    inner.onerror = () => wire.isDead || page.failed()
    inner.onclose = ({ code, reason }) => wire.isDead || page.closed(code, reason)
    return { send: (data) => inner.send(data), close: (code) => inner.close(code === 1005 ? undefined : code) }
  })
}

function wiredFetch(inner: FetchLike, wires: Set<Wire>): FetchLike {
  return async (url, init) => {
    const wire = { isDead: false }
    wires.add(wire)
    const aborted = new Promise<never>((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
    })
    aborted.catch(() => {})
    /** Over a dead wire nothing settles but by an abort. */
    const through = <T>(promise: Promise<T>): Promise<T> => {
      const arrived = new Promise<T>((resolve, reject) => {
        promise.then(
          (value) => wire.isDead || resolve(value),
          (error: unknown) => wire.isDead || reject(error as Error),
        )
      })
      return Promise.race([arrived, aborted])
    }
    const response = await through(inner(url, init))
    return {
      status: response.status,
      headers: response.headers,
      body: {
        getReader() {
          const reader = response.body!.getReader()
          return { read: () => through(reader.read()) }
        },
      },
      text: () => through(response.text()),
    } as unknown as Response
  }
}

/** What the page says when it wakes, alone and several at once. `before`: what it said when it went to sleep. */
interface Waking {
  readonly name: string
  readonly before: readonly PageSignal[]
  readonly after: readonly PageSignal[]
}
const waking = (name: string, before: readonly PageSignal[], ...after: readonly PageSignal[]): Waking => ({
  name,
  before,
  after,
})
const RESUME = waking('resume', ['hidden'], 'resume')
const VISIBLE = waking('visible', ['hidden'], 'visible')
const PAGESHOW = waking('pageshow', ['hidden', 'pagehide'], 'pageshow')
const ONLINE = waking('online', ['offline'], 'online')
const NETWORK_CHANGE = waking('network-change', [], 'network-change')
const SILENT = waking('nothing but the clock', [])
const TOGETHER = waking('everything at once', ['hidden', 'offline'], 'network-change', 'online', 'resume', 'visible')
const TOGETHER_BACKWARDS = waking('everything, the other way round', ['hidden'], 'visible', 'resume', 'online')
const OUT_OF_CACHE = waking(
  'everything out of the cache',
  ['hidden', 'pagehide'],
  'network-change',
  'resume',
  'pageshow',
  'visible',
  'online',
)
const ALL = [RESUME, VISIBLE, PAGESHOW, ONLINE, NETWORK_CHANGE, SILENT, TOGETHER, TOGETHER_BACKWARDS, OUT_OF_CACHE]

interface Case {
  readonly transport: Wanted
  readonly timers: TimersAsleep
  readonly waking: Waking
}
const casesOf = (wakings: readonly Waking[]): readonly (Case & { readonly name: string })[] =>
  TRANSPORTS.flatMap((transport) =>
    TIMERS.flatMap((timers) =>
      wakings.map((each) => ({
        name: `${each.name}, ${transport}, timers ${timers}`,
        transport,
        timers,
        waking: each,
      })),
    ),
  )

/** A client that has been connected and busy for a while. */
async function connected(transport: Wanted): Promise<World> {
  const world = new World(transport, SEED)
  const starting = world.client.start()
  await world.advance(3000)
  await starting
  await world.traffic(12_000)
  return world
}

/** Sleeps while messages are published, wakes, and is right in time over one new connection at the most. */
async function sleepAndWake(
  world: World,
  { timers, waking: { before, after } }: Case,
  onWaking = (): void => {},
): Promise<number> {
  world.signal(...before)
  world.publish(15)
  // What is under way arrives first: the server, unlike the page, does not stand still.
  await world.advance(100)
  world.sleep(SLEEP_MS, timers)
  world.publish(15)
  const wokeAtMs = world.now()
  onWaking()
  world.signal(...after)
  await world.traffic(RIGHT_WITHIN_MS)
  expect(world.client.status).toBe('connected')
  expect(await world.hearsNow()).toBe(true)
  // Late consequences count, too.
  await world.advance(15_000)
  return world.begunSince(wokeAtMs)
}

const STORM = ['resume', 'visible', 'hidden', 'online', 'offline', 'network-change'] as const

describe(`after a sleep (seed ${SEED})`, () => {
  test.each(casesOf(ALL))('W1: a link that works: $name', async (each) => {
    const world = await connected(each.transport)
    expect(await sleepAndWake(world, each)).toBeLessThanOrEqual(1)
    await world.end()
  })

  test.each(casesOf(ALL))('W2: a link that died without a word: $name', async (each) => {
    const world = await connected(each.transport)
    const begun = await sleepAndWake(world, each, () => world.cutWires())
    expect(begun).toBe(1)
    await world.end()
  })

  test.each(casesOf(ALL))('W3: a back-off under way: $name', async (each) => {
    const world = await connected(each.transport)
    world.weather('no-answer')
    world.network.drop(1006)
    await world.advance(40_000)
    expect(world.client.status).toBe('reconnecting')
    const begun = await sleepAndWake(world, each, () => world.weather('ok'))
    expect(begun).toBe(1)
    await world.end()
  })

  test.each(casesOf(ALL))('W4: an attempt that hangs: $name', async (each) => {
    const world = await connected(each.transport)
    world.weather('hang')
    world.network.drop(1006)
    await world.advance(600)
    expect(world.client.status).toBe('reconnecting')
    const begun = await sleepAndWake(world, each, () => world.weather('ok'))
    expect(begun).toBeLessThanOrEqual(1)
    await world.end()
  })

  test.each(TRANSPORTS)(
    'W9: a dead link whose successors fail is replaced when the network is back, %s',
    async (transport) => {
      const world = await connected(transport)
      world.cutWires()
      world.weather('hang')
      world.sleep(SLEEP_MS, 'overdue')
      world.signal('resume')
      await world.advance(60_000)
      world.publish(3)
      world.weather('ok')
      // A poll that is not answered is given up after a minute: nothing else tells it from a quiet one.
      await world.advance(transport === 'long-polling' ? 130_000 : 40_000)
      expect(await world.hearsNow()).toBe(true)
      await world.end()
    },
  )

  test.each(TRANSPORTS)('W9: a second sleep soon after the first, %s', async (transport) => {
    const world = await connected(transport)
    world.signal('resume')
    await world.traffic(5000)
    world.cutWires()
    world.sleep(2000, 'overdue')
    world.signal('resume', 'online')
    await world.advance(RIGHT_WITHIN_MS)
    expect(await world.hearsNow()).toBe(true)
    await world.end()
  })

  test('W9: where the better transport is refused, the one in use is replaced', async () => {
    const world = new World('auto', SEED)
    world.network.behave('websocket', 'refuse')
    const starting = world.client.start()
    await world.advance(3000)
    await starting
    await world.traffic(8000)
    expect(world.client.transport).toBe('sse')
    world.cutWires()
    world.sleep(SLEEP_MS, 'overdue')
    world.signal('resume')
    await world.advance(RIGHT_WITHIN_MS)
    expect(await world.hearsNow()).toBe(true)
    await world.end()
  })

  test.each(TRANSPORTS)(
    'W10: a page nobody looks at has its timers late, and that is no sleep, %s',
    async (transport) => {
      const world = await connected(transport)
      world.signal('hidden')
      const sinceMs = world.now()
      for (let minute = 0; minute < 10; minute++) {
        world.publish(1)
        await world.advance(2000)
        world.platform.clock.jump(58_000)
      }
      world.signal('visible')
      await world.advance(2000)
      // A poll loop asks again by itself.
      expect(world.begunSince(sinceMs)).toBe(0)
      await world.end()
    },
  )

  test.each(TRANSPORTS)('W11: the clock is set back, %s', async (transport) => {
    const world = await connected(transport)
    let heardAtMs = 0
    world.client.on('test:n', (_, { receivedAtMs }) => void (heardAtMs = receivedAtMs))
    world.setClock(-3_600_000)
    world.network.drop(1006)
    await world.advance(RIGHT_WITHIN_MS)
    expect(await world.hearsNow()).toBe(true)
    // What the page is told is told by the clock that it reads now.
    expect(Math.abs(world.now() - heardAtMs)).toBeLessThan(RIGHT_WITHIN_MS)
    await world.end()
  })

  test.each(TRANSPORTS)('W1: a storm of signals, %s', async (transport) => {
    const world = await connected(transport)
    const random = seededRandom(SEED)
    const beganAtMs = world.now()
    for (let left = 80; left > 0; left--) {
      world.signal(STORM[Math.floor(random() * STORM.length)]!)
      world.publish(1)
      await world.advance(Math.floor(random() * 60))
    }
    expect(world.client.status).toBe('connected')
    expect(await world.hearsNow()).toBe(true)
    expect(world.begunSince(beganAtMs)).toBeLessThanOrEqual(1)
    await world.end()
  })
})

test('P16: a page that goes holds nothing, also where only a poll of an exchanged channel is open', async () => {
  const platform = createFakePlatform(SEED)
  const { clock, page } = platform
  const network = createFakeNetwork(clock, seededRandom(SEED + 1))
  platform.fetch = network.fetch
  platform.webSocket = network.webSocket
  let ids = { ...CHANNELS }
  const PullClient = pullClientClass(standardParts(() => platform))
  const client = new PullClient({ config: () => Promise.resolve(pushStreamConfig(ids, clock.now())) })
  const allow = (): void => Object.values(ids).forEach((id) => network.allow(id))
  const command = (name: string, params: object): void =>
    void network.publish(CHANNELS.shared, { module_id: 'pull', command: name, params })
  allow()
  void client.start()
  await clock.advance(10_000)
  ids = { ...ids, private: 'c'.repeat(32) }
  allow()
  command('channel_expire', { action: 'get_config', channel: { id: CHANNELS.private, type: 'private' } })
  network.behave('long-polling', 'hang')
  for (let left = 60; left > 0 && network.pendingRequests === 0; left--) await clock.advance(1000)
  expect([network.openSockets, network.pendingRequests]).toEqual([1, 1])
  KINDS.forEach((kind) => network.behave(kind, 'refuse'))
  network.drop(1006)
  await clock.advance(1000)
  expect(client.status).toBe('reconnecting')
  page.signal('pagehide')
  await clock.advance(10)
  expect([network.openSockets, network.pendingRequests]).toEqual([0, 0])
  await client.stop()
  expect(clock.timers).toBe(0)
})
