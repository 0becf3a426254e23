import { describe, expect, test } from 'vitest'
import { createFakeNetwork } from '../../test/support/fake-network'
import { createFakePlatform, promiseJobs, seededRandom } from '../../test/support/fake-platform'
import { outcome } from '../../test/support/fake-uplink'
import { sampleConfig } from '../../test/support/config-sample'
import { PullError } from '../core/pull-error'
import { standardParts } from '../entry/parts'
import type { PortalCall } from '../portal/portal'
import type { PullClientOptions } from './options'
import { pullClientClass } from './pull-client'

const CHANNEL = 'a'.repeat(32)
const MESSAGE = { to: { users: [7] }, module: 'im', command: 'x' }

function configOf(): object {
  return {
    server: {
      version: 2,
      server_enabled: true,
      websocket_enabled: true,
      websocket: 'ws://push.example/subws/',
      long_polling: 'http://push.example/sub/',
    },
    channels: { private: { id: CHANNEL, type: 'private' } },
  }
}

/** A push-stream server: it takes no messages. What asks the portal is answered by `answer`. */
function create(told: Partial<PullClientOptions> = {}) {
  const platform = createFakePlatform()
  const network = createFakeNetwork(platform.clock, seededRandom(2))
  platform.fetch = network.fetch
  platform.webSocket = network.webSocket
  network.allow(CHANNEL)
  const calls: PortalCall[] = []
  const errors: PullError[] = []
  const world = { answer: (): unknown => ({ result: {} }) }
  const PullClient = pullClientClass(standardParts(() => platform))
  const client = new PullClient({
    config: configOf(),
    portal: (call) => {
      calls.push(call)
      return Promise.resolve(world.answer())
    },
    ...told,
  })
  client.on('error', (error) => errors.push(error))
  const nothingLeft = (): void =>
    expect([platform.clock.timers, network.openSockets, network.pendingRequests, platform.page.listeners]).toEqual([
      0, 0, 0, 0,
    ])
  return { platform, network, client, calls, errors, world, nothingLeft }
}

describe('send', () => {
  test('waits for a start, and a stop rejects it: before the start, and after', async () => {
    const { platform, client, nothingLeft } = create()
    const early = outcome(client.send({ ...MESSAGE, expiry: 60 }))
    await promiseJobs()
    expect([early.value, client.diagnostics().queued]).toEqual(['pending', 1])
    await client.stop()
    await promiseJobs()
    expect([early.value, client.diagnostics().queued, client.status]).toEqual(['stopped', 0, 'idle'])
    nothingLeft()
    const next = outcome(client.send({ ...MESSAGE, expiry: 60 }))
    void client.start()
    await client.stop()
    await platform.clock.advance(0)
    expect(next.value).toBe('stopped')
    nothingLeft()
  })

  test('a server that takes none rejects it as soon as that is known', async () => {
    const { platform, client } = create()
    const sent = outcome(client.send({ ...MESSAGE, expiry: 60 }))
    void client.start()
    await platform.clock.advance(1000)
    expect([sent.value, sent.error?.facts]).toEqual(['not-supported', { version: 2 }])
    await client.stop()
  })

  test('the waiting room is an option', async () => {
    const { platform, client } = create({ publish: { waitMs: 100, queueLimit: 1 } })
    const outcomes = [outcome(client.send(MESSAGE)), outcome(client.send(MESSAGE))]
    await platform.clock.advance(100)
    expect(outcomes.map(({ value }) => value)).toEqual(['expired', 'queue-full'])
  })

  test('an end that cannot be mended is what waiting messages come to', async () => {
    const { platform, client } = create({ config: () => Promise.reject(new PullError('forbidden', 'log in')) })
    const sent = outcome(client.send({ ...MESSAGE, expiry: 60 }))
    void client.start()
    await platform.clock.advance(0)
    expect([sent.value, client.status]).toEqual(['forbidden', 'stopped'])
  })
})

describe('watch', () => {
  test('tags are asked for while started; an open question ends with a stop', async () => {
    const { platform, client, calls, world, errors, nothingLeft } = create()
    client.watch('TASK_1')
    expect(client.diagnostics().tags).toBe(1)
    void client.start()
    await platform.clock.advance(5000)
    expect(calls.map(({ method, params }) => [method, params])).toEqual([['pull.watch.extend', { tags: ['TASK_1'] }]])
    world.answer = () => new Promise(() => {})
    client.watch('TASK_2')
    await platform.clock.advance(5000)
    expect(calls).toHaveLength(2)
    await client.stop()
    await platform.clock.advance(0)
    expect(calls[1]?.signal.aborted).toBe(true)
    expect(errors).toEqual([])
    nothingLeft()
  })

  test('K3: a page that slept is told by its connection', async () => {
    const { platform, network, client, calls } = create()
    let sleptMs = 0
    // Timers stood still meanwhile.
    const { clock } = platform
    Object.assign(platform, { clock: { ...clock, now: () => clock.now() + sleptMs } })
    const awake = pullClientClass(standardParts(() => platform))
    const sleeper = new awake({ config: configOf(), portal: (call) => Promise.resolve(calls.push(call)) })
    sleeper.watch('TASK_1')
    void sleeper.start()
    await clock.advance(10_000)
    expect(calls).toHaveLength(1)
    sleptMs = 29 * 60_000
    network.drop()
    await clock.advance(1000)
    expect(calls).toHaveLength(2)
    await sleeper.stop()
    await client.stop()
  })

  test('without a portal to ask it is an error that says what to pass', async () => {
    const { platform, client, errors } = create({ portal: undefined as never })
    client.watch('TASK_1')
    void client.start()
    await platform.clock.advance(60_000)
    expect(errors.map(({ code, message }) => [code, /portal: restConfig/.test(message)])).toEqual([
      ['not-supported', true],
    ])
    await client.stop()
  })
})

describe('the portal that is asked', () => {
  const asked = async (options: Partial<PullClientOptions>): Promise<unknown> => {
    const seen = outcome(create(options).client.presence.lastSeen([1]))
    await promiseJobs()
    return seen.value
  }
  const answering = (seconds: number) => () => Promise.resolve({ result: { 1: seconds } })
  const source = (seconds: number) =>
    Object.assign(() => Promise.resolve(sampleConfig()), { portal: answering(seconds) })

  test('is the one given, a function or a source, before the one of the configuration', async () => {
    expect(await asked({ portal: answering(1), config: source(2) })).toEqual({ 1: 1 })
    expect(await asked({ portal: source(3), config: source(2) })).toEqual({ 1: 3 })
    expect(await asked({ portal: undefined as never, config: source(2) })).toEqual({ 1: 2 })
    expect(await asked({ portal: undefined as never })).toBe('not-connected')
  })

  test.each(['x', {}, null, 5])('%j is none', (portal) => {
    expect(() => create({ portal } as never)).toThrow(/portal/)
  })

  test('has timeouts.configMs to answer', async () => {
    const { platform, client } = create({
      portal: () => new Promise(() => {}),
      timeouts: { configMs: 100 },
    })
    const seen = outcome(client.presence.lastSeen([1]))
    await platform.clock.advance(100)
    expect([seen.value, platform.clock.timers]).toEqual(['no-answer', 0])
  })
})

test('a callback of presence that throws surfaces as error', async () => {
  const { platform, network, client, errors } = create()
  const heard: unknown[] = []
  client.presence.watch(7, (isOnline) => {
    heard.push(isOnline)
    throw new Error('mine')
  })
  void client.start()
  await platform.clock.advance(1000)
  network.publish(CHANNEL, { module_id: 'online', command: 'userStatusChange', params: { user_id: 7, online: true } })
  await platform.clock.advance(100)
  expect(heard).toEqual([true])
  expect(errors.map(({ code, facts }) => [code, facts['key']])).toEqual([
    ['not-supported', undefined],
    ['listener-threw', 'presence of user 7'],
  ])
  await client.stop()
})

test('a listener of status that stops and starts anew leaves one session', async () => {
  const { platform, client, nothingLeft } = create()
  let isFirst = true
  client.on('status', () => {
    if (!isFirst) return
    isFirst = false
    void client.stop()
    void client.start()
  })
  const first = outcome(client.start())
  await platform.clock.advance(1000)
  expect([first.value, client.status, client.diagnostics().counters?.configLoads]).toEqual(['stopped', 'connected', 1])
  await client.stop()
  nothingLeft()
})

test('members may be taken off the client', async () => {
  const { client } = create()
  const { send, watch, presence } = client
  const { lastSeen } = presence
  watch('a')()
  const seen = outcome(lastSeen([1]))
  const sent = outcome(send({ ...MESSAGE, to: {} }))
  await promiseJobs()
  expect([seen.value, sent.value]).toEqual([{}, 'bad-option'])
})
