/** Where the configuration comes from, how a start can end, and what hanging up means. */
import { describe, expect, test } from 'vitest'
import type { RestClient } from '../../src/entry'
import { restMethod } from './fake-core'
import { CHANNEL, createLegacyWorld } from './legacy-world'

/** As the portal prints it: every number is a text. */
function printed(config: object, more: object = {}): object {
  const quoted = JSON.parse(JSON.stringify(config), (_, value: unknown) =>
    typeof value === 'number' ? String(value) : value,
  ) as Record<string, unknown>
  delete quoted['serverTime']
  return { ...quoted, ...more }
}

describe('X6: the configuration', () => {
  test('printed by the page: nobody is asked, whatever its timestamp', async () => {
    const world = createLegacyWorld({ phrases: { pull_config_timestamp: '1700000000' } })
    const config = printed(world.config())
    const started = world.client.start(config)
    await world.advance(1000)
    await expect(started).resolves.toBe(true)
    expect(world.core.calls).toEqual([])
    expect([world.client.getServerVersion(), world.client.getRevision(), world.client.getServerMode()]).toEqual([
      2,
      19,
      'personal',
    ])
    expect(world.client.getConfig()).toEqual(config)
    world.client.stop()
  })

  test('one that has ended is taken for nothing, but where nobody can be asked', async () => {
    const world = createLegacyWorld()
    const ended = {
      ...world.config(),
      channels: { private: { id: 'b'.repeat(32), type: 'private', end: '2020-01-01T00:00:00+00:00' } },
    }
    void world.client.start(printed(ended))
    await world.advance(1000)
    expect([world.core.calls.length, world.client.isConnected()]).toEqual([1, true])
    world.client.stop()
    world.core.answers['pull.config.get'] = () => new Error('SERVER_ERROR')
    world.network.allow('b'.repeat(32))
    void world.client.start(printed(ended))
    await world.advance(1000)
    expect([world.core.calls.length, world.client.isConnected()]).toEqual([2, true])
    world.client.stop()
  })

  test.each([
    ['an empty object', {}],
    ['options in its place', { skipReconnectToLastSession: true }],
    ['one without channels', { server: { version: 2, server_enabled: true, long_polling: '/sub/' } }],
  ])('%s: the portal is asked', async (_, given) => {
    const world = createLegacyWorld()
    void world.client.start(given)
    await world.advance(1000)
    expect([world.core.calls.length, world.client.isConnected()]).toEqual([1, true])
    world.client.stop()
  })

  test('skipReconnectToLastSession: the last page of the tab is not gone on from', async () => {
    const open = async (more: object): Promise<unknown[]> => {
      const values = new Map<string, string>()
      const tabStorage = {
        getItem: (key: string) => values.get(key) ?? null,
        setItem: (key: string, value: string) => void values.set(key, value),
        removeItem: (key: string) => void values.delete(key),
      }
      const world = createLegacyWorld({ prepare: ({ platform }) => (platform.tabStorage = tabStorage) })
      void world.client.start(world.config())
      await world.advance(1000)
      world.publish('im', 'seen')
      await world.advance(2000)
      world.platform.page.signal('pagehide')
      const left = new Map(values)
      world.client.stop()
      world.publish('im', 'missed')
      await world.advance(3000)
      left.forEach((value, key) => values.set(key, value))
      const got: unknown[] = []
      const next = new world.PullClient()
      next.subscribe({ moduleId: 'im', callback: ({ command }) => got.push(command) })
      void next.start({ ...world.config(), ...more })
      await world.advance(2000)
      next.stop()
      return got
    }
    expect(await open({})).toEqual(['missed'])
    expect(await open({ skipReconnectToLastSession: true })).toEqual([])
  })

  test('one that comes while it is tried in vain is used at once; one that comes too late never', async () => {
    const world = createLegacyWorld()
    world.core.answers['pull.config.get'] = () => new Error('SERVER_ERROR')
    void world.client.start()
    await world.advance(20_000)
    const started = world.client.start(world.config())
    await world.advance(6000)
    await expect(started).resolves.toBe(true)
    const asked = world.core.calls.length
    void world.client.start({ ...world.config(), channels: { private: { id: 'b'.repeat(32), type: 'private' } } })
    world.core.answers['pull.config.get'] = () => world.config()
    await world.advance(10_000)
    world.client.restart()
    await world.advance(10_000)
    expect([world.core.calls.length, world.client.isConnected()]).toEqual([asked + 1, true])
    expect(world.network.asked.filter(({ url }) => url.includes('bbbb'))).toEqual([])
    world.client.stop()
  })

  test('without a core the client asks the portal by itself', async () => {
    const world = createLegacyWorld({ phrases: null })
    const asked: string[] = []
    const { fetch } = world.network
    world.platform.fetch = (url, init) => {
      if (!url.includes('/rest/')) return fetch(url, init)
      asked.push(`${init?.method} ${url} ${String(init?.body)}`)
      return Promise.resolve(new Response(JSON.stringify({ result: world.config() })))
    }
    // The platform is looked at when a client is made.
    const client = new world.PullClient()
    void client.start()
    await world.advance(1000)
    expect(asked).toEqual(['POST /rest/pull.config.get.json?logTag=client_start CACHE=N'])
    expect(client.isConnected()).toBe(true)
    client.stop()
  })

  test.each([
    ['true', true, undefined],
    ['the code of an application', 'app.code', 'app.code'],
  ])('restApplication %s, with a client that calls back and promises nothing', async (_, restApplication, siteId) => {
    const world = createLegacyWorld({ phrases: { pull_server_enabled: 'N' } })
    const { core } = world
    core.answers['pull.application.config.get'] = () => world.config()
    core.answers['pull.watch.extend'] = () => ({})
    const method = restMethod(core)
    const BX24 = {
      token: 'secret',
      callMethod(name: string, params: object, done: (result: unknown) => void): void {
        // Methods of such clients need the client.
        expect(this.token).toBe('secret')
        method(name, params as Record<string, unknown>, done).catch(() => {})
      },
    }
    const client = new world.PullClient({ restApplication, restClient: BX24 as RestClient })
    client.extendWatch('A')
    void client.start()
    await world.advance(6000)
    expect(client.isConnected()).toBe(true)
    expect(core.calls.map((call) => [call.method, call.params])).toEqual([
      ['pull.application.config.get', { CACHE: 'N' }],
      ['pull.watch.extend', { tags: ['A'] }],
    ])
    client.enableLogging()
    expect(world.platform.storage.getItem(`bx-pull-7-${siteId ?? 's1'}-bx-pull-logging-enabled`)).toBeTruthy()
    client.stop()
  })

  test.each([
    ['said by the options', { guestMode: true, guestUserId: 5 }, {}, 5],
    ['printed by the portal', {}, { pull_guest_mode: 'Y', pull_guest_user_id: '5' }, '5'],
  ])('a guest, %s', async (_, options, phrases, expected) => {
    const world = createLegacyWorld({ phrases })
    const client = new world.PullClient(options)
    void client.start()
    await world.advance(1000)
    expect(world.core.clients).toEqual([{ queryParams: { pull_guest_id: expected } }])
    expect(client.getDebugInfo()).toMatchObject({ UserId: '5 (guest)' })
    client.stop()
  })

  test('configGetMethod', async () => {
    const world = createLegacyWorld()
    world.core.answers['my.config.get'] = () => world.config()
    const client = new world.PullClient({ configGetMethod: 'my.config.get' })
    void client.start()
    await world.advance(1000)
    expect([world.core.calls[0]?.method, client.isConnected()]).toEqual(['my.config.get', true])
    client.stop()
  })

  test('phrases that are called, not read, and those that come after the script', async () => {
    const world = createLegacyWorld({ phrases: null })
    const client = new world.PullClient()
    const phrases: Record<string, string> = { USER_ID: '9', SITE_ID: 's2', pull_server_enabled: 'N' }
    world.root.BX!.message = (key: string) => phrases[key] ?? ''
    await expect(client.start()).rejects.toMatchObject({ ex: { error: 'PULL_DISABLED' } })
    expect(client.getDebugInfo()).toMatchObject({ UserId: '9' })
  })
})

describe('X7: how a start can end', () => {
  test.each([
    ['the options say N', { serverEnabled: 'N' as const }, {}],
    ['the options say false', { serverEnabled: false }, {}],
    ['the portal says N', {}, { pull_server_enabled: 'N' }],
    ['the portal says nothing, but much else', {}, { pull_server_enabled: undefined }],
  ])('no push server: %s', async (_, options, phrases) => {
    const world = createLegacyWorld({ phrases })
    const client = new world.PullClient(options)
    await expect(client.start()).rejects.toMatchObject({ code: 'disabled', ex: { error: 'PULL_DISABLED' } })
    expect([world.core.calls.length, client.status]).toEqual([0, 'offline'])
  })

  test('a bare page that prints a configuration has one', async () => {
    const world = createLegacyWorld({ phrases: { pull_server_enabled: undefined } })
    void world.client.start(world.config())
    await world.advance(1000)
    expect(world.client.isConnected()).toBe(true)
    world.client.stop()
  })

  test('a failure rejects with what the portal said, is told as offline, and tried again', async () => {
    const world = createLegacyWorld()
    world.core.answers['pull.config.get'] = () => new Error('SERVER_ERROR')
    const first = world.client.start()
    await world.advance(100)
    await expect(first).rejects.toMatchObject({ retryable: true, ex: { error: 'SERVER_ERROR' } })
    expect(world.client.status).toBe('offline')
    world.core.answers['pull.config.get'] = () => world.config()
    const second = world.client.start()
    expect(second).not.toBe(first)
    await world.advance(10_000)
    await expect(second).resolves.toBe(true)
    expect(world.core.fired.filter(([name]) => name === 'onPullStatus').map(([, status]) => status)).toEqual([
      'connect',
      'offline',
      'connect',
      'online',
    ])
    world.client.stop()
  })

  test('a start that nobody awaits is no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const world = createLegacyWorld({ phrases: { pull_server_enabled: 'N' } })
    void world.client.start()
    const other = new world.PullClient({ serverEnabled: true })
    void other.start()
    other.stop()
    void other.sendMessage([1], 'im', 'x')
    void other.ping()
    other.stop()
    await world.advance(1000)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  test('stopped before it is connected', async () => {
    const world = createLegacyWorld()
    const started = world.client.start()
    world.client.stop()
    await expect(started).rejects.toMatchObject({ code: 'stopped' })
    const again = world.client.start()
    await world.advance(1000)
    await expect(again).resolves.toBe(true)
    world.client.stop()
  })

  test('the page logs in again on the desktop, and a link opens', async () => {
    const world = createLegacyWorld()
    world.core.answers['pull.config.get'] = () => new Error('AUTHORIZE_ERROR')
    void world.client.start()
    await world.advance(1000)
    expect(world.client.status).toBe('offline')
    world.core.answers['pull.config.get'] = () => world.config()
    world.core.fire('BXLoginSuccess')
    await world.advance(1000)
    expect(world.client.isConnected()).toBe(true)
    world.client.disconnect()
    world.core.fire('BXLinkOpened')
    await world.advance(1000)
    expect(world.client.isConnected()).toBe(true)
    world.core.fire('onDesktopReload')
    expect(world.client.isConnected()).toBe(false)
    await world.advance(6000)
    expect(world.platform.clock.timers).toBe(0)
  })
})

describe('X8: hanging up', () => {
  test('what was published meanwhile comes with the next connection, once', async () => {
    const world = createLegacyWorld()
    const got: unknown[] = []
    world.client.subscribe({ moduleId: 'im', callback: ({ command }) => got.push(command) })
    void world.client.start()
    await world.advance(1000)
    world.publish('im', 'one')
    await world.advance(3000)
    world.client.disconnect()
    await world.advance(100)
    expect([world.network.openSockets, world.client.status]).toEqual([0, 'offline'])
    world.publish('im', 'two')
    await world.advance(3000)
    await Promise.all([world.client.connect(), world.advance(1000)])
    world.publish('im', 'three')
    await world.advance(1000)
    expect(got).toEqual(['one', 'two', 'three'])
    expect(world.core.calls).toHaveLength(1)
    world.client.stop()
  })

  test('no signal of the page brings it back, connect() does', async () => {
    const world = createLegacyWorld()
    void world.client.start()
    await world.advance(1000)
    world.client.disconnect()
    for (const signal of ['visible', 'online', 'resume', 'pagehide', 'pageshow', 'network-change'] as const) {
      world.platform.page.signal(signal)
      await world.advance(5000)
    }
    expect(world.network.asked).toHaveLength(1)
    await Promise.all([world.client.connect(), world.advance(1000)])
    expect(world.network.asked).toHaveLength(2)
    world.client.stop()
  })

  test('reconnect() comes back by itself', async () => {
    const world = createLegacyWorld()
    void world.client.start()
    await world.advance(1000)
    world.client.reconnect(1000, 'text', 5)
    await world.advance(4900)
    expect(world.client.isConnected()).toBe(false)
    await world.advance(1000)
    expect(world.client.isConnected()).toBe(true)
    world.client.reconnect()
    await world.advance(2000)
    expect(world.client.isConnected()).toBe(true)
    world.client.stop()
  })

  test('scheduleRestart() asks for another configuration after 6 to 35 s', async () => {
    const world = createLegacyWorld()
    void world.client.start()
    await world.advance(1000)
    world.client.scheduleRestart(3001, 'text')
    await world.advance(5900)
    expect(world.core.calls).toHaveLength(1)
    await world.advance(30_000)
    expect([world.core.calls.length, world.client.isConnected()]).toEqual([2, true])
    world.client.scheduleRestart(3001, 'text', 2)
    await world.advance(12_000)
    expect([world.core.calls.length, world.client.isConnected()]).toEqual([3, true])
    world.client.stop()
  })

  test('while it is tried for the first time, disconnect() gives up', async () => {
    const world = createLegacyWorld()
    for (const kind of ['websocket', 'sse', 'long-polling'] as const) world.network.behave(kind, 'no-answer')
    void world.client.start()
    await world.advance(1000)
    world.client.disconnect()
    await world.advance(60_000)
    expect([world.platform.clock.timers, world.client.status]).toEqual([0, 'offline'])
  })

  test('setLastMessageId() is where the next connection goes on', async () => {
    const MID = '16000000000000000000000042'
    const world = createLegacyWorld()
    const config = world.config()
    const four = { ...config, server: { ...(config['server'] as object), version: 3 } }
    world.core.answers['pull.config.get'] = () => four
    world.client.setLastMessageId(MID)
    void world.client.start()
    await world.advance(1000)
    expect(new URL(world.network.asked[0]!.url).searchParams.get('mid')).toBe(MID)
    world.client.setLastMessageId(MID.replace('42', '43'))
    await world.advance(1000)
    expect(new URL(world.network.asked.at(-1)!.url).searchParams.get('mid')).toBe(MID.replace('42', '43'))
    expect(world.core.calls).toHaveLength(1)
    world.client.stop()
  })
})

test('addresses are those that are connected to, and are told to nobody else', async () => {
  const world = createLegacyWorld()
  expect([world.client.getConnectionPath('webSocket'), world.client.getPublicationPath()]).toEqual([false, ''])
  const config = world.config()
  const server = { ...(config['server'] as object), publish_enabled: true, publish: 'http://push.example/pub/' }
  void world.client.start({ ...config, server })
  await world.advance(1000)
  const query = `CHANNEL_ID=${CHANNEL}&revision=19`
  expect(world.client.getConnectionPath('webSocket')).toBe(`ws://push.example/subws/?${query}`)
  expect(world.client.getConnectionPath('longPolling')).toBe(`http://push.example/sub/?${query}`)
  expect(world.client.getPublicationPath()).toBe(`http://push.example/pub/?CHANNEL_ID=${CHANNEL}`)
  const told = JSON.stringify([world.client.getDebugInfo(), world.client.getDebugInfoArray(), world.client.session])
  expect(told).not.toContain(CHANNEL)
  world.client.stop()
})
