/** Code written for the vendor's client, in every shape in which portals have it, runs unchanged on the script tag. */
import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import type { PullServerOptions } from '../../src/entry/testing'
import { inlineConfig, legacyFiles } from './legacy-pages'
import type { Site } from './site'
import { until } from './until'
import { createWorld } from './world'

const { report, suite, run } = createWorld('legacy')
const files = legacyFiles()

interface Served {
  readonly name: string
  readonly options: PullServerOptions
  /** How the page is started: all three are in use. */
  readonly start: 'inline' | 'inline, without the last session' | 'bare'
}
const SERVED: readonly Served[] = [
  { name: 'push-stream 0.4.0', options: { version: 2 }, start: 'inline' },
  { name: 'Push server 2.0', options: { version: 4 }, start: 'inline, without the last session' },
  { name: 'Push server 3.0', options: { version: 5 }, start: 'bare' },
]
/** What one listener heard: its name, then the arguments. */
type Heard = readonly [string, ...unknown[]]

const heard = (page: Page): Promise<Heard[]> => page.evaluate('heard')
const named = async (page: Page, name: string): Promise<Heard[]> => (await heard(page)).filter(([who]) => who === name)
const last = (page: Page, name: string, withinMs = 4000): Promise<Heard> =>
  until(
    name,
    withinMs,
    async () => (await named(page, name)).at(-1),
    () => heard(page),
  )
const forget = (page: Page): Promise<unknown> => page.evaluate('heard.length = 0')

async function start({ server }: Pick<Site, 'server'>, page: Page, how: Served['start'], userId = 1): Promise<void> {
  const config = inlineConfig(server.config(userId))
  const given =
    how === 'bare' ? '' : JSON.stringify(how === 'inline' ? config : { ...config, skipReconnectToLastSession: true })
  expect(await page.evaluate(`BX.PULL.start(${given})`)).toBe(true)
  expect(await page.evaluate('BX.PULL.isConnected()')).toBe(true)
}

/** After every test: the page complains of nothing but what the test is about, and nothing stays open. */
async function finish({ opened, server }: Pick<Site, 'opened' | 'server'>, stop = 'BX.PULL.stop()'): Promise<void> {
  await opened.page.evaluate(stop)
  await until('no connection', 3000, () => server.connections().length === 0)
  expect(opened.pageErrors).toEqual([])
  expect(opened.consoleErrors.filter((line) => !/a careless listener/.test(line))).toEqual([])
}

describe.each(SERVED)('$name', suite, ({ name, options, start: how }) => {
  it('every shape of a subscription, in the order of the vendor', async (context) => {
    await run(context, { server: options, files, path: '/portal.html' }, async (site) => {
      const { server, opened } = site
      const { page } = opened
      const startedAtMs = Date.now()
      await start(site, page, how)
      report.add(`${name}, ${how}`, { 'started in ms': Date.now() - startedAtMs })
      expect((await named(page, 'custom status')).map(([, status]) => status)).toEqual(['connect', 'online'])
      expect(await last(page, 'status')).toEqual(['status', { status: 'online' }, { type: 'status' }])
      await forget(page)

      server.publish({ module_id: 'IM', command: 'message', params: { id: 5 } })
      const [, params, extra, command, info] = await last(page, 'command')
      expect([params, command, info]).toEqual([{ id: 5 }, 'message', { type: 'server', moduleId: 'im' }])
      expect(extra).toMatchObject({ server_time_ago: expect.any(Number), server_time_unix: expect.any(Number) })
      const order = ['custom', 'emitter', 'custom all', 'module', 'map name', 'command']
      expect((await heard(page)).map(([who]) => who)).toEqual(order)
      expect(await last(page, 'custom')).toEqual(['custom', 'message', { id: 5 }, 'object'])
      expect(await last(page, 'emitter')).toEqual(['emitter', true, 'message', { id: 5 }])
      expect(await last(page, 'custom all')).toEqual(['custom all', 'im', 'message', { id: 5 }])
      expect(await last(page, 'module')).toEqual(['module', { command: 'message', params: { id: 5 }, extra }, info])
      expect(await last(page, 'map name')).toEqual(['map name', { id: 5 }, 'message', true, 'object'])
      const fired: { target: string; name: string; secure: boolean }[] = await page.evaluate('BX.firedEvents')
      expect(
        fired
          .filter(({ name }) => name.startsWith('onPullEvent'))
          .map(({ target, name, secure }) => [target, name, secure]),
      ).toEqual([
        ['window', 'onPullEvent-im', true],
        ['window', 'onPullEvent', true],
      ])
      await finish(site)
    })
  })

  it('handlers: maps with names and functions, handleXxx, and who unsubscribed', async (context) => {
    await run(context, { server: options, files, path: '/portal.html' }, async (site) => {
      const { server, opened } = site
      const { page } = opened
      await start(site, page, how)
      await forget(page)
      for (const command of ['chatRename', 'chatMute', 'chatPin']) {
        server.publish({ module_id: 'im', command, params: { command } })
      }
      server.publish({ module_id: 'tasks', command: 'taskUpdate', params: { id: 1 } })
      server.publish({ module_id: 'tasks', command: 'comment_add', params: { id: 2 } })
      server.publish({ module_id: 'calendar', command: 'edit', params: { id: 3 } })
      server.publish({ module_id: 'mail', command: 'letter', params: {} })
      await last(page, 'after a throw')
      expect(await last(page, 'map bound')).toEqual(['map bound', { command: 'chatRename' }, 'chatRename'])
      expect(await last(page, 'map function')).toEqual(['map function', { command: 'chatMute' }, 'chatMute', true])
      expect(await last(page, 'fallback of a map')).toEqual(['fallback of a map', { command: 'chatPin' }, 'chatPin'])
      expect(await last(page, 'handleTaskUpdate')).toEqual(['handleTaskUpdate', { id: 1 }, 'taskUpdate', true])
      expect(await last(page, 'handleComment_add')).toEqual(['handleComment_add', { id: 2 }, 'comment_add'])
      expect(await named(page, 'twice')).toHaveLength(2)
      // Asked at every message, so that a map may change.
      expect(await page.evaluate('chatHandler.asked')).toBe(3)

      await page.evaluate('offTwice(); offModule(); heard.length = 0')
      server.publish({ module_id: 'calendar', command: 'edit', params: {} })
      server.publish({ module_id: 'im', command: 'message', params: { id: 6 } })
      await last(page, 'command')
      expect((await heard(page)).map(([who]) => who)).toEqual([
        'custom all',
        'custom',
        'emitter',
        'custom all',
        'map name',
        'command',
      ])
      await finish(site)
    })
  })

  it('presence messages and watch tags', async (context) => {
    await run(context, { server: options, files, path: '/portal.html' }, async (site) => {
      const { server, opened } = site
      const { page } = opened
      // PHP adds tags while it renders the page; the page can only renew them.
      for (const tag of ['TASK_17', 'TASK_18']) server.watchTags.add(1, tag)
      await start(site, page, how)
      await forget(page)
      expect(
        await page.evaluate("[BX.PULL.extendWatch('TASK_17', true), BX.PULL.extendWatch('TASK_18', true)].map(String)"),
      ).toEqual(['undefined', 'undefined'])
      expect(await page.evaluate("[BX.PULL.extendWatch('TASK_17', true), BX.PULL.extendWatch('')]")).toEqual([
        false,
        false,
      ])
      server.publish({ module_id: 'online', command: 'userStatus', params: { users: { 7: { id: 7 } } } })
      const [, data, info] = await last(page, 'online')
      expect([data, info]).toEqual([
        { command: 'userStatus', params: { users: { 7: { id: 7 } } }, extra: expect.any(Object) },
        { type: 'online' },
      ])
      expect(await last(page, 'custom online')).toEqual(['custom online', 'userStatus', { users: { 7: { id: 7 } } }])
      server.publish({ module_id: 'tasks', command: 'taskUpdate', params: { id: 17 } }, { tag: 'TASK_17' })
      expect((await last(page, 'handleTaskUpdate'))[1]).toEqual({ id: 17 })
      // One request for both, about 5 s after the first.
      const extended = 'BX.RestClient.calls.filter(function (call) { return call.method === "pull.watch.extend" })'
      const calls = await until('tags renewed', 8000, async () => {
        const calls: { params: { tags: string[] } }[] = await page.evaluate(extended)
        return calls.length > 0 && calls
      })
      expect(calls.map(({ params }) => params.tags.sort())).toEqual([['TASK_17', 'TASK_18']])
      await finish(site)
    })
  })
})

describe.each(SERVED.filter(({ options }) => options.version! >= 4))(
  'between browsers: $name',
  suite,
  ({ options, start: how }) => {
    it('sendMessage arrives as a message of a client', async (context) => {
      await run(context, { server: options, files, path: '/portal.html' }, async (site) => {
        const { opened, origin, visit } = site
        const { page } = opened
        await start(site, page, how)
        const other = await visit()
        await other.opened.page.goto(`${origin}/portal.html?user=2`)
        await start(site, other.opened.page, 'inline', 2)
        await forget(page)
        const send = (module: string, command: string): Promise<unknown> =>
          other.opened.page.evaluate(
            `Promise.resolve(BX.PULL.sendMessage([1], '${module}', '${command}', { dialogId: 'chat2' })).then(function () {})`,
          )
        await send('im', 'startWriting')
        const params = { dialogId: 'chat2' }
        const [, got, extra, command, info] = await last(page, 'client command')
        expect([got, command, info]).toEqual([params, 'startWriting', { type: 'client', moduleId: 'im' }])
        expect(extra).toMatchObject({ sender: { type: 1 } })
        expect((await heard(page)).map(([who]) => who)).toEqual([
          'custom client',
          'custom client all',
          'client module',
          'client command',
        ])
        expect(await last(page, 'custom client')).toEqual(['custom client', 'startWriting', params, 1])
        await send('call', 'ping')
        expect(await last(page, 'prototype')).toEqual(['prototype', params, 1, 'ping'])
        await finish({ opened: other.opened, server: { connections: () => [] } as never })
        await finish(site)
      })
    })
  },
)

describe.each(SERVED)('neighbours of the client: $name', suite, ({ name, options }) => {
  it('a queue manager gathers changes, and leaves out those of its own page', async (context) => {
    await run(context, { server: options, files, path: '/portal.html' }, async (site) => {
      const { server, opened } = site
      const { page } = opened
      server.watchTags.add(1, 'DEAL_LIST')
      await page.evaluate(`loads = [], queue = new BX.Pull.QueueManager({
        moduleId: 'crm', userId: 1, pullTag: 'DEAL_LIST', config: { loadItemsDelay: 3000, maxPendingItems: 30 },
        callbacks: { onPull: function (items) { loads.push(items.map(function (item) { return item.id })) } },
      }).init()`)
      await start(site, page, 'inline')
      await page.evaluate("queue.eventId('own')")
      for (let id = 1; id <= 35; id++) {
        const own = id === 3 ? { eventId: 'own' } : { eventId: `other-${id}` }
        const params = { eventName: 'ITEM_UPDATED', id, ...own }
        server.publish({ module_id: 'crm', command: 'DEAL_LIST', params }, { tag: 'DEAL_LIST' })
      }
      const ids = Array.from({ length: 35 }, (_, at) => at + 1).filter((id) => id !== 3)
      const loads = await until('all of it', 10_000, async () => {
        const all: number[][] = await page.evaluate('loads')
        return all.flat().length >= ids.length && all
      })
      expect(loads.flat()).toEqual(ids)
      // Gathered up to the most, and the rest a while later.
      expect(loads.map(({ length }) => length)).toEqual([30, 4])
      await page.evaluate('queue.destroy()')
      await finish(site)
    })
  })

  it('a status bar says nothing of a short break, and tells of a long one', async (context) => {
    await run(context, { server: options, files, path: '/portal.html' }, async (site) => {
      const { server, opened } = site
      const { page } = opened
      await start(site, page, 'inline')
      const statuses = async (): Promise<unknown[]> => (await named(page, 'custom status')).map(([, status]) => status)
      server.faults.cut()
      await until(
        'connected again',
        4000,
        async () => (await statuses()).length > 2 && (await statuses()).at(-1) === 'online',
      )
      expect(await statuses()).toEqual(['connect', 'online', 'connect', 'online'])
      expect(await page.evaluate('shown')).toEqual([])

      server.faults.set({ upgradeStatus: 502, poll: 502, sse: 502 })
      const brokenAtMs = Date.now()
      server.faults.cut()
      await until('offline', 12_000, async () => (await statuses()).at(-1) === 'offline')
      const offlineMs = Date.now() - brokenAtMs
      report.add(`${name}, status bar`, { 'offline after ms': offlineMs })
      expect(offlineMs).toBeGreaterThan(4500)
      await until('the bar', 6000, async () => (await page.title()) === 'No connection')
      server.faults.clear()
      await page.evaluate("dispatchEvent(new Event('online'))")
      await until('the bar again', 8000, async () => (await page.title()) === 'Connected')
      // Tries that fail are not told one by one: what is told does not flicker.
      expect((await statuses()).slice(4)).toEqual(['connect', 'offline', 'connect', 'online'])
      await finish(site)
    })
  })

  it('the clients of calls and live chat: one of their own, restarted and stopped', async (context) => {
    await run(context, { server: options, files, path: '/portal.html' }, async (site) => {
      const { server, opened } = site
      const { page } = opened
      const config = inlineConfig(server.config())
      await page.evaluate(`own = new BX.PullClient({
        serverEnabled: true, userId: 1, siteId: 's1', restClient: new BX.RestClient(), skipStorageInit: true,
        configTimestamp: 0, skipCheckRevision: true, getPublicListMethod: 'im.call.channel.public.list',
      }), got = []
      off = own.subscribe({ type: BX.PullClient.SubscriptionType.Status, callback: function (data) {
        if (data.status !== BX.PullClient.PullStatus.Online) return
        off()
        if (!own.isConnected()) own.scheduleReconnect()
      } })
      own.subscribe({ moduleId: 'imopenlines', command: 'message', callback: function (params) { got.push(params.n) } })
      started = own.start(${JSON.stringify({ ...config, skipReconnectToLastSession: true })})`)
      expect(await page.evaluate('started')).toBe(true)
      const arrives = async (n: number): Promise<void> => {
        server.publish({ module_id: 'imopenlines', command: 'message', params: { n } })
        await until(`message ${n}`, 4000, async () => (await page.evaluate<number[]>('got')).includes(n))
      }
      await arrives(1)
      const before = server.connections().map(({ id }) => id)
      await page.evaluate("own.restart(BX.PullClient.CloseReasons.MANUAL, 'the chat has changed')")
      await until('another connection', 4000, () => server.connections().some(({ id }) => !before.includes(id)))
      await until('connected', 4000, () => page.evaluate<boolean>('own.isConnected()'))
      await arrives(2)
      // Inline at first: only the restart asks, with the client it was given.
      const asked = (): Promise<string[]> =>
        page.evaluate('BX.RestClient.calls.map(function (call) { return call.method })')
      await until('a new configuration', 8000, async () => (await asked()).length > 0, asked)
      expect(await asked()).toEqual(['pull.config.get'])
      await finish(site, "own.stop(BX.PullClient.CloseReasons.MANUAL, 'the chat is closed')")
      expect(await page.evaluate('own.isConnected()')).toBe(false)
      expect(await page.evaluate('got')).toEqual([1, 2])
    })
  })
})

describe('beside the client of the vendor', suite, () => {
  const prefix = 'bx-pull-1-s1-'
  it('two pages of one user: nothing of what the vendor keeps is touched', async (context) => {
    await run(context, { server: { version: 4 }, files, path: '/phrases.js' }, async (site) => {
      const { server, opened, origin } = site
      const config = server.config()
      const kept: Readonly<Record<string, string>> = {
        [`${prefix}bx-pull-config`]: JSON.stringify({ ...config, serverTime: undefined }),
        [`${prefix}bx-pull-session`]: JSON.stringify({
          mid: '1'.repeat(26),
          tag: null,
          time: null,
          history: {},
          ttl: Date.now() + 1e6,
        }),
        [`${prefix}bx-pull-websocket-blocked`]: String(Date.now() + 1e6),
        [`${prefix}bx-pull-longpolling-blocked`]: String(Date.now() + 1e6),
        [`${prefix}bx-pull-logging-enabled`]: '0',
      }
      const { page } = opened
      await page.evaluate(
        `Object.entries(${JSON.stringify(kept)}).forEach(function (entry) { localStorage.setItem(entry[0], entry[1]) })`,
      )
      const second = await page.context().newPage()
      for (const each of [page, second]) {
        await each.goto(`${origin}/portal.html`)
        await start(site, each, each === page ? 'bare' : 'inline')
      }
      server.publish({ module_id: 'im', command: 'message', params: { id: 1 } })
      for (const each of [page, second]) await last(each, 'command')
      expect(server.connections().map(({ kind }) => kind)).toEqual(['websocket', 'websocket'])
      await page.evaluate("BX.PULL.restart(1000, 'as a page asks')")
      await second.reload()
      await start(site, second, 'bare')
      server.expireConfig()
      server.publish({ module_id: 'im', command: 'message', params: { id: 2 } })
      for (const each of [page, second]) {
        await until('the second message', 4000, async () => {
          const [, params] = await last(each, 'command')
          return JSON.stringify(params) === '{"id":2}'
        })
      }
      const stored: Record<string, string> = await page.evaluate('({ ...localStorage })')
      expect(Object.fromEntries(Object.entries(stored).filter(([key]) => key.startsWith(prefix)))).toEqual(kept)
      // Whatever else is written has no secret in it.
      const { channels } = config
      const others = JSON.stringify([
        Object.entries(stored).filter(([key]) => !key.startsWith(prefix)),
        await page.evaluate('({ ...sessionStorage })'),
      ])
      for (const secret of [channels.private.id, channels.shared.id].flatMap((id) => id.split(/[.:]/)))
        expect(others).not.toContain(secret)
      await second.evaluate('BX.PULL.stop()')
      await finish(site)
    })
  })
})
