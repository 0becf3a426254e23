/** Clients publish to each other: every way up a server has, in both directions. */
import { describe, expect, test, vi } from 'vitest'
import { type PullClientOptions, PullError, type PullEvent, restConfig, type SendMessage } from '../../src/entry/node'
import type { PullServer, PullServerOptions } from '../../src/entry/testing'
import { type Follower, type FollowOptions, scene, type Scene } from '../support/follow'
import { ownNetwork } from '../support/own-network'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 20 })

interface Speaker {
  readonly name: string
  readonly server: PullServerOptions
  readonly client: Pick<PullClientOptions, 'transport' | 'framing'>
  /** Whether the server says that it took a message. */
  readonly confirms: boolean
  /** Whether the framing tells who published. */
  readonly namesSender: boolean
}

const SPEAKERS: readonly Speaker[] = [
  {
    name: 'push server 2.0, protobuf, websocket',
    server: { version: 4 },
    client: { transport: 'websocket' },
    confirms: false,
    namesSender: true,
  },
  {
    name: 'push server 2.0, protobuf, long-polling',
    server: { version: 4 },
    client: { transport: 'long-polling' },
    confirms: true,
    namesSender: true,
  },
  {
    name: 'push server 2.0, text, websocket',
    server: { version: 4 },
    client: { transport: 'websocket', framing: 'text' },
    confirms: true,
    namesSender: false,
  },
  {
    name: 'cloud, websocket',
    server: { version: 4, mode: 'shared' },
    client: { transport: 'websocket' },
    confirms: false,
    namesSender: true,
  },
  {
    name: 'cloud, long-polling',
    server: { version: 4, mode: 'shared' },
    client: { transport: 'long-polling' },
    confirms: true,
    namesSender: true,
  },
  {
    name: 'push server 3.0',
    server: { version: 5 },
    client: { transport: 'websocket' },
    confirms: true,
    namesSender: true,
  },
]

const QUICK = { batchWindowMs: 20 }
/** The cloud's own ladder is too slow for a test. */
const SOON = { backoff: { firstMs: 0, baseMs: 50, capMs: 200 } }

/** User `userId`, who can ask the portal. */
function join(
  { follow }: Pick<Scene, 'follow'>,
  server: PullServer,
  userId: number,
  options: FollowOptions,
): Promise<Follower> {
  return follow(server, {
    ...SOON,
    ...options,
    userId,
    portal: restConfig({ url: `${server.configUrl}?userId=${userId}` }),
  })
}

function chat(n: unknown, to: SendMessage['to'], expiry = 0): SendMessage {
  return { to, module: 'Chat', command: 'says', params: { n }, expiry }
}

const said = ({ events }: Follower): unknown[] =>
  events.filter(({ command }) => command === 'says').map(({ params }) => (params as { n: unknown }).n)
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1)

async function codeOf(sent: Promise<unknown>): Promise<string> {
  return sent.then(
    () => 'sent',
    (thrown: unknown) => (thrown instanceof PullError ? thrown.code : String(thrown)),
  )
}

/** Waits for something that the portal publishes last of all, so that late repeats are seen too. */
async function settle(server: PullServer, ...followers: Follower[]): Promise<void> {
  const count = ({ events }: Follower): number => events.filter(({ command }) => command === 'settled').length
  const before = followers.map(count)
  server.publish({ module_id: 'contract', command: 'settled' }, { shared: true })
  for (const [at, follower] of followers.entries()) await follower.until('the end', () => count(follower) > before[at]!)
}

describe.concurrent.each(SPEAKERS)('$name', ({ server: serverOptions, client, confirms, namesSender }) => {
  test('U1: a message to a user arrives once, with its sender, both ways', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const one = await join({ follow }, server, 1, client)
      const two = await join({ follow }, server, 2, client)
      const params = { n: 1, text: 'Привет 🎉 #!NGINXNMS!#', list: [1, null, { a: false }] }
      const message = { to: { users: [2] }, module: 'Chat', command: 'Says', params }
      expect(await one.client.send(message)).toEqual({ confirmed: confirms })
      await two.until('the message', () => two.events.length > 0)
      expect(await two.client.send({ ...message, to: { users: [1] }, params: { back: true } })).toEqual({
        confirmed: confirms,
      })
      await one.until('the answer', () => one.events.length > 0)
      const [event] = two.events as [PullEvent]
      expect(event).toMatchObject({ module: 'chat', command: 'Says', params, replayed: false })
      expect(event.sender.type).toBe(namesSender ? 'client' : 'unknown')
      if (namesSender) expect(event.extra['sender']).toMatchObject({ type: 1 })
      expect(one.events[0]).toMatchObject({ module: 'chat', command: 'Says', params: { back: true } })
      await settle(server, one, two)
      expect([one.events.length, two.events.length]).toEqual([2, 2])
    }))

  test('U1: a message to a public channel arrives once', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const one = await join({ follow }, server, 1, client)
      const two = await join({ follow }, server, 2, client)
      const { publicChannels, channels } = server.config(2)
      if (publicChannels === false) throw new Error('no public channels')
      const { public_id: publicId, signature } = publicChannels['2']!
      await one.client.send(chat(1, { channels: [`${publicId}.${signature}`] }, 60))
      await one.client.send(chat(2, { channels: [{ publicId, signature }] }, 60))
      await one.client.send(chat(3, { channels: [channels.private.public_id!] }, 60))
      // Named in two ways, the receiver is one all the same.
      await one.client.send(chat(4, { channels: [`${publicId}.${signature}`], users: [2] }, 60))
      await two.until('four messages', () => said(two).length >= 4)
      await settle(server, one, two)
      expect(said(two)).toEqual([1, 2, 3, 4])
      expect(said(one)).toEqual([])
    }))

  test('U8: with an expiry a message waits for who is away, without one it does not', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const network = ownNetwork()
      const one = await join({ follow }, server, 1, client)
      const two = await join({ follow }, server, 2, { ...client, platform: network.platform })
      await one.client.send(chat('before', { users: [2] }, 60))
      await two.until('the first message', () => said(two).length === 1)
      network.down()
      await two.until('the loss', () => two.counters().lost > 0)
      await two.until('the empty place', () => server.connections().every(({ userId }) => userId !== 2))
      await one.client.send(chat('kept', { users: [2] }, 60))
      await one.client.send(chat('gone', { users: [2] }, 0))
      await one.client.send(chat('kept too', { users: [2] }, 60))
      await settle(server, one)
      network.up()
      await two.until('what was kept', () => said(two).length >= 3)
      expect(said(two)).toEqual(['before', 'kept', 'kept too'])
      await one.client.send(chat('live', { users: [2] }, 0))
      await two.until('the live one', () => said(two).length >= 4)
      expect(said(two)).toEqual(['before', 'kept', 'kept too', 'live'])
    }))

  test('U6: what is sent in one turn arrives in its order', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const one = await join({ follow }, server, 1, client)
      const two = await join({ follow }, server, 2, client)
      // Kept: a poll that is just being answered hears nothing.
      await Promise.all(numbers(300).map((n) => one.client.send(chat(n, { users: [2] }, 60))))
      await two.until('300 messages', () => said(two).length >= 300)
      await settle(server, two)
      expect(said(two)).toEqual(numbers(300))
      const posts = server.log.filter(({ kind }) => kind === 'publish')
      if (posts.length > 0) expect(posts.map(({ status }) => status)).toEqual([200, 200, 200])
    }))

  test('U2: 250 receivers are more than one message', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const one = await join({ follow }, server, 1, client)
      const two = await join({ follow }, server, 2, client)
      const receivers: number[] = []
      server.watch((event) => {
        if (event.type === 'published' && event.body.includes('says')) receivers.push(event.channels.length)
      })
      const users = [...numbers(249).map((n) => 1000 + n), 2]
      const sent = await one.client.send(chat('all', { users }, 60))
      expect(sent).toEqual({ confirmed: confirms })
      await two.until('the message', () => said(two).length > 0)
      await settle(server, one, two)
      expect(said(two)).toEqual(['all'])
      expect(receivers).toEqual([100, 100, 50])
      expect(one.counters().lost).toBe(0)
    }))

  test('U2: large messages go up in requests of their own; one that is too large is refused here', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const one = await join({ follow }, server, 1, client)
      const two = await join({ follow }, server, 2, client)
      const texts = [400_000, 400_000, 400_000, 989_000, 10].map((length, at) => String(at).repeat(length))
      const message = (text: string): SendMessage => chat(text, { users: [2] }, 60)
      await Promise.all(texts.map((text) => one.client.send(message(text))))
      await two.until('five messages', () => said(two).length >= 5)
      expect(said(two).map((text) => String(text).length)).toEqual([400_000, 400_000, 400_000, 989_000, 10])
      expect(said(two)).toEqual(texts)
      expect(await codeOf(one.client.send(message('x'.repeat(990_000))))).toBe('bad-option')
      expect(one.counters().lost).toBe(0)
    }))

  test('U3: what is sent during an outage waits for its end, in order', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const one = await join({ follow }, server, 1, client)
      const two = await join({ follow }, server, 2, client)
      await one.client.send(chat(0, { users: [2] }, 60))
      await two.until('the first message', () => said(two).length === 1)
      const restarted = server.restart({ downMs: 400, keepHistory: true })
      await one.until('the loss', () => one.client.status !== 'connected')
      const sent = numbers(20).map((n) => one.client.send(chat(n, { users: [2] }, 60)))
      expect(one.client.diagnostics().queued).toBe(20)
      await restarted
      await Promise.all(sent)
      await two.until('all of them', () => said(two).length >= 21)
      await settle(server, one, two)
      expect(said(two)).toEqual([0, ...numbers(20)])
    }))

  test('U3: what waits too long is rejected, and so is what is too much', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const network = ownNetwork()
      const publish = { waitMs: 150, queueLimit: 3 }
      const one = await join({ follow }, server, 1, { ...client, publish, platform: network.platform })
      const two = await join({ follow }, server, 2, client)
      network.down()
      await one.until('the loss', () => one.client.status !== 'connected')
      const startedAtMs = Date.now()
      const sent = [chat(1, { users: [2] }), chat(2, { users: [2] }, 60), chat(3, { users: [2] }, 1)].map((message) =>
        codeOf(one.client.send(message)),
      )
      const fourth = one.client.send(chat(4, { users: [2] }))
      await expect(fourth).rejects.toMatchObject({ code: 'queue-full', facts: { limit: 'publish.queueLimit' } })
      expect(await sent[0]).toBe('expired')
      expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(140)
      expect(await sent[2]).toBe('expired')
      expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(990)
      network.up()
      expect(await sent[1]).toBe('sent')
      await two.until('the one that waited', () => said(two).length > 0)
      await settle(server, two)
      expect(said(two)).toEqual([2])
    }))

  test('U9: stop() rejects what waits', () =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions, ...QUICK })
      const network = ownNetwork()
      const one = await join({ follow }, server, 1, { ...client, platform: network.platform })
      network.down()
      await one.until('the loss', () => one.client.status !== 'connected')
      const sent = numbers(3).map((n) => codeOf(one.client.send(chat(n, { users: [2] }, 60))))
      await one.stop()
      expect(await Promise.all(sent)).toEqual(['stopped', 'stopped', 'stopped'])
      expect(one.client.diagnostics().queued).toBe(0)
    }))
})

describe.concurrent.each(SPEAKERS.filter(({ server }) => server.version === 4))(
  '$name',
  ({ server: serverOptions, client }) => {
    test('U4: a user without a public channel is told at once, and nobody gets the message', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK })
        const one = await join({ follow }, server, 1, client)
        const two = await join({ follow }, server, 2, client)
        const known = (await (await fetch(`${server.url}/rest/pull.channel.public.list.json?USERS[0]=2`)).json()) as {
          result: object
        }
        const body = JSON.stringify({ result: known.result })
        server.faults.set({ rest: { method: 'pull.channel.public.list', status: 200, body } })
        const sent = one.client.send(chat('nobody', { users: [2, 99] }))
        await expect(sent).rejects.toMatchObject({ code: 'unknown-recipient', facts: { users: [99] } })
        await one.client.send(chat('somebody', { users: [2] }, 60))
        await two.until('the message', () => said(two).length > 0)
        await settle(server, two)
        expect(said(two)).toEqual(['somebody'])
        // What the portal told is not asked again.
        expect(
          server.log.filter(({ call, method }) => call === 'pull.channel.public.list' && method === 'POST'),
        ).toHaveLength(1)
      }))

    test('U10: a portal that cannot be asked fails the message, not the client', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, ...QUICK })
        const one = await join({ follow }, server, 1, client)
        server.faults.set({ rest: { method: 'pull.channel.public.list', status: 503, times: 1 } })
        expect(await codeOf(one.client.send(chat(1, { users: [2] })))).not.toBe('sent')
        expect(await codeOf(one.client.send(chat(2, { users: [2] })))).toBe('sent')
        expect(one.client.status).toBe('connected')
      }))
  },
)

test.concurrent.each([
  ['push server 2.0', { version: 4 }],
  ['cloud', { version: 4, mode: 'shared' }],
] as const)('U11: %s: a forged signature costs the connection, not the client', (_name, serverOptions) =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ ...serverOptions, ...QUICK })
    const one = await join({ follow }, server, 1, { transport: 'websocket', expectErrors: ['server-refused'] })
    const two = await join({ follow }, server, 2, { transport: 'websocket' })
    await one.client.send(chat('forged', { channels: [`${'a'.repeat(32)}.${'b'.repeat(40)}`] }))
    await one.until('the error', () => one.errors.length > 0)
    expect(one.errors).toMatchObject([{ code: 'server-refused', facts: { closeCode: 4021 } }])
    const lostAtMs = Date.now()
    await one.until('the connection', () => one.client.status === 'connected')
    expect(Date.now() - lostAtMs).toBeLessThan(5000)
    await one.client.send(chat('fine', { users: [2] }, 60))
    await two.client.send(chat('fine too', { users: [1] }, 60))
    await two.until('the next message', () => said(two).length > 0)
    await one.until('the answer', () => said(one).length > 0)
    expect([said(one), said(two)]).toEqual([['fine too'], ['fine']])
    expect(one.configLoadsAtMs).toHaveLength(1)
  }),
)

test.concurrent.each([
  ['push server 2.0, long-polling', { version: 4 }, 'long-polling'],
  ['push server 3.0', { version: 5 }, 'websocket'],
] as const)('U11: %s: a forged signature is refused in the answer', (_name, serverOptions, transport) =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ ...serverOptions, ...QUICK })
    const one = await join({ follow }, server, 1, { transport })
    const sent = one.client.send(chat('forged', { channels: [`${'a'.repeat(32)}.${'b'.repeat(40)}`] }))
    await expect(sent).rejects.toMatchObject({ code: 'server-refused' })
    expect(one.counters().lost).toBe(0)
  }),
)

test.concurrent.each([
  ['push-stream 0.4.0', { version: 2 }],
  ['push server 1.0', { version: 3 }],
] as const)('U12: %s takes no messages of browsers, and that is said at once', (_name, serverOptions) =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ ...serverOptions })
    const one = await join({ follow }, server, 1, {})
    const sent = one.client.send(chat(1, { users: [2] }, 60))
    await expect(sent).rejects.toMatchObject({ code: 'not-supported', facts: { version: serverOptions.version } })
    expect(one.client.diagnostics().queued).toBe(0)
  }),
)

test.concurrent('U12: publishing that is switched off is said at once', () =>
  scene(async ({ server: start, follow }) => {
    const server = await start({ version: 4 })
    const config = server.config(1)
    const one = await join({ follow }, server, 1, {
      config: () => Promise.resolve({ ...config, server: { ...config.server, publish_enabled: false } }),
    })
    expect(await codeOf(one.client.send(chat(1, { users: [2] }, 60)))).toBe('not-supported')
  }),
)
