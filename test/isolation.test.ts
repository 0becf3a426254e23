/**
 * Listeners that misbehave: they throw, block, come and go, stop the client inside their own call. What the others hear
 * is compared with what they hear when everybody is well.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { pullClientClass } from '../src/client/pull-client'
import type { PullClientInstance } from '../src/client/pull-client'
import type { TransportKind } from '../src/core/transport-kind'
import { standardParts } from '../src/entry/parts'
import type { PullEvent } from '../src/session/dispatch'
import { pushStreamConfig } from './support/config-sample'
import { type FakeNetwork, createFakeNetwork } from './support/fake-network'
import { type FakePlatform, createFakePlatform, promiseJobs, seededRandom } from './support/fake-platform'

const CHANNELS = { private: 'a'.repeat(32), shared: 'b'.repeat(32) } as const
type ChannelName = keyof typeof CHANNELS
const NAMES = ['private', 'shared'] as const
const TRANSPORTS: readonly TransportKind[] = ['websocket', 'sse', 'long-polling']
/** Everything a listener of events can listen to. */
const KEYS = ['test:n', 'test:*', '*'] as const
type Key = (typeof KEYS)[number]

const escaped: unknown[] = []
const keep = (reason: unknown): void => void escaped.push(reason)
process.on('unhandledRejection', keep)
afterEach(() => void expect(escaped.splice(0)).toEqual([]))

class World {
  readonly platform: FakePlatform = createFakePlatform(7)
  readonly network: FakeNetwork = createFakeNetwork(this.platform.clock, seededRandom(8))
  readonly client: PullClientInstance
  readonly errors: string[] = []
  /** What each of the well-behaved heard, as `private 3`. */
  readonly heard = new Map<string, string[]>()
  private readonly sent: Record<ChannelName, number> = { private: 0, shared: 0 }

  constructor(transport: TransportKind) {
    this.platform.fetch = this.network.fetch
    this.platform.webSocket = this.network.webSocket
    Object.values(CHANNELS).forEach((channel) => this.network.allow(channel))
    const PullClient = pullClientClass(standardParts(() => this.platform))
    this.client = new PullClient({ config: () => Promise.resolve(this.config()), transport })
    this.client.on('error', ({ code }) => void this.errors.push(code))
  }

  /** A well-behaved listener of every key; those of an earlier call were subscribed before those of a later one. */
  listen(name: string): void {
    KEYS.forEach((key) => this.hear(`${name} ${key}`, key))
  }
  hear(name: string, key: Key): () => void {
    const list: string[] = []
    this.heard.set(name, list)
    return this.on(key, (text) => void list.push(text))
  }
  on(key: Key, listener: (text: string) => unknown): () => void {
    const textOf = (params: unknown): string => {
      const { channel, n } = params as { channel: ChannelName; n: number }
      return `${channel} ${n}`
    }
    if (key === 'test:n') return this.client.on(key, (params) => listener(textOf(params)))
    return this.client.on(key, (event: PullEvent) => listener(textOf(event.params)))
  }
  publish(count: number): void {
    for (let left = count; left > 0; left--) {
      const channel = NAMES[left % 2]!
      const params = { channel, n: ++this.sent[channel] }
      this.network.publish(CHANNELS[channel], { module_id: 'test', command: 'n', params })
    }
  }
  async start(): Promise<void> {
    const starting = this.client.start()
    await this.platform.clock.advance(3000)
    await starting
  }
  /** Bursts, single messages and a break, all of which a listener may make worse. */
  async day(): Promise<void> {
    this.publish(6)
    await this.platform.clock.advance(500)
    for (let left = 6; left > 0; left--) {
      this.publish(1)
      await this.platform.clock.advance(150)
    }
    this.network.drop(1006)
    this.publish(6)
    await this.platform.clock.advance(8000)
    this.publish(4)
    await this.platform.clock.advance(8000)
  }
  /** All that was published, channel by channel, each number once and in order. */
  expectExactly(
    list: readonly string[] | undefined,
    about: string,
    since: Readonly<Record<ChannelName, number>> = NONE,
  ) {
    for (const name of NAMES) {
      const numbers = list?.filter((text) => text.startsWith(name)).map((text) => Number(text.split(' ')[1]))
      const wanted = Array.from({ length: this.sent[name] - since[name] }, (_, index) => since[name] + index + 1)
      expect(
        numbers?.filter((n) => n > since[name]),
        `${about}, ${name}`,
      ).toEqual(wanted)
    }
  }
  expectEverybodyExactly(since: Readonly<Record<ChannelName, number>> = NONE): void {
    this.heard.forEach((list, name) => this.expectExactly(list, name, since))
  }
  counts(): Record<ChannelName, number> {
    return { ...this.sent }
  }
  async end(errors: readonly string[] = []): Promise<void> {
    await this.client.stop()
    await promiseJobs()
    expect([...new Set(this.errors)]).toEqual(errors)
    expect(this.platform.clock.timers + this.platform.page.listeners).toBe(0)
    expect(this.network.openSockets + this.network.pendingRequests).toBe(0)
  }

  private config(): object {
    return pushStreamConfig(CHANNELS, this.platform.clock.now())
  }
}

const NONE = { private: 0, shared: 0 }

interface Trouble {
  readonly name: string
  /** What `error` says about it, if anything. */
  readonly errors: readonly string[]
  /** Subscribes the one that misbehaves. */
  subscribe(world: World, key: Key): void
}

const TROUBLES: readonly Trouble[] = [
  {
    name: 'one that throws',
    errors: ['listener-threw'],
    subscribe: (world, key) =>
      void world.on(key, () => {
        throw new Error('a listener of the page')
      }),
  },
  {
    name: 'one that throws nothing at all',
    errors: ['listener-threw'],
    subscribe: (world, key) =>
      void world.on(key, () => {
        throw undefined
      }),
  },
  {
    name: 'an async one that rejects',
    errors: ['listener-threw'],
    subscribe: (world, key) =>
      void world.on(key, async () => {
        await Promise.resolve()
        throw new Error('a listener of the page')
      }),
  },
  {
    name: 'one that blocks for 4 s each time',
    errors: [],
    subscribe: (world, key) => void world.on(key, () => world.platform.clock.jump(4000)),
  },
  {
    name: 'one that unsubscribes itself',
    errors: [],
    subscribe(world, key) {
      let calls = 0
      const undo = world.on(key, () => {
        expect(++calls).toBe(1)
        undo()
        undo()
      })
    },
  },
  {
    name: 'one that unsubscribes others',
    errors: [],
    subscribe(world, key) {
      const others: (() => void)[] = []
      let isUndone = false
      let lateCalls = 0
      const listenTo = (): void =>
        void others.push(
          world.on(key, () => {
            if (isUndone) lateCalls++
            // In the very call in which they were removed they may be called once more, never later.
            expect(lateCalls).toBeLessThanOrEqual(2)
          }),
        )
      listenTo()
      world.on(key, () => {
        others.forEach((undo) => undo())
        isUndone = true
      })
      listenTo()
    },
  },
  {
    name: 'one that subscribes another one each time',
    errors: [],
    subscribe(world, key) {
      let count = 0
      world.on(key, (text) => {
        if (++count > 3) return
        world.on(key, (later) => expect(later).not.toBe(text))
      })
    },
  },
  {
    name: 'one that starts a client that is started',
    errors: [],
    subscribe: (world, key) => void world.on(key, () => void world.client.start()),
  },
]

describe.each(TRANSPORTS)('one listener among others, %s', (transport) => {
  describe.each(TROUBLES)('I1, I2, I3: $name', ({ errors, subscribe }) => {
    test.each(KEYS)('of %s changes nothing for the others', async (key) => {
      const world = new World(transport)
      world.listen('before')
      subscribe(world, key)
      world.listen('after')
      await world.start()
      await world.day()
      world.expectEverybodyExactly()
      await world.end(errors)
    })
  })

  test.each(KEYS)('I4: one of %s that stops the client: the others hear that message, and no other', async (key) => {
    const world = new World(transport)
    world.listen('before')
    world.on(key, (text) => {
      if (text === 'private 3') void world.client.stop()
    })
    world.listen('after')
    await world.start()
    world.publish(10)
    await world.platform.clock.advance(5000)
    const lists = [...world.heard.values()]
    expect(lists).toHaveLength(6)
    expect(lists[0]!.at(-1)).toBe('private 3')
    lists.forEach((list) => expect(list).toEqual(lists[0]))
    expect(new Set(lists[0]).size).toBe(lists[0]!.length)
    await world.end()
  })

  test.each(KEYS)('I4: one of %s that stops and starts the client: the others hear all that follows', async (key) => {
    const world = new World(transport)
    world.listen('before')
    let isDone = false
    world.on(key, (text) => {
      if (isDone || text !== 'private 3') return
      isDone = true
      void world.client.stop()
      void world.client.start()
    })
    world.listen('after')
    await world.start()
    world.publish(10)
    // A session begins with its second: what was published before that is none of its business.
    await world.platform.clock.advance(5000)
    const since = world.counts()
    expect(isDone).toBe(true)
    expect(world.client.status).toBe('connected')
    await world.day()
    world.expectEverybodyExactly(since)
    const lists = [...world.heard.values()]
    lists.forEach((list) => expect(list.slice().sort()).toEqual(lists[0]!.slice().sort()))
    await world.end()
  })
})

const LIFECYCLE = ['status', 'transport', 'channels'] as const
const told = (fact: unknown): string => JSON.stringify(fact)

describe.each(LIFECYCLE)('a listener of %s', (key) => {
  async function run(subscribe: (world: World) => void): Promise<{ world: World; lists: readonly string[][] }> {
    const world = new World('websocket')
    const lists: string[][] = [[], []]
    world.client.on(key as 'status', (fact) => void lists[0]!.push(told(fact)))
    subscribe(world)
    world.client.on(key as 'status', (fact) => void lists[1]!.push(told(fact)))
    world.listen('event')
    const starting = world.client.start()
    starting.catch(() => {})
    await world.platform.clock.advance(3000)
    await world.day()
    return { world, lists }
  }

  test('I5: that throws, blocks, comes and goes: the others hear the same, in the same order', async () => {
    const calm = await run(() => {})
    await calm.world.end()
    expect(calm.lists[0]!.length).toBeGreaterThan(0)
    const { world, lists } = await run(({ client, platform }) => {
      const undo = client.on(key as 'status', () => undo())
      client.on(key as 'status', () => {
        throw new Error('a listener of the page')
      })
      const rejects = (): unknown => Promise.reject(new Error('a listener of the page'))
      client.on(key as 'status', rejects)
      client.on(key as 'status', () => void client.on(key as 'status', () => {}))
      client.on(key as 'status', () => platform.clock.jump(200))
    })
    world.expectEverybodyExactly()
    await world.end(['listener-threw'])
    expect(lists[1]).toEqual(lists[0])
    // Blocking moves ends of channels and pauses of the back-off, not what is told.
    if (key !== 'channels') expect(lists[0]).toEqual(calm.lists[0])
  })

  test('I5: that stops the client: the others are told no less, and the end last', async () => {
    const { world, lists } = await run(({ client }) => {
      client.on(key as 'status', (fact) => {
        if (key !== 'status' || fact.status === 'connected') void client.stop()
      })
    })
    expect(world.client.status).toBe('stopped')
    expect(lists[1]).toEqual(lists[0])
    await world.end()
  })

  test('I5: that stops and starts the client: the others hear all that follows', async () => {
    let isDone = false
    const { world } = await run(({ client }) => {
      client.on(key as 'status', (fact) => {
        if (isDone || (key === 'status' && fact.status !== 'connected')) return
        isDone = true
        void client.stop()
        void client.start()
      })
    })
    expect(isDone).toBe(true)
    expect(world.client.status).toBe('connected')
    world.expectEverybodyExactly()
    await world.end()
  })
})
