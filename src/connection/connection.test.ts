import { describe, expect, test } from 'vitest'
import { type FakePlatform, createFakePlatform } from '../../test/support/fake-platform'
import { loss } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'
import type { TransportDeps, TransportFactory } from '../transport/transport'
import { backoffPolicy } from './backoff'
import { type Connection, type ConnectionRecord, createConnection } from './connection'
import type { State, Target } from './machine-types'

interface FakeTransport extends TransportDeps {
  readonly kind: TransportKind
  readonly closed: number[]
}

interface World {
  readonly platform: FakePlatform
  readonly connection: Connection
  readonly transports: FakeTransport[]
  readonly states: State['phase'][]
  readonly records: ConnectionRecord[]
  readonly frames: unknown[]
  renewals: number
  /** Called with every new state. */
  onChange: (state: State) => void
  onOpen: (transport: FakeTransport) => void
}

const TARGET: Target = {
  id: 1,
  candidates: [
    { kind: 'websocket', ownAddress: false },
    { kind: 'sse', ownAddress: false },
    { kind: 'long-polling', ownAddress: false },
  ],
}

function create(factories?: Partial<Record<TransportKind, TransportFactory>>): World {
  const platform = createFakePlatform()
  const fake =
    (kind: TransportKind): TransportFactory =>
    (deps) => {
      const transport = { ...deps, kind, closed: [] as number[] }
      world.transports.push(transport)
      world.onOpen(transport)
      return { close: (code = 1000) => void transport.closed.push(code) }
    }
  const world: World = {
    platform,
    connection: createConnection({
      platform,
      clock: platform.clock,
      factories: factories ?? { websocket: fake('websocket'), sse: fake('sse'), 'long-polling': fake('long-polling') },
      options: {
        backoff: backoffPolicy(),
        raceAfterMs: 2500,
        connectTimeoutMs: 8000,
        firstByteMs: 10_000,
        usefulAfterMs: 5000,
        drainMs: 5000,
        floorMs: 250,
        probeFirstMs: 60_000,
        probeLongestMs: 1_800_000,
        restartSpreadMs: 15_000,
        hintFloorMs: 250,
      },
      timeouts: { pollConfirmMs: 700, pollHoldMs: 60_000 },
      openLink: ({ id }) => ({
        address: () => ({ url: `ws://push.example/${id}` }),
        frame(frame) {
          world.frames.push(frame)
          return 'news'
        },
        emptyPoll: () => {},
        binary: false,
        silenceMs: null,
      }),
      changed(state) {
        world.states.push(state.phase)
        world.onChange(state)
      },
      renew: () => void world.renewals++,
      record: (entry) => void world.records.push(entry),
    }),
    transports: [],
    states: [],
    records: [],
    frames: [],
    renewals: 0,
    onChange: () => {},
    onOpen: () => {},
  }
  return world
}

function expectNothingLeft({ platform, connection }: World): void {
  expect(connection.state).toEqual({ phase: 'idle' })
  expect([platform.clock.timers, platform.page.listeners]).toEqual([0, 0])
}

test('carries effects out: opens, hands frames over, closes', async () => {
  const world = create()
  world.connection.start(TARGET, null)
  const [socket] = world.transports
  expect(socket?.address('first').url).toBe('ws://push.example/1')
  socket?.sink.opened('websocket', true)
  expect(socket?.sink.frame('x')).toBe('news')
  expect(world.frames).toEqual(['x'])
  expect(world.states.slice(0, 2)).toEqual(['connecting', 'connected'])
  world.connection.stop()
  expect(socket?.closed).toEqual([1000])
  expectNothingLeft(world)
})

describe('transports that misbehave', () => {
  test('one that throws when it is created counts as unsupported, and the next one starts', () => {
    const opened: TransportKind[] = []
    const world = create({
      websocket: () => {
        throw new DOMException('insecure', 'SecurityError')
      },
      sse: () => {
        opened.push('sse')
        return { close: () => {} }
      },
    })
    world.connection.start(TARGET, null)
    expect(opened).toEqual(['sse'])
    expect(world.records.filter(({ what }) => what === 'lost')).toEqual([
      expect.objectContaining({ transport: 'websocket', detail: 'unsupported' }),
    ])
    world.connection.stop()
    expectNothingLeft(world)
  })

  test('one that is missing too; when all are, the round ends and is tried again', async () => {
    const world = create({})
    world.connection.start(TARGET, null)
    expect(world.connection.state.phase).toBe('waiting')
    await world.platform.clock.advance(60_000)
    expect(world.connection.state.phase).toBe('waiting')
    world.connection.stop()
    expectNothingLeft(world)
  })

  test('one that fails inside its own creation is lost, once, and nothing of it stays', () => {
    const world = create()
    world.onOpen = ({ kind, sink }) => {
      if (kind === 'websocket') sink.lost(loss('refused', 400))
    }
    world.connection.start(TARGET, null)
    expect(world.transports.map(({ kind }) => kind)).toEqual(['websocket', 'sse'])
    world.connection.stop()
    expect(world.transports[0]?.closed).toEqual([])
    expect(world.transports[1]?.closed).toEqual([1000])
    expectNothingLeft(world)
  })

  test('one that opens inside its own creation carries the traffic', () => {
    const world = create()
    world.onOpen = ({ kind, sink }) => sink.opened(kind, true)
    world.connection.start(TARGET, null)
    expect(world.connection.state.phase).toBe('connected')
    world.connection.stop()
    expect(world.transports[0]?.closed).toEqual([1000])
    expectNothingLeft(world)
  })

  test('B8: what an orphan says changes nothing', async () => {
    const world = create()
    world.connection.start(TARGET, null)
    const orphan = world.transports[0]!
    orphan.sink.lost(loss('network'))
    const state = world.connection.state
    orphan.sink.opened('websocket', true)
    orphan.sink.lost(loss('bad-channel', 403))
    orphan.sink.lost(loss('network'))
    expect(world.connection.state).toEqual(state)
    expect(world.renewals).toBe(0)
    world.connection.stop()
    orphan.sink.opened('websocket', true)
    orphan.sink.lost(loss('network'))
    expectNothingLeft(world)
  })
})

test('H6: a handshake that fails while the browser knows of no network says nothing about the channels', async () => {
  const world = create()
  const refuseTwice = async (): Promise<void> => {
    for (const times of [1, 2]) {
      world.transports[world.transports.length - 1]!.sink.lost(loss('refused'))
      if (times === 1) await world.platform.clock.advance(3000)
    }
  }
  world.platform.page.signal('offline')
  world.connection.start({ id: 1, candidates: [{ kind: 'websocket', ownAddress: false }] }, null)
  await refuseTwice()
  expect(world.renewals).toBe(0)
  expect(world.records.filter(({ what }) => what === 'lost').map(({ detail }) => detail)).toEqual([
    'network',
    'network',
  ])
  world.connection.stop()
  world.platform.page.signal('online')
  world.connection.start({ id: 1, candidates: [{ kind: 'websocket', ownAddress: false }] }, null)
  await refuseTwice()
  expect(world.renewals).toBe(1)
  world.connection.stop()
  expectNothingLeft(world)
})

describe('stopping and starting inside a change', () => {
  test.each(['connecting', 'connected', 'waiting'] as const)('a stop while it becomes %s leaves nothing', (phase) => {
    const world = create()
    world.onChange = (state) => {
      if (state.phase === phase) world.connection.stop()
    }
    if (phase === 'connected') world.onOpen = ({ kind, sink }) => sink.opened(kind, true)
    if (phase === 'waiting') world.onOpen = ({ sink }) => sink.lost(loss('bad-channel', 403))
    world.connection.start(TARGET, null)
    world.transports.forEach(({ closed }) => expect(closed.length).toBeLessThanOrEqual(1))
    expectNothingLeft(world)
  })

  test('a retarget inside a change waits for its turn', () => {
    const world = create()
    let told = false
    world.onChange = (state) => {
      if (state.phase !== 'connected' || told) return
      told = true
      world.connection.retarget({ ...TARGET, id: 2 })
    }
    world.connection.start(TARGET, null)
    world.transports[0]?.sink.opened('websocket', true)
    expect(world.states).toEqual(expect.arrayContaining(['connecting', 'connected']))
    const { state } = world.connection
    expect(state.phase === 'connected' && state.memory.target.id).toBe(2)
    world.connection.stop()
    expectNothingLeft(world)
  })

  test('stop twice, and before any start, is stop', () => {
    const world = create()
    world.connection.stop()
    world.connection.start(TARGET, null)
    world.connection.stop()
    world.connection.stop()
    expect(world.records.filter(({ what }) => what === 'stop')).toHaveLength(1)
    expectNothingLeft(world)
  })
})

describe('the page', () => {
  test('B6: hides: everything is closed at once; it comes back from the cache: it connects at once', async () => {
    const world = create()
    world.connection.start(TARGET, null)
    world.transports[0]?.sink.opened('websocket', true)
    world.platform.page.signal('pagehide')
    expect(world.transports[0]?.closed).toEqual([1000])
    expect(world.platform.clock.timers).toBe(0)
    await world.platform.clock.advance(60_000)
    world.platform.page.signal('pageshow')
    expect(world.transports.map(({ kind }) => kind)).toEqual(['websocket', 'websocket'])
    world.connection.stop()
    expectNothingLeft(world)
  })

  test('wakes up: what should have happened meanwhile happens at the first sign of life', () => {
    const world = create()
    world.connection.start(TARGET, null)
    // The deadline of the attempt passes while timers sleep.
    world.platform.clock.jump(3_600_000)
    world.platform.page.signal('visible')
    expect(world.transports[0]?.closed).toEqual([1000])
    expect(world.transports.length).toBeGreaterThan(1)
    world.connection.stop()
    expectNothingLeft(world)
  })
})

test('W4: an attempt that succeeds after its deadline, which the page was late to notice, is kept', () => {
  const world = create()
  world.connection.start(TARGET, null)
  world.platform.clock.jump(20_000)
  const [socket] = world.transports
  socket!.sink.opened('websocket', true)
  expect(world.connection.state.phase).toBe('connected')
  expect(socket!.closed).toEqual([])
  world.connection.stop()
  expectNothingLeft(world)
})

test('an event stream may become a long poll only where it is asked for at the long-poll address', () => {
  const asked = (candidates: Target['candidates']): (boolean | undefined)[] => {
    const world = create()
    world.connection.start({ id: 1, candidates }, 'sse')
    world.connection.stop()
    return world.transports.map(({ mayBecomeLongPoll }) => mayBecomeLongPoll)
  }
  const polling = { kind: 'long-polling', ownAddress: false } as const
  expect(asked([{ kind: 'sse', ownAddress: false }, polling])).toEqual([true])
  expect(asked([{ kind: 'sse', ownAddress: true }, polling])).toEqual([false])
  // Forced: it is an event stream or nothing.
  expect(asked([{ kind: 'sse', ownAddress: false }])).toEqual([false])
})
