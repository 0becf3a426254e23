import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFakeClock, promiseJobs } from '../../test/support/fake-platform'
import { createFakeUplink, outcome } from '../../test/support/fake-uplink'
import type { PublicChannelId } from '../codec/codec'
import { PullError } from '../core/pull-error'
import type { SendMessage } from './draft'
import { PUBLISH, createPublisher } from './publisher'

const seed = Number(process.env['FC_SEED']) || Date.now() % 2 ** 31

const channelOf = (user: number): PublicChannelId => ({
  id: user.toString(16).padStart(32, '0'),
  signature: 'b'.repeat(40),
})
const said = (command: string, told: Partial<SendMessage> = {}): SendMessage => ({
  to: { users: [7] },
  module: 'im',
  command,
  ...told,
})

function scene(limits = {}) {
  const clock = createFakeClock()
  const uplink = createFakeUplink()
  const world = {
    known: (user: number): PublicChannelId | undefined => channelOf(user),
    lookups: [] as number[][],
    lookup: (): Promise<unknown> => Promise.resolve(),
  }
  const publisher = createPublisher({
    clock,
    limits: { ...PUBLISH, ...limits },
    async findChannels(users) {
      world.lookups.push([...users])
      await world.lookup()
      return new Map(
        users
          .map((user) => [user, world.known(user)] as const)
          .filter((one): one is [number, PublicChannelId] => !!one[1]),
      )
    },
  })
  const send = (message: SendMessage) => outcome(publisher.send(message))
  const commands = (): string[] =>
    uplink.requests.flat().map(({ body }) => (JSON.parse(body) as { command: string }).command)
  return { clock, uplink, publisher, send, world, commands }
}

describe('version 5', () => {
  test('U1: one call to users and channels, confirmed by its answer', async () => {
    const { uplink, publisher, send } = scene()
    publisher.attach(uplink)
    uplink.open('rpc')
    const [channel, other] = [channelOf(1), channelOf(2)]
    const channels = [`${channel.id}.${channel.signature}`, { publicId: other.id, signature: other.signature }]
    const sent = send(said('x', { to: { users: [7, 8, 7], channels }, params: { n: 1 }, expiry: 60 }))
    await promiseJobs()
    expect(sent.value).toEqual({ confirmed: true })
    expect(uplink.batches).toEqual([
      [
        [
          'publish',
          {
            userList: [7, 8],
            channelList: [`${channel.id}.${channel.signature}`, `${other.id}.${other.signature}`],
            body: { module_id: 'im', command: 'x', params: { n: 1 } },
            expiry: 60,
          },
        ],
      ],
    ])
  })

  test('requests follow each other without waiting for answers', async () => {
    const { uplink, publisher, send } = scene()
    publisher.attach(uplink)
    uplink.open('rpc')
    uplink.answer = () => new Promise(() => {})
    send(said('a'))
    await promiseJobs()
    send(said('b'))
    await promiseJobs()
    expect(uplink.batches.map((calls) => calls.length)).toEqual([1, 1])
    publisher.stop(new PullError('stopped', 'x'))
  })

  test('each of a batch has its own outcome', async () => {
    const { uplink, publisher, send } = scene()
    publisher.attach(uplink)
    uplink.open('rpc')
    const refusal = new PullError('server-refused', 'no', { facts: { rpcCode: -32602 } })
    uplink.answer = (_, { userList }) => {
      if ((userList as number[])[0] === 2) throw refusal
      return true
    }
    const outcomes = [1, 2, 3].map((user) => send(said('x', { to: { users: [user] } })))
    await promiseJobs()
    expect(outcomes.map(({ value }) => value)).toEqual([{ confirmed: true }, 'server-refused', { confirmed: true }])
    expect(uplink.batches).toHaveLength(1)
  })

  test('U5: a connection that ends before the answer may have delivered it: it is not sent again', async () => {
    const { uplink, publisher, send } = scene()
    publisher.attach(uplink)
    uplink.open('rpc')
    let lose: (error: PullError) => void = () => {}
    uplink.answer = () => new Promise((_, reject) => (lose = reject))
    const sent = send(said('x'))
    await promiseJobs()
    lose(new PullError('not-connected', 'gone'))
    uplink.open('rpc')
    await promiseJobs()
    expect([sent.value, sent.error?.retryable, uplink.batches.length]).toEqual(['no-answer', true, 1])
  })
})

describe('version 4', () => {
  test('U1: users are sent to by their public channels; a socket confirms nothing, a POST does', async () => {
    const { uplink, publisher, send, world } = scene()
    publisher.attach(uplink)
    uplink.open('socket')
    const channel = channelOf(9)
    const first = send(said('x', { to: { users: [7], channels: [`${channel.id}.${channel.signature}`] } }))
    await promiseJobs()
    uplink.open('post')
    const second = send(said('y'))
    await promiseJobs()
    expect([first.value, second.value]).toEqual([{ confirmed: false }, { confirmed: true }])
    expect(uplink.requests[0]).toEqual([
      { receivers: [channelOf(7), channel], body: '{"module_id":"im","command":"x","params":{}}', expiry: 0 },
    ])
    expect(world.lookups).toEqual([[7], [7]])
  })

  test('U4: a user without a public channel: nobody gets the message, and the others are not held up', async () => {
    const { uplink, publisher, send, world } = scene()
    world.known = (user) => (user > 150 ? undefined : channelOf(user))
    publisher.attach(uplink)
    uplink.open('socket')
    const users = Array.from({ length: 160 }, (_, at) => at + 1)
    const [wrong, right] = [send(said('wrong', { to: { users } })), send(said('right'))]
    await promiseJobs()
    expect([wrong.value, wrong.error?.facts]).toEqual(['unknown-recipient', { users: users.slice(150) }])
    expect([right.value, publisher.waiting]).toEqual([{ confirmed: false }, 0])
    const got = uplink.requests.flat().map(({ body }) => body)
    expect(got).toEqual([expect.stringContaining('right')])
  })

  test('a portal that refuses the lookup is what the message comes to', async () => {
    const { uplink, publisher, send, world } = scene()
    world.lookup = () => Promise.reject(new PullError('forbidden', 'log in'))
    publisher.attach(uplink)
    uplink.open('socket')
    const channel = channelOf(3)
    const [lost, sent] = [
      send(said('x')),
      send(said('y', { to: { channels: [`${channel.id}.${channel.signature}`] } })),
    ]
    await promiseJobs()
    expect([lost.value, sent.value]).toEqual(['forbidden', { confirmed: false }])
  })

  test('U6: a message does not overtake another, neither in a lookup nor in a POST', async () => {
    const { uplink, publisher, send, world, commands } = scene()
    const turns: (() => void)[] = []
    const slow = (): Promise<void> => new Promise((resolve) => turns.push(resolve))
    world.lookup = slow
    uplink.taken = slow
    publisher.attach(uplink)
    uplink.open('post')
    send(said('a'))
    await promiseJobs()
    const channel = channelOf(3)
    send(said('b', { to: { channels: [`${channel.id}.${channel.signature}`] } }))
    await promiseJobs()
    expect(commands()).toEqual([])
    turns.shift()?.()
    await promiseJobs()
    expect(commands()).toEqual(['a'])
    turns.shift()?.()
    await promiseJobs()
    turns.shift()?.()
    await promiseJobs()
    expect(commands()).toEqual(['a', 'b'])
  })

  test('another way up while the portal was asked is taken', async () => {
    const { uplink, publisher, send, world } = scene()
    let found = (): void => {}
    world.lookup = () => new Promise((resolve) => (found = () => resolve(true)))
    publisher.attach(uplink)
    uplink.open('socket')
    const sent = send(said('x', { expiry: 60 }))
    await promiseJobs()
    uplink.close()
    found()
    await promiseJobs()
    expect([sent.value, publisher.waiting, uplink.requests.length]).toEqual(['pending', 1, 0])
    world.lookup = () => Promise.resolve()
    uplink.open('post')
    await promiseJobs()
    expect([sent.value, uplink.requests.length]).toEqual([{ confirmed: true }, 1])
  })
})

describe.each(['rpc', 'socket'] as const)('the queue, %s', (via) => {
  const frames = ({ uplink }: ReturnType<typeof scene>): number[] =>
    [...uplink.batches, ...uplink.requests].map((frame) => frame.length)

  test('U3: what waits goes up together and in order, before start() too', async () => {
    const world = scene()
    const outcomes = ['a', 'b', 'c'].map((command) => world.send(said(command)))
    await promiseJobs()
    world.publisher.attach(world.uplink)
    await promiseJobs()
    expect([world.publisher.waiting, world.clock.timers]).toEqual([3, 1])
    world.uplink.open(via)
    await promiseJobs()
    expect(frames(world)).toEqual([3])
    expect(outcomes.map(({ value }) => value)).toEqual(Array(3).fill({ confirmed: via === 'rpc' }))
    expect([world.publisher.waiting, world.clock.timers]).toEqual([0, 0])
  })

  test('U3: a message waits as long as its expiry, or publish.waitMs; the rejection says which', async () => {
    const { clock, uplink, publisher, send } = scene({ waitMs: 3000 })
    publisher.attach(uplink)
    const [short, long] = [send(said('a')), send(said('b', { expiry: 60 }))]
    await clock.advance(2999)
    expect(short.value).toBe('pending')
    await clock.advance(1)
    expect([short.value, short.error?.facts]).toEqual(['expired', { limit: 'publish.waitMs' }])
    await clock.advance(56_999)
    expect(long.value).toBe('pending')
    await clock.advance(1)
    expect([long.value, long.error?.facts, long.error?.retryable]).toEqual(['expired', { limit: 'expiry' }, true])
    expect([publisher.waiting, clock.timers]).toEqual([0, 0])
  })

  test('U3: where nothing may wait, what can go up at once does', async () => {
    const { clock, uplink, publisher, send } = scene({ waitMs: 0 })
    publisher.attach(uplink)
    const early = send(said('a'))
    await promiseJobs()
    expect([early.value, clock.timers]).toEqual(['expired', 0])
    uplink.open(via)
    const sent = send(said('b'))
    await promiseJobs()
    expect(sent.error).toBe(null)
    expect(sent.value).toEqual({ confirmed: via === 'rpc' })
  })

  test('U3: what slept past its time is not sent on waking', async () => {
    const { clock, uplink, publisher, send } = scene()
    publisher.attach(uplink)
    const sent = send(said('a', { expiry: 60 }))
    await promiseJobs()
    clock.jump(61_000)
    uplink.open(via)
    await promiseJobs()
    expect([sent.value, uplink.batches.length, uplink.requests.length]).toEqual(['expired', 0, 0])
  })

  test('U3: only so many wait for a connection; a connection takes any number', async () => {
    const world = scene({ queueLimit: 2 })
    const { uplink, publisher, send } = world
    publisher.attach(uplink)
    const outcomes = ['a', 'b', 'c'].map((command) => send(said(command)))
    await promiseJobs()
    expect(outcomes.map(({ value }) => value)).toEqual(['pending', 'pending', 'queue-full'])
    expect(outcomes[2]?.error?.facts).toEqual({ limit: 'publish.queueLimit', queueLimit: 2 })
    uplink.open(via)
    Array.from({ length: 250 }, (_, at) => send(said(`${at}`)))
    await promiseJobs()
    expect(frames(world).reduce((sum, count) => sum + count)).toBe(252)
    expect(Math.max(...frames(world))).toBe(100)
  })

  test('U5: what a link did not take waits for another one, in its place', async () => {
    const { clock, uplink, publisher, send, commands } = scene()
    publisher.attach(uplink)
    uplink.open(via)
    uplink.deaf = true
    const [first, second] = [send(said('a', { expiry: 60 })), send(said('b', { expiry: 60 }))]
    await promiseJobs()
    expect([first.value, second.value, publisher.waiting]).toEqual(['pending', 'pending', 2])
    const third = send(said('c', { expiry: 60 }))
    await promiseJobs()
    uplink.deaf = false
    uplink.open(via)
    await promiseJobs()
    expect([first, second, third].map(({ error }) => error)).toEqual([null, null, null])
    const calls = uplink.batches.flat().map(([, { body }]) => (body as { command: string }).command)
    expect(via === 'rpc' ? calls : commands()).toEqual(['a', 'b', 'c'])
    expect(clock.timers).toBe(0)
  })

  test('stop() rejects all of it and leaves nothing; what is sent later waits for another start', async () => {
    const { clock, uplink, publisher, send } = scene()
    publisher.attach(uplink)
    const [waiting, stuck] = [send(said('a')), send(said('b'))]
    await promiseJobs()
    uplink.answer = uplink.taken = () => new Promise<never>(() => {})
    uplink.open(via)
    await promiseJobs()
    publisher.stop(new PullError('stopped', 'Stopped'))
    await promiseJobs()
    expect([waiting.value, stuck.value]).toEqual(['stopped', 'stopped'])
    expect([clock.timers, uplink.watchers, publisher.waiting]).toEqual([0, 0, 0])
    const later = send(said('c'))
    await promiseJobs()
    expect(later.value).toBe('pending')
    publisher.stop(new PullError('stopped', 'Stopped'))
    await promiseJobs()
    expect([later.value, clock.timers]).toEqual(['stopped', 0])
  })
})

test('U5: a link that took nothing is tried again when something changes about it', async () => {
  const { uplink, publisher, send } = scene()
  publisher.attach(uplink)
  uplink.open('socket')
  uplink.deaf = true
  const sent = send(said('a'))
  await promiseJobs()
  uplink.deaf = false
  expect(sent.value).toBe('pending')
  uplink.change()
  await promiseJobs()
  expect(sent.value).toEqual({ confirmed: false })
})

test('U5, U6: what comes back to the queue is in front of what came later', async () => {
  const { uplink, publisher, send, commands } = scene()
  publisher.attach(uplink)
  uplink.open('socket')
  let fail: (error: PullError) => void = () => {}
  uplink.taken = () => new Promise((_, reject) => (fail = reject))
  send(said('a'))
  await promiseJobs()
  send(said('b'))
  await promiseJobs()
  uplink.taken = () => Promise.resolve()
  fail(new PullError('not-connected', 'closing'))
  await promiseJobs()
  uplink.open('socket')
  await promiseJobs()
  expect(commands()).toEqual(['a', 'a', 'b'])
})

test('a message that was refused in part leaves nothing in the queue', async () => {
  const { clock, uplink, publisher, send } = scene()
  publisher.attach(uplink)
  uplink.open('rpc')
  uplink.answer = () => {
    uplink.deaf = true
    throw new PullError('server-refused', 'no')
  }
  const sent = send(said('a', { to: { users: Array.from({ length: 150 }, (_, at) => at) } }))
  await promiseJobs()
  expect([sent.value, publisher.waiting, clock.timers]).toEqual(['server-refused', 0, 0])
})

test('who is named by his channel too gets it once', async () => {
  const { uplink, publisher, send } = scene()
  publisher.attach(uplink)
  uplink.open('socket')
  const { id, signature } = channelOf(7)
  send(said('a', { to: { users: [7, 8], channels: [`${id}.${signature}`] } }))
  await promiseJobs()
  expect(uplink.requests[0]?.[0]?.receivers).toEqual([channelOf(7), channelOf(8)])
})

test('a server that takes no messages rejects at once, also what waits', async () => {
  const { clock, uplink, publisher, send } = scene()
  publisher.attach(uplink)
  const waiting = send(said('a', { expiry: 60 }))
  await promiseJobs()
  uplink.refuse(new PullError('not-supported', 'version 3'))
  const later = send(said('b'))
  await promiseJobs()
  expect([waiting.value, later.value, clock.timers]).toEqual(['not-supported', 'not-supported', 0])
})

test('U2: whatever is sent, requests keep to the limits and every receiver gets it once, in order', async () => {
  const message = fc.record({
    users: fc.integer({ min: 1, max: 350 }),
    size: fc.oneof(fc.integer({ max: 1000, min: 0 }), fc.integer({ min: 100_000, max: 900_000 })),
  })
  const property = fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 12 }), async (messages) => {
    const { uplink, publisher, send } = scene()
    publisher.attach(uplink)
    const outcomes = messages.map(({ users, size }, at) =>
      send(said(`${at}`, { to: { users: Array.from({ length: users }, (_, n) => n) }, params: 'x'.repeat(size) })),
    )
    uplink.open('socket')
    await promiseJobs()
    await promiseJobs()
    expect(outcomes.filter(({ error }) => error)).toEqual([])
    uplink.requests.forEach((request) => {
      expect(request.length).toBeLessThanOrEqual(100)
      expect(request.reduce((sum, { receivers }) => sum + receivers.length, 0)).toBeLessThanOrEqual(100)
      const bytes = request.reduce((sum, { body, receivers }) => sum + body.length + 20 + receivers.length * 44, 0)
      expect(bytes).toBeLessThan(1_048_576)
    })
    const got = uplink.requests.flat()
    const each = messages.map((_, at) => got.filter(({ body }) => body.includes(`"command":"${at}"`)))
    expect(each.map((parts) => parts.flatMap(({ receivers }) => receivers.map(({ id }) => parseInt(id, 16))))).toEqual(
      messages.map(({ users }) => Array.from({ length: users }, (_, n) => n)),
    )
    const order = got.map(({ body }) => Number((JSON.parse(body) as { command: string }).command))
    expect(order).toEqual([...order].sort((one, other) => one - other))
  })
  await fc.assert(property, { numRuns: 40, seed })
})
