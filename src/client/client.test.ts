import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { SECRETS, sampleConfig } from '../../test/support/config-sample'
import { type FakeNetwork, createFakeNetwork } from '../../test/support/fake-network'
import { type FakePlatform, createFakePlatform, promiseJobs, seededRandom } from '../../test/support/fake-platform'
import { PullError } from '../core/pull-error'
import { standardParts } from '../entry/parts'
import type { PullClientOptions } from './options'
import { type PullClientInstance, pullClientClass } from './pull-client'

const CHANNEL = 'a'.repeat(32)

interface World {
  readonly platform: FakePlatform
  readonly network: FakeNetwork
  readonly client: PullClientInstance
  publish(module_id: string, command: string, params?: unknown): void
  /** Started and connected. */
  connect(): Promise<void>
}

function configOf(platform: FakePlatform): object {
  return {
    server: {
      version: 2,
      server_enabled: true,
      long_polling: 'http://push.example/sub/',
      websocket_enabled: true,
      websocket: 'ws://push.example/subws/',
    },
    channels: { private: { id: CHANNEL, type: 'private' } },
    serverTime: new Date(platform.clock.now()).toISOString(),
  }
}

function create(told: Partial<PullClientOptions> = {}): World {
  const platform = createFakePlatform()
  const network = createFakeNetwork(platform.clock, seededRandom(2))
  platform.fetch = network.fetch
  platform.webSocket = network.webSocket
  network.allow(CHANNEL)
  const PullClient = pullClientClass(standardParts(() => platform))
  const client = new PullClient({ config: () => Promise.resolve(configOf(platform)), ...told })
  return {
    platform,
    network,
    client,
    publish: (module_id, command, params = {}) =>
      void network.publish(CHANNEL, {
        module_id,
        command,
        params,
        extra: { server_time_unix: platform.clock.now() / 1000 },
      }),
    async connect() {
      void client.start()
      await platform.clock.advance(1000)
      expect(client.status).toBe('connected')
    },
  }
}

/** What a promise came to. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'resolved',
    (thrown: unknown) => (thrown instanceof PullError ? thrown.code : thrown),
  )
}

function expectNothingLeft({ platform, network }: World): void {
  expect([platform.clock.timers, network.openSockets, network.pendingRequests, platform.page.listeners]).toEqual([
    0, 0, 0, 0,
  ])
}

describe('listening', () => {
  test('C5: an event goes to its key, to its module and to everybody', async () => {
    const world = create()
    const calls: unknown[] = []
    world.client.on('im:message', (params, event) => calls.push(['im:message', params, event.command]))
    world.client.on('IM:*', (event) => calls.push(['im:*', event.params]))
    world.client.on('*', (event) => calls.push(['*', event.module]))
    world.client.on('im:Message', () => calls.push('commands are compared as they are'))
    world.client.on('crm:message', () => calls.push('another module'))
    await world.connect()
    world.publish('IM', 'message', { n: 1 })
    await world.platform.clock.advance(10)
    expect(calls).toEqual([
      ['im:message', { n: 1 }, 'message'],
      ['im:*', { n: 1 }],
      ['*', 'im'],
    ])
    await world.client.stop()
  })

  test('C4: an unsubscribe may be called twice, and takes away its own listener only', async () => {
    const world = create()
    const listener = vi.fn()
    const off = world.client.on('im:message', listener)
    world.client.on('im:message', listener)
    off()
    off()
    await world.connect()
    world.publish('im', 'message')
    await world.platform.clock.advance(10)
    expect(listener).toHaveBeenCalledTimes(1)
    await world.client.stop()
  })

  test('a published name that looks like a pattern reaches nobody twice, and nobody in a wrong shape', async () => {
    const world = create()
    const calls: unknown[] = []
    world.client.on('im:*', (event) => calls.push(['im:*', event.module, event.command]))
    world.client.on('*', (event) => calls.push(['*', event.module, event.command]))
    await world.connect()
    world.publish('im', '*', { forged: true })
    world.publish('*', 'x', { forged: true })
    world.publish('*', '*', { forged: true })
    await world.platform.clock.advance(10)
    expect(calls).toEqual([
      ['im:*', 'im', '*'],
      ['*', 'im', '*'],
      ['*', '*', 'x'],
      ['*', '*', '*'],
    ])
    await world.client.stop()
  })

  test.each(['message', '', 'toString', ':x', '__proto__', 5, null, undefined])('%j is no key', (key) => {
    expect(() => create().client.on(key as '*', () => {})).toThrow(/'module:command'.*status/)
  })
  test.each([undefined, null, 'x', {}])('%j is no listener', (listener) => {
    expect(() => create().client.on('im:x', listener as () => void)).toThrow(PullError)
  })
})

describe('C4: listeners that fail', () => {
  test('a throwing one keeps nothing from the others, and surfaces as error', async () => {
    const world = create()
    const thrown = new Error('mine')
    const errors: PullError[] = []
    const after = vi.fn()
    world.client.on('error', (error) => errors.push(error))
    world.client.on('im:message', () => {
      throw thrown
    })
    world.client.on('im:message', after)
    await world.connect()
    world.publish('im', 'message')
    await world.platform.clock.advance(10)
    expect(after).toHaveBeenCalledTimes(1)
    expect(errors.map(({ code, cause, facts }) => [code, cause, facts])).toEqual([
      ['listener-threw', thrown, { key: 'im:message' }],
    ])
    expect(world.client.status).toBe('connected')
    await world.client.stop()
  })

  test('an async one that rejects surfaces too', async () => {
    const world = create()
    const errors: PullError[] = []
    world.client.on('error', (error) => errors.push(error))
    world.client.on('im:message', () => Promise.reject(new Error('later')))
    await world.connect()
    world.publish('im', 'message')
    await world.platform.clock.advance(10)
    expect(errors.map(({ code }) => code)).toEqual(['listener-threw'])
    await world.client.stop()
  })

  test('a listener of error that throws is told to the console, once, and not to itself', async () => {
    const world = create()
    const listener = vi.fn(() => {
      throw new Error('of error')
    })
    world.client.on('error', listener)
    world.client.on('im:message', () => {
      throw new Error('mine')
    })
    await world.connect()
    world.publish('im', 'message')
    await world.platform.clock.advance(10)
    expect(listener).toHaveBeenCalledTimes(1)
    expect(world.platform.log).toHaveLength(1)
    await world.client.stop()
  })

  test('an error nobody listens to goes to the console', async () => {
    const world = create()
    world.client.on('im:message', () => {
      throw new Error('mine')
    })
    await world.connect()
    world.publish('im', 'message')
    await world.platform.clock.advance(10)
    expect(world.platform.log.map(([line]) => line)).toEqual([expect.stringContaining('im:message threw')])
    await world.client.stop()
  })

  test('a logger without methods is a logger', async () => {
    const world = create({ logger: {}, debug: true })
    world.client.on('im:message', () => {
      throw new Error('mine')
    })
    await world.connect()
    world.publish('im', 'message')
    await world.platform.clock.advance(10)
    expect(world.platform.log).toEqual([])
    await world.client.stop()
  })
})

describe('start and stop', () => {
  test('C1: there is one promise however often it is asked for, and it resolves when connected', async () => {
    const world = create()
    const promise = world.client.start()
    expect(world.client.start()).toBe(promise)
    await world.platform.clock.advance(200)
    expect(await outcome(promise)).toBe('resolved')
    expect(world.client.start()).toBe(promise)
    expect(world.network.asked).toHaveLength(1)
    await world.client.stop()
  })

  test('C2: a stop before the connection rejects the start', async () => {
    const world = create()
    const promise = world.client.start()
    await world.client.stop()
    await world.client.stop()
    expect(await outcome(promise)).toBe('stopped')
    expect(world.client.status).toBe('stopped')
    expectNothingLeft(world)
  })

  test('a client that was never started can be stopped, and stays idle', async () => {
    const world = create()
    await world.client.stop()
    expect(world.client.status).toBe('idle')
  })

  test('it can be started again, and receives again', async () => {
    const world = create()
    const received: unknown[] = []
    world.client.on('im:message', (params) => received.push(params))
    await world.connect()
    await world.client.stop()
    expectNothingLeft(world)
    await world.platform.clock.advance(5000)
    await world.connect()
    world.publish('im', 'message', { n: 2 })
    await world.platform.clock.advance(10)
    expect(received).toEqual([{ n: 2 }])
    await world.client.stop()
    expectNothingLeft(world)
  })

  test.each(['status', 'transport', 'channels'] as const)('a listener of %s may stop it, at any time', async (key) => {
    const world = create()
    world.client.on(key as 'status', () => void world.client.stop())
    const promise = world.client.start()
    await world.platform.clock.advance(1000)
    expect(world.client.status).toBe('stopped')
    expect(await outcome(promise)).toMatch(
      key === 'status' || key === 'channels' || key === 'transport' ? 'stopped' : '',
    )
    expectNothingLeft(world)
  })

  test.each(['transport', 'status'] as const)('C1: what a listener of %s stops stays told as it is', async (key) => {
    const world = create()
    const told: string[] = []
    let again: Promise<void> | null = null
    world.client.on('status', ({ status }) => void told.push(status))
    world.client.on(key, () => {
      if (world.client.status !== 'connected' || again) return
      void world.client.stop()
      again = world.client.start()
      void outcome(again).then((how) => told.push(String(how)))
    })
    void world.client.start()
    await world.platform.clock.advance(1000)
    const first = key === 'status' ? ['connecting', 'connected'] : ['connecting']
    expect(told).toEqual([...first, 'stopped', 'connecting', 'connected', 'resolved'])
    expect(world.client.status).toBe('connected')
  })

  test('a start that nobody awaits and a listener stops leaves no unhandled rejection', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const world = create()
    world.client.on('status', () => void world.client.stop())
    void world.client.start()
    await world.platform.clock.advance(100)
    await promiseJobs()
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('a listener that stops in the middle of a frame gets the rest of it no more', async () => {
    const world = create({ transport: 'long-polling' })
    const received: unknown[] = []
    world.client.on('im:message', (params) => {
      received.push(params)
      void world.client.stop()
    })
    await world.connect()
    world.network.drop()
    for (let n = 1; n <= 3; n++) world.publish('im', 'message', { n })
    await world.platform.clock.advance(5000)
    expect(received).toEqual([{ n: 1 }])
    expectNothingLeft(world)
  })

  test('tells each status once, and the transport with it', async () => {
    const world = create()
    const told: unknown[] = []
    world.client.on('status', ({ status, transport, reason }) => told.push([status, transport, reason]))
    world.client.on('transport', (fact) => told.push(fact))
    await world.connect()
    world.network.drop(1012)
    await world.platform.clock.advance(20_000)
    await world.client.stop()
    expect(told).toEqual([
      ['connecting', null, 'starting'],
      { transport: 'websocket', previous: null },
      ['connected', 'websocket', 'open'],
      { transport: null, previous: 'websocket' },
      ['reconnecting', null, 'server-restart'],
      { transport: 'websocket', previous: null },
      ['connected', 'websocket', 'open'],
      // G1: and once more, when it is known what became of what was missed.
      ['connected', 'websocket', 'open'],
      { transport: null, previous: 'websocket' },
      ['stopped', null, 'stopped'],
    ])
  })
})

describe('C2: what cannot ever work', () => {
  test.each<[string, Partial<PullClientOptions>, string]>([
    ['a refusal', { config: () => Promise.reject(new PullError('forbidden', 'Log in.')) }, 'forbidden'],
    ['a portal without push server', { config: { server: { ...serverOf(), server_enabled: false } } }, 'disabled'],
    ['a configuration of rubbish', { config: { server: 'x' } }, 'bad-config'],
    [
      'a transport this runtime lacks',
      { config: sampleConfig(), transport: 'websocket', platform: { webSocket: null } },
      'no-transport',
    ],
    ['a transport that does not exist yet', { config: sampleConfig(), transport: 'interval-polling' }, 'no-transport'],
  ])('%s rejects the start, is told as error, and leaves nothing', async (_, options, code) => {
    const world = create(options)
    const errors: string[] = []
    world.client.on('error', (error) => errors.push(error.code))
    const promise = world.client.start()
    await world.platform.clock.advance(100)
    expect(await outcome(promise)).toBe(code)
    expect(errors).toEqual([code])
    expect(world.client.status).toBe('stopped')
    expectNothingLeft(world)
  })

  test('N6: no-transport says why each one was skipped', async () => {
    const world = create({ config: sampleConfig(), platform: { webSocket: null, fetch: null } })
    const promise = world.client.start()
    promise.catch(() => {})
    await world.platform.clock.advance(100)
    await expect(promise).rejects.toMatchObject({
      facts: { skipped: { websocket: 'unsupported', sse: 'unsupported', 'long-polling': 'unsupported' } },
    })
  })

  test('a portal that is down is not: it keeps trying', async () => {
    let asked = 0
    const world = create({
      config: () => {
        asked++
        return Promise.reject(new TypeError('fetch failed'))
      },
    })
    const settled = vi.fn()
    world.client.start().then(settled, settled)
    await world.platform.clock.advance(600_000)
    expect(settled).not.toHaveBeenCalled()
    expect(asked).toBeGreaterThan(8)
    expect(world.client.status).toBe('connecting')
    await world.client.stop()
    expectNothingLeft(world)
  })

  function serverOf(): object {
    return sampleConfig().server
  }
})

test('B5: the ladder of the vendor cloud is the default in its mode', async () => {
  const attempts = async (mode: string): Promise<number> => {
    const config = sampleConfig()
    config.server['mode'] = mode
    const world = create({ config, transport: 'websocket' })
    world.network.behave('websocket', 'refuse')
    world.client.start().catch(() => {})
    await world.platform.clock.advance(600_000)
    await world.client.stop()
    return world.network.asked.length
  }
  // In ten minutes: a handful before the pause of 600 s, against one in 15 s.
  expect(await attempts('shared')).toBeLessThanOrEqual(8)
  expect(await attempts('personal')).toBeGreaterThan(30)
})

describe('options', () => {
  test('C6: everything that is wrong is listed at once', () => {
    const wrong = {
      config: {},
      transport: 'pigeon',
      transports: [],
      timeouts: { raceAfterMs: -1, hurry: 5 },
      replay: { overlapMs: '5' },
      backoff: 'fast',
      debug: 'yes',
      storage: 1,
      logger: 'x',
      schemas: [],
      platform: 5,
      secure: 'maybe',
      transprt: 'sse',
    }
    expect(() => create(wrong as never)).toThrow(PullError)
    try {
      create(wrong as never)
    } catch (error) {
      const { message, facts } = error as PullError
      const names = Object.keys(wrong).filter((name) => name !== 'config')
      names.forEach((name) => expect(message).toContain(name))
      expect(facts['problems']).toHaveLength(names.length)
    }
  })

  test.each([null, undefined, 5, 'x', []])('%j are no options', (options) => {
    const PullClient = pullClientClass(standardParts(() => createFakePlatform()))
    expect(() => new PullClient(options as never)).toThrow(PullError)
  })
  test.each([undefined, null, 5, 'https://portal.example/'])('%j is no configuration', (config) => {
    expect(() => create({ config } as never)).toThrow(/config/)
  })
  test('what is undefined counts as missing', () => {
    const options = { transport: undefined, timeouts: { raceAfterMs: undefined }, debug: undefined } as never
    expect(() => create(options)).not.toThrow()
  })
  test('creating a client touches nothing', () => {
    const world = create()
    expect(world.network.asked).toEqual([])
    expectNothingLeft(world)
    expect([world.client.status, world.client.transport]).toEqual(['idle', null])
  })
})

describe('schemas', () => {
  const schema = (validate: (value: unknown) => unknown): object => ({
    '~standard': { version: 1, vendor: 'test', validate },
  })

  async function deliver(
    validate: (value: unknown) => unknown,
  ): Promise<{ keyed: unknown[]; all: unknown[]; errors: PullError[] }> {
    const world = create({ schemas: { 'im:message': schema(validate) } as never })
    const result = { keyed: [] as unknown[], all: [] as unknown[], errors: [] as PullError[] }
    world.client.on('im:message', (params, event) => result.keyed.push(params, event.params))
    world.client.on('im:*', (event) => result.all.push(event.params))
    world.client.on('error', (error) => result.errors.push(error))
    await world.connect()
    world.publish('im', 'message', { n: '1' })
    world.publish('im', 'other', { n: '2' })
    await world.platform.clock.advance(10)
    await world.client.stop()
    return result
  }

  test('a payload that fits is delivered as the schema gives it back', async () => {
    const { keyed, all, errors } = await deliver((value) => ({ value: { n: Number((value as { n: string }).n) } }))
    expect(keyed).toEqual([{ n: 1 }, { n: 1 }])
    // Other keys get what was published.
    expect(all).toEqual([{ n: '1' }, { n: '2' }])
    expect(errors).toEqual([])
  })
  test('C8: a payload that fails is not delivered to that key, and is told with its issues', async () => {
    const issues = [{ message: 'no number', path: ['n'] }]
    const { keyed, all, errors } = await deliver(() => ({ issues }))
    expect(keyed).toEqual([])
    expect(all).toHaveLength(2)
    expect(errors.map(({ code, facts }) => [code, facts])).toEqual([['payload-invalid', { key: 'im:message', issues }]])
  })
  test.each<[string, (value: unknown) => unknown]>([
    ['an asynchronous one', (value) => Promise.resolve({ value })],
    [
      'one that throws',
      () => {
        throw new Error('broken')
      },
    ],
  ])('%s delivers nothing to that key and says why', async (_, validate) => {
    const { keyed, errors } = await deliver(validate)
    expect(keyed).toEqual([])
    expect(errors.map(({ code }) => code)).toEqual(['payload-invalid'])
  })
  test('a schema is looked up by its own name, not by what objects inherit', async () => {
    const world = create({ schemas: {} })
    const received = vi.fn()
    world.client.on('*', received)
    await world.connect()
    world.publish('__proto__', 'x')
    world.publish('x', 'constructor')
    await world.platform.clock.advance(10)
    expect(received).toHaveBeenCalledTimes(2)
    expect(world.client.diagnostics().timeline.filter(({ what }) => what === 'error')).toEqual([])
    await world.client.stop()
  })
})

describe('diagnostics', () => {
  test('tell what goes on as plain JSON', async () => {
    const world = create()
    await world.connect()
    world.publish('im', 'message')
    await world.platform.clock.advance(10)
    const report = world.client.diagnostics()
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(report).toMatchObject({
      status: 'connected',
      transport: 'websocket',
      reason: 'open',
      server: {
        version: 2,
        endpoints: { websocket: 'ws://push.example/subws/' },
        channels: [{ type: 'private', endAtMs: null }],
      },
      counters: { events: 1, configLoads: 1, opened: 1 },
    })
    await world.client.stop()
    expect(world.client.diagnostics()).toMatchObject({
      status: 'stopped',
      transport: null,
      reason: 'stopped',
      server: report.server,
      cursor: report.cursor,
      counters: { events: 1, configLoads: 1, opened: 1 },
      remembered: 1,
    })
    void world.client.start()
    expect(world.client.diagnostics()).toMatchObject({ server: null, counters: { events: 0 } })
    await world.client.stop()
  })

  test('keep a bounded list of what happened', async () => {
    const world = create()
    world.network.behave('websocket', 'refuse')
    world.network.behave('sse', 'no-answer')
    world.network.behave('long-polling', 'no-answer')
    void world.client.start()
    await world.platform.clock.advance(7_200_000)
    expect(world.client.diagnostics().timeline).toHaveLength(200)
    expect(world.client.diagnostics()).toMatchObject({ status: 'connecting', reason: 'server-unreachable' })
    await world.client.stop()
  })

  test('C7: no secret is in diagnostics, errors or log lines, whatever goes wrong', async () => {
    const secrets = Object.values(SECRETS)
    const moods = fc.constantFrom('ok', 'refuse', 'no-answer', 'half', 'wrong', 'hang')
    const property = fc.asyncProperty(moods, moods, moods, fc.boolean(), async (websocket, sse, poll, forbidden) => {
      const lines: unknown[] = []
      const write = (...parts: unknown[]): void => void lines.push(parts.map(inside))
      const config = { ...sampleConfig(), clientId: 'c'.repeat(32), jwt: SECRETS.jwt }
      config.server['mode'] = 'shared'
      config.server['websocket_secure'] =
        `wss://user:${SECRETS.jwt}@push.example/subws/?CHANNEL_ID=${SECRETS.privateChannel}`
      const world = create({ config, debug: true, secure: true, logger: { debug: write, warn: write, error: write } })
      const ids = Object.values(config.channels).map(({ id }) => String(id))
      if (!forbidden) ids.forEach((id) => world.network.allow(id))
      world.network.behave('websocket', websocket as 'ok')
      world.network.behave('sse', sse as 'ok')
      world.network.behave('long-polling', poll as 'ok')
      const promise = world.client.start()
      promise.catch(write)
      await world.platform.clock.advance(20_000)
      world.network.publish(ids[0]!, {
        module_id: 'pull',
        command: 'channel_expire',
        params: { action: 'get_config', channel: { id: ids[0] } },
      })
      world.network.publish(ids[0]!, { wrong: SECRETS.jwt })
      await world.platform.clock.advance(30_000)
      lines.push(inside(world.client.diagnostics()))
      await world.client.stop()
      lines.push(inside(world.client.diagnostics()))
      await promiseJobs()
      const text = JSON.stringify(lines)
      expect(text.length).toBeGreaterThan(500)
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
    })
    await fc.assert(property, { numRuns: 60 })
  })

  /** Everything in an error that anybody may print. */
  function inside(value: unknown): unknown {
    if (!(value instanceof Error)) return value
    const { message, stack, cause } = value
    return { ...value, message, stack, cause: inside(cause) }
  }
})
