/** What one message sets off, in which order, and what listeners can do to each other. */
import { describe, expect, test, vi } from 'vitest'
import { connected } from './behaviours'
import { createLegacyWorld } from './legacy-world'

describe('X3: one message', () => {
  test('events of the portal first, then subscribers of the module, then of the command, as they subscribed', async () => {
    const world = await connected()
    const { client, core } = world
    const calls: string[] = []
    const note = (name: string) => (): void => void calls.push(name)
    client.subscribe({ moduleId: 'im', command: 'message', callback: note('command 1') })
    client.subscribe({ moduleId: 'im', callback: note('module 1') })
    client.subscribe({ getModuleId: () => 'im', getMap: () => ({ message: note('handler') }) })
    client.subscribe({ moduleId: 'im', command: 'message', callback: note('command 2') })
    client.subscribe({ moduleId: 'im', callback: note('module 2') })
    const listen = core.bx.addCustomEvent!
    listen('onPullEvent', note('event'))
    listen('ONPULLEVENT-IM', note('event of the module'))
    world.publish('im', 'message')
    await world.advance(100)
    expect(calls).toEqual(['event of the module', 'event', 'module 1', 'handler', 'module 2', 'command 1', 'command 2'])
    client.stop()
  })

  test('everybody has data of his own', async () => {
    const world = await connected()
    const { client, core } = world
    const seen: unknown[] = []
    const spoil = (params: { list: number[] }): void => {
      seen.push([...params.list])
      params.list.push(2)
    }
    core.bx.onCustomEvent = (_target, name, args) => {
      core.fired.push([name])
      // A core that hands out no copies.
      spoil(args[name === 'onPullEvent' ? 2 : 1] as { list: number[] })
    }
    client.subscribe({ moduleId: 'im', callback: ({ params }) => spoil(params as { list: number[] }) })
    client.subscribe({ moduleId: 'im', callback: ({ params }) => spoil(params as { list: number[] }) })
    client.subscribe({ moduleId: 'im', command: 'x', callback: (params) => spoil(params as { list: number[] }) })
    world.publish('im', 'x', { list: [1] })
    await world.advance(100)
    expect(seen).toEqual([[1], [1], [1], [1], [1]])
    client.stop()
  })

  test('who throws silences nobody: events, modules, commands, handlers, statuses', async () => {
    const world = await connected()
    const { client, core } = world
    const calls: string[] = []
    const fail = (): never => {
      throw new Error('mine')
    }
    core.bx.addCustomEvent!('onPullEvent-im', fail)
    core.bx.addCustomEvent!('onPullEvent', () => calls.push('event'))
    client.subscribe({ moduleId: 'im', callback: fail })
    client.subscribe({ getModuleId: () => 'im', getMap: fail })
    client.subscribe({ moduleId: 'im', callback: () => calls.push('module') })
    client.subscribe({ moduleId: 'im', command: 'x', callback: fail })
    client.subscribe({ moduleId: 'im', command: 'x', callback: () => calls.push('command') })
    client.subscribe({ type: 'status', callback: fail })
    client.subscribe({ type: 'status', callback: ({ status }) => calls.push(status) })
    world.publish('im', 'x')
    await world.advance(100)
    world.network.drop()
    await world.advance(2000)
    expect(calls).toEqual(['event', 'module', 'command', 'connect', 'online'])
    expect(world.platform.log.length).toBeGreaterThan(4)
    client.stop()
  })

  test('who comes and goes during a message', async () => {
    const world = await connected()
    const calls: string[] = []
    const off = world.client.subscribe({
      moduleId: 'im',
      callback: () => {
        calls.push('first')
        off()
        world.client.subscribe({ moduleId: 'im', callback: () => calls.push('late') })
      },
    })
    world.client.subscribe({ moduleId: 'im', callback: () => calls.push('second') })
    world.publish('im', 'x')
    await world.advance(100)
    expect(calls).toEqual(['first', 'second'])
    world.publish('im', 'x')
    await world.advance(100)
    expect(calls).toEqual(['first', 'second', 'second', 'late'])
    world.client.stop()
  })

  test.each([
    [null],
    [undefined],
    ['im'],
    [{}],
    [{ moduleId: 'im' }],
    [Object.create({ handleX: () => {} }) as object],
  ])('subscribe(%j) says what is wrong, and gives an undo that does nothing', async (params) => {
    const world = createLegacyWorld()
    const off = world.client.subscribe(params as never)
    expect([off(), world.platform.log.length]).toEqual([undefined, 1])
  })

  test('a message without date and data is told with defaults', async () => {
    const world = await connected()
    const calls: unknown[] = []
    world.client.subscribe({ moduleId: 'im', callback: (data) => calls.push(data) })
    world.client.subscribe({ type: 'online', callback: (data) => calls.push(data) })
    world.network.publish('a'.repeat(32), { module_id: 'im', command: 'x' })
    world.network.publish('a'.repeat(32), { module_id: 'online', command: 'userStatus' })
    await world.advance(100)
    expect(calls).toEqual([
      { command: 'x', params: {}, extra: { server_time_ago: 0 } },
      { command: 'userStatus', params: {}, extra: { server_time_ago: 0 } },
    ])
    world.client.stop()
  })

  test('names of the language are names of commands like any other', async () => {
    const world = await connected()
    const calls: unknown[] = []
    world.client.subscribe({ moduleId: 'im', command: '__proto__', callback: (params) => calls.push(params) })
    world.client.subscribe({ moduleId: 'im', callback: ({ params }) => calls.push(Object.keys(params as object)) })
    world.network.publish('a'.repeat(32), {
      module_id: 'im',
      command: '__proto__',
      params: JSON.parse('{"__proto__": {"spoilt": true}, "n": 1}') as unknown,
    })
    world.publish('__proto__', 'spoilt')
    world.publish('constructor', 'name')
    await world.advance(200)
    expect(calls).toHaveLength(2)
    expect(Object.keys(Object.getPrototypeOf({}) as object)).toEqual([])
    expect(({} as { spoilt?: boolean }).spoilt).toBeUndefined()
    expect(world.client.session).toMatchObject({ messageCount: 3 })
    world.client.stop()
  })
})

test('X4: a handler is called by its map, by name or function, else by handle<Command>, and is asked each time', async () => {
  const world = await connected()
  const calls: unknown[] = []
  const handler = {
    map: { a: 'missing', b: 'named' } as Record<string, unknown>,
    getModuleId: () => 'im',
    getSubscriptionType: () => 'client' as const,
    getMap(): never {
      return this.map as never
    },
    named: (...args: unknown[]) => calls.push(['named', args[2]]),
    handleA: (...args: unknown[]) => calls.push(['handleA', args[2]]),
  }
  world.client.subscribe(handler)
  const client = { sender: { type: 1 } }
  const say = async (command: string, extra: object = client): Promise<void> => {
    world.publish('im', command, {}, extra)
    await world.advance(100)
  }
  for (const command of ['a', 'b', 'c']) await say(command)
  // Another type than the handler's.
  await say('a', {})
  handler.map = { a: () => calls.push('function') }
  await say('a')
  handler.map = null as never
  await say('a')
  expect(calls).toEqual([['handleA', 'a'], ['named', 'b'], 'function', ['handleA', 'a']])
  world.client.stop()
})

describe('X5: statuses', () => {
  const statuses = (fired: readonly (readonly unknown[])[]): unknown[] =>
    fired.filter(([name]) => name === 'onPullStatus').map(([, status]) => status)

  test('a short break is no offline', async () => {
    const world = await connected()
    world.network.drop()
    await world.advance(4000)
    expect(statuses(world.core.fired)).toEqual(['connect', 'online'])
    world.client.stop()
  })

  test('a long one is offline after five seconds in which nothing was tried, and connect when it is', async () => {
    const world = await connected()
    for (const kind of ['websocket', 'sse', 'long-polling'] as const) world.network.behave(kind, 'no-answer')
    world.network.drop()
    await world.advance(60_000)
    expect(statuses(world.core.fired)).toContain('offline')
    expect(statuses(world.core.fired)[0]).toBe('connect')
    const all = statuses(world.core.fired)
    expect(all.filter((status, at) => status === all[at - 1])).toEqual([])
    for (const kind of ['websocket', 'sse', 'long-polling'] as const) world.network.behave(kind, 'ok')
    await world.advance(30_000)
    expect([statuses(world.core.fired).at(-1), world.client.status]).toEqual(['online', 'online'])
    world.client.stop()
  })

  test('a page that goes into the cache of the browser tells nothing until it comes back', async () => {
    const world = await connected()
    world.platform.page.signal('pagehide')
    await world.advance(60_000)
    expect(statuses(world.core.fired)).toEqual([])
    world.platform.page.signal('pageshow')
    await world.advance(1000)
    expect(statuses(world.core.fired)).toEqual(['connect', 'online'])
    world.client.stop()
  })

  test("a better transport that is tried beside is nobody's business", async () => {
    const world = createLegacyWorld()
    world.network.behave('websocket', 'refuse')
    void world.client.start()
    await world.advance(2000)
    expect([world.client.isConnected(), world.client.isWebSoketConnected()]).toEqual([true, false])
    world.core.fired.length = 0
    await world.advance(70_000)
    world.network.behave('websocket', 'ok')
    await world.advance(180_000)
    expect(world.client.isWebSoketConnected()).toBe(true)
    expect(statuses(world.core.fired)).toEqual([])
    world.client.stop()
  })
})

describe('X11: revisions', () => {
  test.each([
    ['skipCheckRevision', { skipCheckRevision: true }],
    ['restApplication', { restApplication: true }],
  ])('%s tells nothing', async (_, options) => {
    const world = createLegacyWorld()
    const config = { ...world.config(), api: { revision_web: '20' } }
    const client = new world.PullClient(options)
    void client.start(config)
    await world.advance(1000)
    expect(world.core.fired.filter(([name]) => name === 'onPullRevisionUp')).toEqual([])
    client.stop()
  })

  test('that of the configuration counts as well', async () => {
    const world = createLegacyWorld()
    void world.client.start({ ...world.config(), api: { revision_web: '20' } })
    await world.advance(1000)
    expect(world.core.fired.filter(([name]) => name === 'onPullRevisionUp')).toEqual([['onPullRevisionUp', 20, 19]])
    world.client.stop()
  })
})

test('X12: what is logged names every decision and no secret; other pages log as well, for a day', async () => {
  const world = createLegacyWorld()
  world.client.enableLogging()
  expect(world.client.loggingEnabled).toBe(true)
  void world.client.start()
  await world.advance(1000)
  expect(world.platform.log.length).toBeGreaterThan(3)
  expect(JSON.stringify(world.platform.log)).not.toContain('a'.repeat(32))
  const logged = async (): Promise<boolean> => {
    const other = new world.PullClient()
    void other.start()
    await world.advance(1000)
    other.stop()
    return other.loggingEnabled
  }
  expect(await logged()).toBe(true)
  world.platform.clock.jump(86_400_000)
  expect(await logged()).toBe(false)
  world.client.enableLogging()
  world.client.enableLogging(false)
  expect([await logged(), world.client.loggingEnabled]).toEqual([false, false])
  const printed = vi.fn()
  world.platform.console = { debug: printed, warn: printed, error: printed }
  world.client.debug = true
  expect(world.client.debug).toBe(true)
  world.client.stop()
})
