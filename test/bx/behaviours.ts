/**
 * Owns what each member that portal modules use has to do, by the name it has in the table of members. Every starred row
 * needs one.
 */
import { expect } from 'vitest'
import { type LegacyWorld, createLegacyWorld } from './legacy-world'

type Behaviour = () => Promise<void>

/** Started, and connected to a push-stream server. */
export async function connected(options: Parameters<typeof createLegacyWorld>[0] = {}): Promise<LegacyWorld> {
  const world = createLegacyWorld(options)
  void world.client.start()
  await world.advance(1000)
  expect(world.client.isConnected()).toBe(true)
  world.core.fired.length = 0
  return world
}

/** One message, and what was fired and called for it, in order. */
async function told(
  listen: (world: LegacyWorld, calls: unknown[]) => void,
  message: Parameters<LegacyWorld['publish']> = ['IM', 'message', { n: 1 }],
): Promise<unknown[]> {
  const world = await connected()
  const calls: unknown[] = []
  listen(world, calls)
  world.publish(...message)
  await world.advance(100)
  world.client.stop()
  return calls
}

const EXTRA = expect.objectContaining({ server_time_ago: expect.any(Number), server_time_unix: expect.any(Number) })
const CLIENT = { sender: { type: 1, id: 'abc' } }

/** What the portal's core was told for one message. */
async function fired(...message: Parameters<LegacyWorld['publish']>): Promise<unknown[]> {
  const world = await connected()
  world.publish(...message)
  await world.advance(100)
  world.client.stop()
  return [...world.core.fired]
}

async function does(nothing: (world: LegacyWorld) => unknown): Promise<void> {
  const world = await connected()
  expect(nothing(world)).toBeUndefined()
  await world.advance(1000)
  expect([world.client.isConnected(), world.network.asked.length]).toEqual([true, 1])
  world.client.stop()
}

export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  async start() {
    const world = createLegacyWorld()
    const [first, second] = [world.client.start(), world.client.start()]
    expect(second).toBe(first)
    await world.advance(1000)
    await expect(first).resolves.toBe(true)
    await expect(world.client.start()).resolves.toBe(true)
    expect(world.core.calls).toEqual([{ method: 'pull.config.get', params: { CACHE: 'N' }, logTag: 'client_start' }])
    expect(world.network.asked).toHaveLength(1)
    world.client.stop()
  },
  async restart() {
    const world = await connected()
    await world.advance(10_000)
    world.client.restart(world.PullClient.CloseReasons.MANUAL, 'text')
    await world.advance(2000)
    expect(world.core.calls.map(({ method }) => method)).toEqual(['pull.config.get', 'pull.config.get'])
    expect([world.network.asked.length, world.network.openSockets, world.client.isConnected()]).toEqual([2, 1, true])
    world.client.stop()
    await world.client.restart()
    await world.advance(1000)
    expect(world.client.isConnected()).toBe(true)
    world.client.stop()
  },
  async stop() {
    const world = await connected()
    world.client.scheduleReconnect(60)
    expect(world.client.stop(world.PullClient.CloseReasons.MANUAL, 'text')).toBeUndefined()
    expect(world.client.isConnected()).toBe(false)
    await world.advance(120_000)
    const { platform, network } = world
    expect([platform.clock.timers, network.openSockets, network.pendingRequests, platform.page.listeners]).toEqual([
      0, 0, 0, 0,
    ])
    expect(network.asked).toHaveLength(1)
  },
  async scheduleReconnect() {
    const world = await connected()
    world.client.disconnect()
    await world.advance(10_000)
    expect(world.client.scheduleReconnect(3)).toBeUndefined()
    await world.advance(2900)
    expect(world.client.isConnected()).toBe(false)
    await world.advance(500)
    expect(world.client.isConnected()).toBe(true)
    world.client.stop()
    expect(new world.PullClient({ serverEnabled: false }).scheduleReconnect()).toBe(false)
  },
  async isConnected() {
    const world = createLegacyWorld()
    expect(world.client.isConnected()).toBe(false)
    void world.client.start()
    expect(world.client.isConnected()).toBe(false)
    await world.advance(1000)
    expect(world.client.isConnected()).toBe(true)
    world.network.behave('websocket', 'no-answer')
    world.network.behave('sse', 'no-answer')
    world.network.behave('long-polling', 'no-answer')
    world.network.drop()
    await world.advance(100)
    expect(world.client.isConnected()).toBe(false)
    world.client.stop()
  },
  isPublishingSupported: publishing('isPublishingSupported', [false, true, true, true]),
  isPublishingEnabled: publishing('isPublishingEnabled', [false, true, false, true]),
  isJsonRpc: publishing('isJsonRpc', [false, false, false, true]),

  async subscribe() {
    const world = await connected()
    const calls: string[] = []
    const twice = (): void => void calls.push('twice')
    const off = world.client.subscribe({ moduleId: 'im', callback: twice })
    world.client.subscribe({ moduleId: 'im', callback: twice })
    world.client.subscribe({ moduleId: 'IM', callback: () => calls.push('capitals') })
    world.client.subscribe({ moduleId: 'crm', callback: () => calls.push('another module') })
    world.publish('IM', 'message')
    await world.advance(100)
    expect(calls).toEqual(['twice', 'twice'])
    off()
    off()
    world.publish('im', 'message')
    await world.advance(100)
    expect(calls).toEqual(['twice', 'twice'])
    world.client.stop()
  },
  async attachCommandHandler() {
    const calls = await told(({ client }, list) => {
      class Handler {
        name = 'im'
        getModuleId(): string {
          return this.name
        }
        handleMessage(...args: unknown[]): void {
          list.push(this.name, ...args)
        }
      }
      client.attachCommandHandler(new Handler())
    })
    expect(calls).toEqual(['im', { n: 1 }, EXTRA, 'message'])
  },
  async emit() {
    const world = createLegacyWorld()
    const calls: unknown[] = []
    world.client.subscribe({ moduleId: 'im', command: 'x', callback: (...args) => calls.push(args) })
    world.client.subscribe({ moduleId: 'im', callback: (...args) => calls.push(args) })
    const data = { command: 'x', params: { n: 1 }, extra: {} }
    expect(world.client.emit({ type: 'server', moduleId: 'im', data })).toBe(true)
    const about = { type: 'server', moduleId: 'im' }
    expect(calls).toEqual([
      [data, about],
      [{ n: 1 }, {}, 'x', about],
    ])
    expect(world.core.fired).toEqual([])
  },
  async 'server, of a module'() {
    const calls = await told(({ client }, list) =>
      client.subscribe({ moduleId: 'im', callback: (...args) => list.push(args) }),
    )
    expect(calls).toEqual([
      [
        { command: 'message', params: { n: 1 }, extra: EXTRA },
        { type: 'server', moduleId: 'im' },
      ],
    ])
  },
  async 'server, of a command'() {
    const calls = await told(({ client }, list) => {
      client.subscribe({ moduleId: 'im', command: 'message', callback: (...args) => list.push(args) })
      client.subscribe({ moduleId: 'im', command: 'Message', callback: () => list.push('another command') })
      client.subscribe({ type: 'client', moduleId: 'im', command: 'message', callback: () => list.push('client') })
    })
    expect(calls).toEqual([[{ n: 1 }, EXTRA, 'message', { type: 'server', moduleId: 'im' }]])
  },
  async client() {
    const calls = await told(
      ({ client }, list) => {
        client.subscribe({ type: 'client', moduleId: 'im', command: 'typing', callback: (...args) => list.push(args) })
        client.subscribe({ type: 'client', moduleId: 'im', callback: (...args) => list.push(args) })
        client.subscribe({ moduleId: 'im', callback: () => list.push('server') })
      },
      ['im', 'typing', { n: 1 }, CLIENT],
    )
    const about = { type: 'client', moduleId: 'im' }
    const extra = expect.objectContaining(CLIENT)
    expect(calls).toEqual([
      [{ command: 'typing', params: { n: 1 }, extra }, about],
      [{ n: 1 }, extra, 'typing', about],
    ])
  },
  async online() {
    const listen = ({ client }: LegacyWorld, list: unknown[]): void => {
      client.subscribe({ type: 'online', callback: (...args) => list.push(args) })
      client.subscribe({ moduleId: 'online', callback: () => list.push('server') })
    }
    expect(await told(listen, ['online', 'list', { users: {} }])).toEqual([
      [{ command: 'list', params: { users: {} }, extra: EXTRA }, { type: 'online' }],
    ])
    const old = { server_time_unix: Date.parse('2026-11-20T12:00:00Z') / 1000 - 300 }
    expect(await told(listen, ['online', 'list', {}, old])).toEqual([])
  },
  async status() {
    const world = createLegacyWorld()
    const calls: unknown[] = []
    world.client.subscribe({ type: 'status', callback: (...args) => calls.push(args) })
    void world.client.start()
    await world.advance(1000)
    expect(calls).toEqual([
      [{ status: 'connect' }, { type: 'status' }],
      [{ status: 'online' }, { type: 'status' }],
    ])
    world.client.stop()
    await world.advance(4900)
    expect(calls).toHaveLength(2)
    await world.advance(200)
    expect(calls[2]).toEqual([{ status: 'offline' }, { type: 'status' }])
  },
  async getModuleId() {
    const calls = await told(({ client }, list) => {
      // A literal is a handler as well, and does not have to be attached by another name.
      client.subscribe({ getModuleId: () => 'im', getMap: () => ({ message: () => list.push('im') }) })
      client.subscribe({ getModuleId: () => 'crm', getMap: () => ({ message: () => list.push('crm') }) })
    })
    expect(calls).toEqual(['im'])
  },
  async getMap() {
    const world = await connected()
    const calls: unknown[] = []
    const handler = {
      maps: 0,
      getModuleId: () => 'im',
      getMap() {
        handler.maps++
        return { first: this.one, second: 'two', toString: 'none' }
      },
      one(this: unknown, ...args: unknown[]) {
        calls.push(this === handler, ...args)
      },
      two(this: unknown, ...args: unknown[]) {
        calls.push(this === handler, ...args)
      },
      handleFirst: () => calls.push('the map comes first'),
      handleConstructor: () => calls.push('own entries of the map only'),
    }
    world.client.subscribe(handler)
    world.publish('im', 'first', { n: 1 })
    world.publish('im', 'second', { n: 2 })
    world.publish('im', 'constructor')
    world.publish('im', 'unknown')
    await world.advance(200)
    expect(calls).toEqual([
      ...[true, { n: 1 }, EXTRA, 'first'],
      ...[true, { n: 2 }, EXTRA, 'second'],
      'own entries of the map only',
    ])
    expect(handler.maps).toBe(4)
    world.client.stop()
  },
  async 'handle<Command>'() {
    const calls = await told(({ client }, list) => {
      const prototype = { getModuleId: () => 'im', handleMessage: (...args: unknown[]) => list.push(...args) }
      client.subscribe(Object.create(prototype) as typeof prototype)
    })
    expect(calls).toEqual([{ n: 1 }, EXTRA, 'message'])
  },

  async 'onPullEvent-<module>'() {
    const [first] = await fired('IM', 'message', { n: 1 })
    expect(first).toEqual(['onPullEvent-im', 'message', { n: 1 }, EXTRA])
  },
  async onPullEvent() {
    expect((await fired('im', 'message', { n: 1 }))[1]).toEqual(['onPullEvent', 'im', 'message', { n: 1 }, EXTRA])
  },
  async 'onPullClientEvent-<module>'() {
    const all = await fired('im', 'typing', { n: 1 }, CLIENT)
    const extra = expect.objectContaining(CLIENT)
    expect(all).toEqual([
      ['onPullClientEvent-im', 'typing', { n: 1 }, extra],
      ['onPullClientEvent', 'im', 'typing', { n: 1 }, extra],
    ])
  },
  async onPullOnlineEvent() {
    expect(await fired('online', 'list', { users: {} })).toEqual([['onPullOnlineEvent', 'list', { users: {} }, EXTRA]])
  },
  async onPullStatus() {
    const world = createLegacyWorld()
    void world.client.start()
    await world.advance(1000)
    expect(world.core.fired).toEqual([
      ['onPullStatus', 'connect'],
      ['onPullStatus', 'online'],
    ])
    world.client.stop()
  },
  async onPullError() {
    const world = createLegacyWorld()
    world.core.answers['pull.config.get'] = () => new Error('AUTHORIZE_ERROR')
    await expect(world.client.start()).rejects.toMatchObject({ code: 'forbidden', ex: { error: 'AUTHORIZE_ERROR' } })
    expect(world.core.fired.filter(([name]) => name === 'onPullError')).toEqual([['onPullError', 'AUTHORIZE_ERROR']])
    await world.advance(120_000)
    expect(world.core.calls).toHaveLength(1)
  },
  async onPullRevisionUp() {
    const world = await connected()
    const calls: unknown[] = []
    world.client.subscribe({ type: 'revision', callback: (...args) => calls.push(args) })
    world.publish('im', 'message', {}, { revision_web: '19' })
    world.publish('im', 'message', {}, { revision_web: 20 })
    world.publish('im', 'message', {}, { revision_web: 20 })
    await world.advance(200)
    expect(world.core.fired.filter(([name]) => name === 'onPullRevisionUp')).toEqual([['onPullRevisionUp', 20, 19]])
    expect(calls).toEqual([[{ server: 20, client: 19 }, { type: 'revision' }]])
    expect(world.client.isConnected()).toBe(true)
    world.client.stop()
  },

  async extendWatch() {
    const world = await connected()
    const { client, core, advance } = world
    core.answers['pull.watch.extend'] = ({ tags }) =>
      Object.fromEntries((tags as string[]).map((tag) => [tag, tag !== 'GONE']))
    expect([
      client.extendWatch(''),
      client.extendWatch('A'),
      client.extendWatch('A'),
      client.extendWatch('GONE'),
    ]).toEqual([false, undefined, false, undefined])
    const asked = (): unknown[] =>
      core.calls.filter(({ method }) => method === 'pull.watch.extend').map((call) => call.params)
    await advance(5100)
    expect(asked()).toEqual([{ tags: ['A', 'GONE'] }])
    // Known, and forced: asked for again within five seconds. A tag that was dropped needs no force.
    expect(client.extendWatch('A', true)).toBe(false)
    client.extendWatch('GONE')
    await advance(5100)
    expect(asked()[1]).toEqual({ tags: expect.arrayContaining(['A', 'GONE']) })
    await advance(29 * 60_000)
    expect(asked()[2]).toEqual({ tags: ['A'] })
    client.stop()
  },
  async clearWatch() {
    const world = await connected()
    const { client, core, advance } = world
    core.answers['pull.watch.extend'] = () => ({})
    client.extendWatch('A')
    client.extendWatch('B')
    client.extendWatch('A', true)
    client.clearWatch('A')
    client.clearWatch('A')
    await advance(6000)
    expect(core.calls.filter(({ method }) => method === 'pull.watch.extend').map(({ params }) => params)).toEqual([
      { tags: ['B'] },
    ])
    expect(client.extendWatch('A')).toBeUndefined()
    client.stop()
  },

  async capturePullEvent() {
    const world = await connected()
    world.client.capturePullEvent()
    world.publish('im', 'message', { n: 1 })
    world.publish('im', 'typing', { n: 2 }, CLIENT)
    world.publish('online', 'list', {})
    await world.advance(200)
    const printed = world.platform.log.map(([name]) => name)
    expect(printed).toEqual(['onPullEvent', 'onPullClientEvent', 'onPullOnlineEvent'])
    expect(world.platform.log[0]).toEqual(['onPullEvent', 'im', 'message', { n: 1 }, EXTRA])
    world.client.capturePullEvent(false)
    world.publish('im', 'message')
    await world.advance(100)
    expect(world.platform.log).toHaveLength(3)
    world.client.stop()
  },
  async getDebugInfoArray() {
    const world = await connected()
    expect(world.client.getDebugInfoArray()).toEqual({
      connected: true,
      websocket: true,
      websocketBlocked: false,
      path: 'http://push.example/sub/',
      pathWebsocket: 'ws://push.example/subws/',
    })
    world.client.stop()
  },

  async supportWebSocket() {
    const world = createLegacyWorld()
    expect(world.client.supportWebSocket()).toBe(true)
    const without = createLegacyWorld({ prepare: ({ platform }) => (platform.webSocket = null) })
    expect(without.client.supportWebSocket()).toBe(false)
  },
  async isWebSoketConnected() {
    const world = await connected()
    expect(world.client.isWebSoketConnected()).toBe(true)
    world.client.stop()
    expect(world.client.isWebSoketConnected()).toBe(false)
    const polling = await connected({ attributes: { 'data-transport': 'long-polling' } })
    expect(polling.client.isWebSoketConnected()).toBe(false)
    polling.client.stop()
  },
  async getPullServerStatus() {
    const world = await connected()
    expect(world.client.getPullServerStatus()).toBe(true)
    world.client.stop()
    expect(world.client.getPullServerStatus()).toBe(false)
  },
  closeConfirm: () => does(({ client }) => client.closeConfirm()),
  updateChannelID: () => does(({ client }) => client.updateChannelID('1')),
}

/** By version: push-stream, 2.0 that may publish, 2.0 that may not, 3.0. */
function publishing(
  member: 'isPublishingSupported' | 'isPublishingEnabled' | 'isJsonRpc',
  expected: boolean[],
): Behaviour {
  return async () => {
    const found: boolean[] = []
    for (const [version, isEnabled] of [
      ['2', true],
      ['4', true],
      ['4', false],
      ['5', true],
    ] as const) {
      const world = createLegacyWorld()
      const config = world.config()
      void world.client.start({
        ...config,
        server: {
          ...(config['server'] as object),
          version,
          publish_enabled: isEnabled,
          publish: 'http://push.example/pub/',
        },
      })
      await world.advance(100)
      found.push(world.client[member]())
      world.client.stop()
    }
    expect(found).toEqual(expected)
  }
}
