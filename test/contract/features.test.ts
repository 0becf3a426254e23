/** What a client does beside listening: messages between two browsers, watch tags and presence, over each way up. */
import { describe, expect, test, vi } from 'vitest'
import { type PullError, type PullClientOptions, type SendMessage, restConfig } from '../../src/entry/node'
import type { PullServer, PullServerOptions } from '../../src/entry/testing'
import { type FollowOptions, type Follower, cut, scene } from '../support/follow'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 8 })

interface Way {
  readonly name: string
  readonly server: PullServerOptions
  readonly client: Partial<PullClientOptions>
  readonly confirmed: boolean
}

const WAYS: readonly Way[] = [
  { name: 'version 4, socket', server: { version: 4 }, client: { transport: 'websocket' }, confirmed: false },
  { name: 'version 4, long polling', server: { version: 4 }, client: { transport: 'long-polling' }, confirmed: true },
  {
    name: 'version 4, text',
    server: { version: 4 },
    client: { transport: 'websocket', framing: 'text' },
    confirmed: true,
  },
  {
    name: 'version 4, the cloud',
    server: { version: 4, mode: 'shared' },
    client: { transport: 'long-polling' },
    confirmed: true,
  },
  { name: 'version 5', server: { version: 5 }, client: { transport: 'websocket' }, confirmed: true },
]

const portalOf = (server: PullServer, userId = 1): NonNullable<PullClientOptions['portal']> =>
  restConfig({ url: `${server.configUrl}?userId=${userId}` })
const told = (follower: Follower): unknown[] => follower.events.map(({ command }) => command)
const to = (command: string, more: Partial<SendMessage> = {}): SendMessage => ({
  to: { users: [2] },
  module: 'Contract',
  command,
  ...more,
})

describe.concurrent.each(WAYS)('$name', ({ server: options, client, confirmed }) => {
  const pair = async (
    start: (options: PullServerOptions) => Promise<PullServer>,
    follow: (server: PullServer, options?: FollowOptions) => Promise<Follower>,
  ): Promise<[PullServer, Follower, Follower]> => {
    const server = await start({ ...options, batchWindowMs: 20 })
    const sender = await follow(server, { ...client, portal: portalOf(server) })
    return [server, sender, await follow(server, { ...client, userId: 2 })]
  }

  test('U1: a message reaches the other browser, with its sender', () =>
    scene(async ({ server: start, follow }) => {
      const [server, sender, receiver] = await pair(start, follow)
      const params = { text: 'Привет 👋', list: [1, null] }
      expect(await sender.client.send(to('byUser', { params, expiry: 60 }))).toEqual({ confirmed })
      await receiver.until('the message', () => receiver.events.length > 0)
      expect(receiver.events[0]).toMatchObject({ module: 'contract', command: 'byUser', params })
      // The text framing has no room for a sender.
      expect(receiver.events[0]?.sender.type).toBe(client.framing === 'text' ? 'unknown' : 'client')
      const channel = server.config(2).channels.private.public_id
      await sender.client.send(to('byChannel', { to: { channels: [String(channel)] } }))
      await receiver.until('the second message', () => receiver.events.length > 1)
      expect(receiver.events[1]?.command).toBe('byChannel')
      expect(sender.events).toEqual([])
    }))

  test('U2: a burst arrives complete and in order', () =>
    scene(async ({ server: start, follow }) => {
      const [, sender, receiver] = await pair(start, follow)
      const commands = Array.from({ length: 150 }, (_, at) => `c${at}`)
      await Promise.all(commands.map((command) => sender.client.send(to(command, { expiry: 60 }))))
      await receiver.until('all of them', () => receiver.events.length >= commands.length)
      expect(told(receiver)).toEqual(commands)
    }))

  test('U3: what is sent before the start, and while reconnecting, arrives', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...options, batchWindowMs: 20 })
      const receiver = await follow(server, { ...client, userId: 2 })
      const sender = await follow(server, { ...client, portal: portalOf(server), connected: false })
      const early = sender.client.send(to('early', { expiry: 60 }))
      expect(sender.client.diagnostics().queued).toBe(1)
      await sender.client.start()
      await early
      // A socket confirms nothing: what is still on its way when it is cut is lost.
      await receiver.until('the first', () => receiver.events.length > 0)
      await cut(server)
      await sender.until('to notice', () => sender.client.status !== 'connected' || sender.counters().lost > 0)
      await sender.client.send(to('late', { expiry: 60 }))
      await receiver.until('both', () => receiver.events.length >= 2)
      expect(told(receiver)).toEqual(['early', 'late'])
      expect(sender.client.diagnostics().queued).toBe(0)
    }))

  test('L1, L2: who is connected, and who was seen', () =>
    scene(async ({ server: start, follow }) => {
      const [, sender, receiver] = await pair(start, follow)
      const { presence } = sender.client
      expect(await presence.isOnline([2, 3])).toEqual({ 2: true, 3: false })
      expect((await presence.lastSeen([2, 3]))[2]).toBe(0)
      await receiver.stop()
      let online: unknown = true
      while (online) online = (await presence.isOnline([2]))[2]
      expect(online).toBe(false)
    }))
})

test('U4: a message to nobody is refused, and does no harm to the connection', () =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ version: 4 })
    const sender = await follow(server, { portal: () => Promise.resolve({ result: [] }), connected: true })
    const failure = await sender.client.send(to('x')).catch((error: PullError) => error)
    expect(failure).toMatchObject({ code: 'unknown-recipient', facts: { users: [2] } })
    const wrong = { to: { channels: [`${'a'.repeat(32)}.${'b'.repeat(40)}`] }, module: 'm', command: 'c' }
    const long = await follow(server, { transport: 'long-polling', userId: 2 })
    const refused = await long.client.send(wrong).catch((error: PullError) => error)
    expect(refused).toMatchObject({ code: 'server-refused', facts: { httpStatus: 400 } })
    expect(sender.client.status).toBe('connected')
  }))

test.concurrent('K1, K6: tags are renewed by the portal; one it does not know is told', () =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ version: 4 })
    server.watchTags.add(1, 'TASK_1')
    const follower = await follow(server, { portal: portalOf(server), expectErrors: ['watch-dropped'] })
    follower.client.watch('TASK_1')
    follower.client.watch('TASK_2')
    await follower.until('the refusal', () => follower.errors.length > 0)
    expect(follower.errors.map(({ code, facts }) => [code, facts])).toEqual([['watch-dropped', { tag: 'TASK_2' }]])
    const calls = server.log.filter((record) => record.kind === 'rest' && record.call === 'pull.watch.extend')
    expect(calls).toHaveLength(1)
  }),
)

test.concurrent('L3, L4: callbacks follow a user, after a reconnect too', () =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ version: 5, batchWindowMs: 20 })
    const watcher = await follow(server)
    const heard: boolean[] = []
    const off = watcher.client.presence.watch(2, (isOnline) => heard.push(isOnline))
    // Calls are answered in their order: the subscription stands.
    await watcher.client.presence.lastSeen([2])
    const other = await follow(server, { userId: 2 })
    await watcher.until('online', () => heard.includes(true))
    await other.stop()
    await watcher.until('offline', () => heard.at(-1) === false)
    const before = watcher.counters().opened
    await cut(server)
    await watcher.until('another connection', () => watcher.counters().opened > before)
    await watcher.client.presence.lastSeen([2])
    const again = heard.length
    await follow(server, { userId: 2 })
    await watcher.until('online again', () => heard.slice(again).includes(true))
    off()
    await watcher.client.presence.lastSeen([2])
    const count = heard.length
    await follow(server, { userId: 2 })
    await watcher.client.presence.lastSeen([2])
    expect(heard).toHaveLength(count)
  }),
)

test.concurrent('L5: version 4 cannot follow a user, and says so', () =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ version: 4 })
    const follower = await follow(server, { expectErrors: ['not-supported'] })
    follower.client.presence.watch(2, () => {})
    await follower.until('the error', () => follower.errors.length > 0)
    expect(follower.errors.map(({ code }) => code)).toEqual(['not-supported'])
  }),
)
