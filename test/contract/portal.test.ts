/** What only the portal knows: configurations from every source, session ids, watch tags, who is here. */
import { describe, expect, test, vi } from 'vitest'
import {
  type ConfigSource,
  type RestClient,
  type StorageLike,
  ajaxConfig,
  applicationConfig,
  cachedConfig,
  phpConfig,
  restConfig,
} from '../../src/entry/node'
import type { PullServer } from '../../src/entry/testing'
import { fastClock } from '../support/fast-clock'
import { type Follower, cut, numbered, scene, waitFor } from '../support/follow'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 30 })

const QUICK = { batchWindowMs: 20 }
const SESSID = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
/** No two configurations closer than this, less what timers may be early. */
const CONFIG_FLOOR_MS = 4990

const rest = (server: PullServer, more: object = {}): ConfigSource => restConfig({ url: server.configUrl, ...more })
const ajax = (server: PullServer, more: object = {}): ConfigSource =>
  ajaxConfig({ url: `${server.url}/bitrix/services/main/ajax.php?action=pull.api.config.get`, ...more })
const php = (server: PullServer, more: object = {}): ConfigSource =>
  phpConfig({ url: `${server.url}/bitrix/components/bitrix/pull.request/ajax.php`, ...more })

const called = ({ log }: PullServer, ...names: string[]) => log.filter(({ call }) => names.includes(call ?? ''))
const EXTEND = ['pull.watch.extend', 'pull.api.config.extendwatch', 'PULL_UPDATE_WATCH']
const commands = ({ events }: Follower): string[] => events.map(({ command }) => command)

describe.concurrent('watch tags', () => {
  test.each([
    ['restConfig', 4, rest],
    ['ajaxConfig', 4, ajax],
    ['restConfig', 5, rest],
    ['phpConfig', 0, php],
  ] as const)(
    'K1, K6: %s, version %i: tags are one request; a dropped one is told and asked for again',
    (_name, version, source) =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ version, ...QUICK })
        const { clock, page, timeouts } = fastClock(100)
        server.watchTags.add(1, 'CHAT_1')
        server.watchTags.add(1, 'TASK_2')
        const follower = await follow(server, {
          config: source(server),
          platform: { clock, page },
          timeouts,
          expectErrors: ['watch-dropped'],
        })
        for (const tag of ['CHAT_1', 'TASK_2', 'GONE_3']) follower.client.watch(tag)
        await follower.until('the dropped tag', () => follower.errors.length > 0)
        expect(called(server, ...EXTEND)).toHaveLength(1)
        expect(follower.errors.map(({ facts }) => facts)).toEqual([{ tag: 'GONE_3' }])
        server.publish({ module_id: 'contract', command: 'chat' }, { tag: 'CHAT_1' })
        server.publish({ module_id: 'contract', command: 'task' }, { tag: 'TASK_2' })
        server.publish({ module_id: 'contract', command: 'gone' }, { tag: 'GONE_3' })
        await follower.until('both', () => follower.events.length >= 2)
        expect(commands(follower)).toEqual(['chat', 'task'])
        // PHP has rendered what the tag stands for: the page watches it again.
        server.watchTags.add(1, 'GONE_3')
        follower.client.watch('GONE_3')
        await follower.until('the next request', () => called(server, ...EXTEND).length === 2)
        server.publish({ module_id: 'contract', command: 'back' }, { tag: 'GONE_3' })
        await follower.until('the third', () => follower.events.length >= 3)
        expect(commands(follower)).toEqual(['chat', 'task', 'back'])
        expect(follower.errors).toHaveLength(1)
      }),
  )

  test('K1, K2: tags live as long as somebody watches them', () =>
    scene(async ({ server: start, follow }) => {
      // Half an hour is 1.2 s to the client.
      const server = await start({ version: 4, ...QUICK, watchTagTtlMs: 3500 })
      const { clock, page, timeouts } = fastClock(1500)
      const follower = await follow(server, { portal: rest(server), platform: { clock, page }, timeouts })
      for (const tag of ['KEPT', 'LEFT']) server.watchTags.add(1, tag)
      follower.client.watch('KEPT')
      const undos = [follower.client.watch('LEFT'), follower.client.watch('LEFT')]
      await follower.until('the first request', () => called(server, ...EXTEND).length === 1)
      undos[0]!()
      undos[0]!()
      expect(follower.client.diagnostics().tags).toBe(2)
      undos[1]!()
      expect(follower.client.diagnostics().tags).toBe(1)
      const startedAtMs = Date.now()
      await follower.until('two lives of a tag', () => Date.now() - startedAtMs > 7100)
      expect([server.watchTags.holders('KEPT'), server.watchTags.holders('LEFT')]).toEqual([[1], []])
      server.publish({ module_id: 'contract', command: 'kept' }, { tag: 'KEPT' })
      await follower.until('its message', () => follower.events.length > 0)
      await follower.stop()
      const count = called(server, ...EXTEND).length
      expect(count).toBeLessThanOrEqual(8)
      await new Promise((resolve) => setTimeout(resolve, 1300))
      expect(called(server, ...EXTEND)).toHaveLength(count)
    }))

  test('K4: a portal that fails is asked again, and the tags live on', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, ...QUICK })
      const { clock, page, timeouts } = fastClock(300)
      server.watchTags.add(1, 'CHAT_1')
      server.faults.set({ rest: { method: 'pull.watch.extend', status: 503, times: 2 } })
      const follower = await follow(server, {
        portal: rest(server),
        platform: { clock, page },
        timeouts,
        expectErrors: ['config-unavailable'],
      })
      follower.client.watch('CHAT_1')
      await follower.until('the third request', () => called(server, ...EXTEND).length === 3)
      const [first = 0, second = 0, third = 0] = called(server, ...EXTEND).map(({ atMs }) => atMs)
      // 30 s and 60 s, less what a request was late.
      expect(second - first).toBeGreaterThanOrEqual(80)
      expect(third - second).toBeGreaterThanOrEqual(160)
      expect(follower.errors).toHaveLength(2)
    }))
})

describe.concurrent('presence', () => {
  test('L3, L4: version 5: callbacks follow a user, over a restart of the server too', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 5, ...QUICK })
      const watcher = await follow(server, { backoff: { firstMs: 0, baseMs: 50, capMs: 200 } })
      const { presence } = watcher.client
      const heard: boolean[] = []
      const twice: boolean[] = []
      presence.watch(2, (isOnline) => heard.push(isOnline))
      const off = presence.watch(2, (isOnline) => twice.push(isOnline))
      // Requests are answered in their order: the subscription stands.
      await presence.lastSeen([1])
      const first = await follow(server, { userId: 2 })
      await watcher.until('the arrival', () => heard.length === 1)
      await first.stop()
      await watcher.until('the end', () => heard.length === 2)
      off()
      await server.restart({ downMs: 100 })
      await watcher.until('the next connection', () => watcher.counters().opened === 2)
      await presence.lastSeen([1])
      await follow(server, { userId: 2 })
      await watcher.until('the return', () => heard.length === 3)
      expect(heard).toEqual([true, false, true])
      expect(twice).toEqual([true, false])
      // What the server tells the watcher is an event like any other.
      expect(watcher.client.diagnostics().counters).toMatchObject({ bad: 0 })
    }))

  test('L1: version 5: seconds since somebody was here; the portal knows the others', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 5, ...QUICK })
      const one = await follow(server, { portal: ajax(server) })
      const two = await follow(server, { userId: 2 })
      expect(await one.client.presence.lastSeen([1, 2, 99])).toEqual({ 1: 0, 2: 0 })
      // Known to the queue server: the portal was asked for the third only.
      expect(called(server, 'pull.api.user.getlastseen')).toHaveLength(1)
      await two.stop()
      let seen: Record<number, number> = {}
      await waitFor(() => server.connections().length === 1, 2000)
      const leftAtMs = Date.now()
      while (!(seen[2]! >= 1) && Date.now() - leftAtMs < 4000) seen = await one.client.presence.lastSeen([2])
      expect(seen[2]).toBeGreaterThanOrEqual(1)
      expect(await one.client.presence.isOnline([1, 2, 99])).toEqual({ 1: true, 2: false, 99: false })
    }))

  test.each([
    ['websocket', 'protobuf'],
    ['long-polling', 'protobuf'],
    ['websocket', 'text'],
  ] as const)('L2: version 4, %s, %s: 150 users at once', (transport, framing) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, ...QUICK })
      const one = await follow(server, { transport, framing, portal: rest(server) })
      await follow(server, { userId: 120 })
      const users = Array.from({ length: 150 }, (_, at) => at + 1)
      const online = await one.client.presence.isOnline(users)
      expect(users.filter((user) => online[user])).toEqual(
        transport === 'websocket' ? [1, 120] : expect.arrayContaining([120]),
      )
      expect(Object.keys(online)).toHaveLength(150)
      expect(one.counters()).toMatchObject({ lost: 0, bad: 0 })
      await expect(one.client.presence.lastSeen([120])).resolves.toEqual({ 120: 0 })
    }),
  )
})

describe.concurrent('session ids', () => {
  test.each([
    ['restConfig', 4, rest],
    ['ajaxConfig', 4, ajax],
    ['phpConfig', 2, php],
  ] as const)('F6: %s: a stale session id is exchanged once, and whenever the session ends', (_name, version, source) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version, ...QUICK, sessid: SESSID })
      const { clock, page, timeouts } = fastClock(20)
      const config = source(server, { sessid: 'stale' })
      const follower = await follow(server, {
        config,
        platform: { clock, page },
        timeouts: { ...timeouts, spreadMs: 0 },
        // The portal's address is on every line of the log; the id must be on none.
        logger: {},
      })
      const asked = () => server.log.filter(({ method, call }) => method === 'POST' && call !== undefined)
      expect(asked()).toHaveLength(2)
      server.faults.set({ sessid: 'f'.repeat(32) })
      server.expireConfig()
      await follower.until('the next configuration', () => follower.channels.length === 2)
      expect(asked()).toHaveLength(4)
      await numbered(server).check(follower)
      server.expireConfig()
      await follower.until('one more', () => follower.channels.length === 3)
      // The new id is known by now.
      expect(asked()).toHaveLength(5)
      const told = JSON.stringify(follower.client.diagnostics())
      for (const secret of [SESSID, 'f'.repeat(32)]) expect(told).not.toContain(secret)
    }),
  )

  test.each([401, 403])('F3: %i is final, and says what to do', (status) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4 })
      server.faults.set({ rest: { status } })
      const config = rest(server, { sessid: SESSID })
      const follower = await follow(server, { config, connected: false, expectErrors: ['forbidden'] })
      await expect(follower.client.start()).rejects.toMatchObject({ code: 'forbidden', retryable: false })
      const [{ message = '' } = {}] = follower.errors
      expect(message).toContain('log in')
      expect(message).not.toContain(SESSID)
      expect(follower.client.status).toBe('stopped')
      expect(server.log.filter(({ kind }) => kind === 'config')).toHaveLength(1)
    }),
  )

  test('F3, F6: a session id that is never right is final after one refresh, and says what to do', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4 })
      const body = JSON.stringify({ error: 'session_failed', sessid: SESSID })
      server.faults.set({ rest: { status: 401, body } })
      const config = rest(server, { sessid: 'stale' })
      const follower = await follow(server, { config, connected: false, expectErrors: ['forbidden'] })
      await expect(follower.client.start()).rejects.toMatchObject({ code: 'forbidden', retryable: false })
      // Once with each id.
      expect(server.log.filter(({ kind }) => kind === 'config')).toHaveLength(2)
      expect(follower.errors[0]!.message).toContain('pass the sessid')
      expect(follower.errors[0]!.message).not.toContain(SESSID)
    }))

  test('F3: nobody is logged in', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, login: 'required' })
      for (const config of [rest(server), ajax(server), php(server)]) {
        const follower = await follow(server, { config, connected: false, expectErrors: ['forbidden'] })
        await expect(follower.client.start()).rejects.toMatchObject({ code: 'forbidden' })
        expect(follower.errors[0]!.message).toMatch(/log in/)
      }
    }))

  test('guests listen; what they may not do is said', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, ...QUICK, login: 'required' })
      const guest = await follow(server, { config: rest(server, { guestUserId: 17 }) })
      server.publish({ module_id: 'contract', command: 'hello' }, { users: [17] })
      await guest.until('the message', () => guest.events.length > 0)
      const sent = guest.client.send({ to: { users: [2] }, module: 'contract', command: 'x' })
      await expect(sent).rejects.toMatchObject({ code: 'forbidden' })
    }))
})

describe.concurrent('configurations', () => {
  test('F3: however often another one is wanted, no two are asked for within 5 s', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, ...QUICK })
      const source = rest(server)
      const loadsAtMs: number[] = []
      const follower = await follow(server, {
        config(request) {
          loadsAtMs.push(Date.now())
          return source(request)
        },
        timeouts: { spreadMs: 0, drainMs: 300 },
      })
      const messages = numbered(server)
      const wanting = setInterval(() => {
        server.expireConfig()
        server.expireChannel('private')
        messages.publish('shared')
      }, 100)
      await follower.until('three of them', () => loadsAtMs.length === 3, 14_000)
      clearInterval(wanting)
      loadsAtMs.slice(1).forEach((atMs, at) => expect(atMs - loadsAtMs[at]!).toBeGreaterThanOrEqual(CONFIG_FLOOR_MS))
      await messages.check(follower)
      expect(server.log.filter(({ kind }) => kind === 'config')).toHaveLength(3)
    }))

  test('F8: clients with one source are served by one request', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, ...QUICK })
      server.faults.set({ config: { delayMs: 100 } })
      const config = rest(server)
      const followers = await Promise.all([1, 2, 3].map(() => follow(server, { config })))
      expect(server.log.filter(({ kind }) => kind === 'config')).toHaveLength(1)
      const messages = numbered(server)
      for (const follower of followers) await messages.check(follower)
    }))

  test('F9: a cached configuration is used at the second start, and given up when it is refused', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 5, ...QUICK })
      const kept = new Map<string, string>()
      const storage: StorageLike = {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => void kept.set(key, value),
        removeItem: (key) => void kept.delete(key),
      }
      const loads = () => server.log.filter(({ kind }) => kind === 'config').length
      const join = (connected = true): Promise<Follower> =>
        follow(server, { config: cachedConfig(rest(server)), platform: { storage }, connected })
      const first = await join()
      await first.stop()
      const second = await join()
      expect(loads()).toBe(1)
      expect([...kept.keys()]).toContain('bx-pull-cached-config')
      const messages = numbered(server)
      await messages.check(second)
      await second.stop()
      kept.set('bx-pull-cached-config', kept.get('bx-pull-cached-config')!.replace('"jwt":"', '"jwt":"x'))
      const third = await join()
      expect(loads()).toBe(2)
      await messages.check(third, { since: messages.count })
    }))

  /** As `BX24`: it calls back with a result object. */
  const calling = (server: PullServer): RestClient => ({
    callMethod(method, params, callback) {
      void restAnswer(server, method, params).then((answer) => callback?.(resultOf(answer)))
    },
  })
  /** As `BX.RestClient`: a promise of a result object, which is rejected with one too. */
  const promising = (server: PullServer): RestClient => ({
    async callMethod(method, params, callback) {
      const answer = resultOf(await restAnswer(server, method, params))
      callback?.(answer)
      // What such clients reject with is their result, no Error.
      return answer.error() === null ? answer : Promise.reject(answer as unknown as Error)
    },
  })

  test.each([
    ['ajaxConfig', 4, ajax],
    ['ajaxConfig', 5, ajax],
    ['phpConfig', 2, php],
    ['restConfig by GET', 4, (server: PullServer) => rest(server, { method: 'GET' })],
  ] as const)('F10: %s connects to version %i and delivers', (_name, version, source) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version, ...QUICK })
      const follower = await follow(server, { config: source(server) })
      const messages = numbered(server)
      for (let at = 0; at < 10; at++) messages.publish()
      await messages.check(follower)
    }),
  )

  test.each([
    ['BX24', 4, calling],
    ['BX.RestClient', 4, promising],
    ['BX24', 5, calling],
    ['BX.RestClient', 2, promising],
  ] as const)('F10: applicationConfig(%s) has the channels of the application, version %i', (_name, version, client) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version, ...QUICK })
      const follower = await follow(server, { config: applicationConfig(client(server)) })
      const publish = (command: string, to: object): void => server.publish({ module_id: 'application', command }, to)
      publish('portal', { users: [1] })
      publish('own', { users: [1], application: 'local.app' })
      publish('other', { users: [1], application: 'other.app' })
      publish('all', { shared: true, application: 'local.app' })
      await follower.until('both', () => follower.events.length >= 2)
      await cut(server)
      await follower.until('the loss', () => follower.counters().lost > 0)
      publish('later', { users: [1], application: 'local.app' })
      await follower.until('the third', () => follower.events.length >= 3)
      expect(commands(follower)).toEqual(['own', 'all', 'later'])
    }),
  )

  test.each([
    ['BX24', calling],
    ['BX.RestClient', promising],
  ] as const)('F3: applicationConfig(%s): a refusal is final', (_name, client) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, ...QUICK })
      const body = JSON.stringify({ error: 'WRONG_AUTH_TYPE', error_description: 'no' })
      server.faults.set({ rest: { status: 403, body } })
      const config = applicationConfig(client(server))
      const follower = await follow(server, { config, connected: false, expectErrors: ['forbidden'] })
      await expect(follower.client.start()).rejects.toMatchObject({ code: 'forbidden' })
    }),
  )
})

interface RestResult {
  data(): unknown
  error(): unknown
  readonly status: number
}

async function restAnswer(server: PullServer, method: string, params: object = {}): Promise<[unknown, number]> {
  const response = await fetch(`${server.url}/rest/${method}.json`, {
    method: 'POST',
    body: JSON.stringify({ ...params, auth: 'local.app' }),
    headers: { 'Content-Type': 'application/json' },
  })
  return [await response.json(), response.status]
}

function resultOf([answer, status]: [unknown, number]): RestResult {
  const { result, error } = answer as { result?: unknown; error?: string }
  return { data: () => result, error: () => error ?? null, status }
}
