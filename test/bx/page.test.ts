/** What a page gets, whatever was there before; and what it can be told without code. */
import { execFileSync } from 'node:child_process'
import { buildSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import type { Root } from '../../src/entry/bx/core'
import { install } from '../../src/entry/bx/install'
import type { LegacyPullClientConstructor } from '../../src/entry/bx/legacy-types'
import { standardParts } from '../../src/entry/parts'
import type { PullClientInstance } from '../../src/entry'
import { createFakePage, createFakePlatform } from '../support/fake-platform'
import { CHANNEL, type WorldOptions, createLegacyWorld } from './legacy-world'

interface Installed {
  PULL: object & { stop(): void }
  PullClient: LegacyPullClientConstructor & { vendor?: true }
  Pull: Record<string, unknown> & { connect(options: object): PullClientInstance }
}

function load(root: Root, attributes: Readonly<Record<string, string>> | null = {}): Installed {
  const tag = attributes && { getAttribute: (name: string) => attributes[name] ?? null }
  install(root, tag, standardParts(createFakePlatform))
  return root.BX as unknown as Installed
}

describe('X1: what is on the page', () => {
  test.each([
    ['no BX', {}],
    ['an empty BX', { BX: {} }],
    ['BX that is a function', { BX: Object.assign(() => {}, {}) }],
  ])('%s', (_, root: object) => {
    const before = (root as Root).BX
    const bx = load(root as Root)
    expect(Object.keys(root)).toEqual(['BX'])
    if (before) expect(bx).toBe(before)
    expect(bx.PULL).toBeInstanceOf(bx.PullClient)
    expect(Object.keys(bx.Pull)).toEqual(['connect', 'PullClient', 'PullError', 'restConfig', 'staticConfig'])
    expect(Object.keys(bx).sort()).toEqual(['PULL', 'Pull', 'PullClient'])
  })

  test('BX.Pull is extended, and its members stay', () => {
    const Pull = { QueueManager: 1, restConfig: 2 }
    const bx = load({ BX: { Pull } })
    expect(bx.Pull).toBe(Pull)
    expect(bx.Pull).toMatchObject({ QueueManager: 1, restConfig: 2, connect: expect.any(Function) })
  })

  const vendor = (): { BX: { PULL: object; PullClient: object; Pull: object }; stopped: number } => {
    const page = {
      BX: { PULL: { stop: () => page.stopped++ }, PullClient: () => {}, Pull: { Connector: 1 } },
      stopped: 0,
    }
    return page
  }

  test("the vendor's client stays, and BX.Pull.connect is there all the same", () => {
    const page = vendor()
    const { PULL, PullClient } = page.BX
    const bx = load(page as Root)
    expect([bx.PULL === PULL, bx.PullClient === PullClient, page.stopped]).toEqual([true, true, 0])
    expect(bx.Pull).toMatchObject({ Connector: 1, connect: expect.any(Function) })
    load(page as Root, { 'data-bx-pull': 'yes' })
    load(page as Root, null)
    expect([bx.PULL === PULL, bx.PullClient === PullClient]).toEqual([true, true])
  })

  test('data-bx-pull="replace" stops it and takes its place', () => {
    const page = vendor()
    const { PullClient } = page.BX
    const bx = load(page as Root, { 'data-bx-pull': 'replace' })
    expect([bx.PullClient === PullClient, page.stopped]).toEqual([false, 1])
    expect(bx.PULL).toBeInstanceOf(bx.PullClient)
  })

  test('a shim in the place of BX.PULL stays where there is no class', () => {
    const PULL = { subscribe: () => {} }
    const bx = load({ BX: { PULL } })
    expect(bx.PULL).toBe(PULL)
    expect(new bx.PullClient().status).toBe('offline')
  })

  test.each([{}, { 'data-bx-pull': 'replace' }])('ours loaded twice is ours once: %j', (attributes) => {
    const root: Root = {}
    const first = { ...load(root, attributes) }
    const second = load(root, attributes)
    expect([second.PULL === first.PULL, second.PullClient === first.PullClient]).toEqual([true, true])
    expect(second.Pull['PullClient']).toBe(first.Pull['PullClient'])
  })

  test('a core that comes later, and puts another BX in its place, is used', async () => {
    const world = createLegacyWorld({ phrases: null })
    const later = createLegacyWorld()
    world.root.BX = { ...later.core.bx, ...world.root.BX }
    void world.client.start(world.config())
    await world.advance(1000)
    expect(later.core.fired).toEqual([
      ['onPullStatus', 'connect'],
      ['onPullStatus', 'online'],
    ])
    world.client.stop()
  })

  test('where there is no page the file does nothing, and no module of it throws', () => {
    const file = (entryPoint: string): string =>
      buildSync({ entryPoints: [entryPoint], bundle: true, write: false, format: 'iife', platform: 'browser' })
        .outputFiles[0]!.text
    const code = ['src/entry/script.ts', 'src/entry/bx/install.ts'].map(file).join(';')
    const report = ';console.log(typeof BX, typeof self, Object.keys(globalThis).includes("BX"))'
    const printed = execFileSync(process.execPath, ['--input-type=commonjs'], {
      // As in Node 20, which has no name for it; later ones do.
      input: `delete globalThis.self;${code}${report}`,
      encoding: 'utf8',
    })
    expect(printed.trim()).toBe('undefined undefined false')
  })
})

describe('X13: what a page is told without code', () => {
  const transportOf = async (options: WorldOptions & { option?: string; address?: string; stored?: string }) => {
    const { option, address = '', stored } = options
    const world = createLegacyWorld({
      ...options,
      prepare({ platform }) {
        Object.assign(platform, { page: createFakePage(`http://portal.example/company/${address}`) })
        if (stored !== undefined) platform.storage.setItem('bx_pull_transport', stored)
      },
    })
    const client = new world.PullClient(option === undefined ? {} : { transport: option })
    void client.start()
    await world.advance(1000)
    const kinds = [...new Set(world.network.asked.map(({ kind }) => kind))]
    client.stop()
    return { kinds, said: world.platform.log.map(([line]) => String(line)) }
  }
  const SSE = '?bx_pull_transport=sse'
  const POLL = { 'data-transport': 'long-polling' }

  test.each([
    ['nothing', {}, 'websocket', null],
    ['the options', { option: 'longPolling' }, 'long-polling', null],
    ['the script tag', { attributes: POLL, option: 'websocket' }, 'long-polling', /long-polling.*script tag/],
    ['the storage', { stored: 'sse', attributes: POLL, option: 'websocket' }, 'sse', /sse.*localStorage/],
    ['the address', { address: SSE, stored: 'websocket', attributes: POLL }, 'sse', /sse.*address/],
    ['behind others', { address: '?a=1&bx_pull_transport=sse&b=2#c' }, 'sse', /sse.*address/],
    ['an old name', { address: '?bx_pull_transport=longPolling' }, 'long-polling', /long-polling.*address/],
    ['auto', { address: '?bx_pull_transport=auto', option: 'sse' }, 'websocket', /auto.*address/],
    ['something like it', { address: '?my_bx_pull_transport=sse' }, 'websocket', null],
  ] as const)('%s', async (_, options, kind, line) => {
    const { kinds, said } = await transportOf(options)
    expect(kinds).toEqual([kind])
    // Once, for BX.PULL and the other client.
    expect(said).toEqual(line ? [expect.stringMatching(line)] : [])
  })

  test('an unknown one is told once, with those there are, and the next in line counts', async () => {
    const { kinds, said } = await transportOf({ address: '?bx_pull_transport=pigeon', stored: 'sse' })
    expect(kinds).toEqual(['sse'])
    expect(said).toEqual([
      expect.stringMatching(/address.*pigeon.*auto, websocket, sse, long-polling, interval-polling/),
      expect.stringMatching(/sse.*localStorage/),
    ])
  })

  test('BX.Pull.connect obeys as well, and the class of npm does not', async () => {
    const world = createLegacyWorld({ attributes: { 'data-transport': 'long-polling', 'data-debug': '1' } })
    const bx = world.root.BX as unknown as Installed
    const serverUrl = 'http://push.example/subws/'
    const client = bx.Pull.connect({ serverUrl, userHash: CHANNEL, transport: 'sse' })
    await world.advance(2000)
    expect(client.transport).toBe('long-polling')
    expect(world.platform.log.map(([line]) => line)).toContain('bx-pull')
    void client.stop()
    const PullClient = bx.Pull['PullClient'] as new (options: object) => PullClientInstance
    const modern = new PullClient({ config: world.config() })
    void modern.start()
    await world.advance(1000)
    expect(modern.transport).toBe('websocket')
    void modern.stop()
  })

  test('data-debug, bx_pull_debug: every decision is written down', async () => {
    const world = createLegacyWorld({ attributes: { 'data-debug': '1' } })
    expect(world.client.loggingEnabled).toBe(true)
    expect(createLegacyWorld({ attributes: { 'data-debug': '0' } }).client.loggingEnabled).toBe(false)
    const quiet = createLegacyWorld({
      attributes: { 'data-debug': '1' },
      prepare: ({ platform }) =>
        Object.assign(platform, { page: createFakePage('http://portal.example/?bx_pull_debug=0') }),
    })
    expect(quiet.client.loggingEnabled).toBe(false)
  })

  test('a storage that throws says nothing', () => {
    const throws = (): never => {
      throw new Error('blocked')
    }
    const world = createLegacyWorld({
      prepare: ({ platform }) =>
        Object.assign(platform, { storage: { getItem: throws, setItem: throws, removeItem: throws } }),
    })
    world.client.enableLogging()
    expect([world.client.loggingEnabled, world.platform.log]).toEqual([true, []])
    const storage = new world.PullClient.StorageManager()
    expect([storage.set('x', 1), storage.get('x', 2)]).toEqual([false, 2])
  })
})

describe("X14: the storage that the vendor's client shares", () => {
  const VENDORS = {
    'bx-pull-7-s1-bx-pull-config': '{"server":{},"exp":1}',
    'bx-pull-7-s1-bx-pull-session': '{"mid":"16000000000000000000000042","ttl":9999999999999}',
    'bx-pull-7-s1-bx-pull-websocket-blocked': '1900000000000',
    'bx-pull-7-s1-bx-pull-longpolling-blocked': '1900000000000',
  }

  test('nothing of it is changed, and nothing of it blocks a transport', async () => {
    const world = createLegacyWorld({
      prepare: ({ platform }) =>
        Object.entries(VENDORS).forEach(([key, value]) => platform.storage.setItem(key, value)),
    })
    void world.client.start()
    await world.advance(1000)
    expect(world.client.isWebSoketConnected()).toBe(true)
    world.publish('im', 'x')
    await world.advance(60_000)
    world.client.restart()
    await world.advance(10_000)
    world.platform.page.signal('pagehide')
    world.client.stop()
    Object.entries(VENDORS).forEach(([key, value]) => expect(world.platform.storage.getItem(key)).toBe(value))
  })

  test('values of one user and site: numbers, texts and objects come back as they were', () => {
    const { PullClient, platform } = createLegacyWorld()
    const storage = new PullClient.StorageManager({ userId: 7, siteId: 's1' })
    for (const value of [1, 'text', { n: [1] }, true]) {
      expect(storage.set('x', value)).toBe(true)
      expect(storage.get('x')).toEqual(value)
    }
    expect(platform.storage.getItem('bx-pull-7-s1-x')).toBe('true')
    expect([storage.compareKey('bx-pull-7-s1-x', 'x'), storage.compareKey('bx-pull-8-s1-x', 'x')]).toEqual([
      true,
      false,
    ])
    storage.remove('x')
    expect([storage.get('x'), storage.get('x', 'other')]).toEqual([null, 'other'])
    expect(new PullClient.StorageManager().getKey('x')).toBe('bx-pull-0-none-x')
  })

  test('skipStorageInit keeps nothing', async () => {
    const world = createLegacyWorld({ prepare: ({ platform }) => (platform.tabStorage = platform.storage) })
    const written: string[] = []
    const { storage } = world.platform
    storage.setItem = (key) => void written.push(key)
    const client = new world.PullClient({ skipStorageInit: true })
    client.enableLogging()
    void client.start()
    await world.advance(1000)
    world.publish('im', 'x')
    await world.advance(5000)
    client.stop()
    expect(written).toEqual([])
  })
})
