import { describe, expect, test } from 'vitest'
import { promiseJobs } from '../../test/support/fake-platform'
import { createFakeUplink, outcome } from '../../test/support/fake-uplink'
import { PullError } from '../core/pull-error'
import type { PullEvent } from '../session/dispatch'
import { createPresence } from './presence'

const idOf = (user: number): string => user.toString(16).padStart(32, '0')

function scene({ hasPortal = true } = {}) {
  const uplink = createFakeUplink()
  const asked: unknown[] = []
  const errors: PullError[] = []
  const thrown: unknown[] = []
  const world = {
    seen: {} as unknown,
    known: (user: number): boolean => user < 1000,
  }
  const runner = createPresence({
    async ask(method, params) {
      asked.push([method, params])
      await Promise.resolve()
      if (!hasPortal) throw new PullError('not-supported', 'no portal')
      if (world.seen instanceof Error) throw world.seen
      return world.seen
    },
    hasPortal,
    findChannels: (users) =>
      Promise.resolve(new Map(users.filter(world.known).map((user) => [user, { id: idOf(user), signature: '' }]))),
    report: (error) => errors.push(error),
    listenerThrew: (...what) => thrown.push(what),
  })
  const told = (): unknown[] =>
    uplink.batches.map((calls) => calls.map(([method, params]) => [method.slice(0, 3), params['userId']]))
  const received = (userId: unknown, online: unknown, more: Partial<PullEvent> = {}): void =>
    runner.received({
      module: 'online',
      command: 'userStatusChange',
      params: { user_id: userId, online },
      sender: { type: 'backend', id: null },
      ...more,
    } as PullEvent)
  return { uplink, asked, errors, thrown, world, presence: runner.presence, runner, told, received }
}

describe('lastSeen', () => {
  test('L1: version 5 is asked first, the portal for those it does not know', async () => {
    const { uplink, asked, presence, runner, world } = scene()
    runner.attach(uplink)
    uplink.open('rpc')
    uplink.answer = () => ({ 1: 0, 2: '15' })
    world.seen = { 3: 7200 }
    expect(await presence.lastSeen([1, 2, 3, 4, 3])).toEqual({ 1: 0, 2: 15, 3: 7200 })
    expect(uplink.batches).toEqual([[['getUsersLastSeen', { userList: [1, 2, 3, 4] }]]])
    expect(asked).toEqual([['pull.api.user.getLastSeen', { userIds: [3, 4], sendToQueueSever: true }]])
    uplink.answer = () => ({ 1: 0 })
    expect(await presence.lastSeen([1])).toEqual({ 1: 0 })
    expect(asked).toHaveLength(1)
  })

  test.each(['socket', 'post'] as const)('L1: without calls (%s) the portal is asked alone', async (via) => {
    const { uplink, presence, runner, world } = scene()
    world.seen = { 1: 5, 2: 'rubbish', 3: -1 }
    expect(await presence.lastSeen([1])).toEqual({ 1: 5 })
    runner.attach(uplink)
    expect(await presence.lastSeen([1])).toEqual({ 1: 5 })
    uplink.open(via)
    expect(await presence.lastSeen([1])).toEqual({ 1: 5 })
    expect(uplink.batches).toEqual([])
  })

  test('L1: when the push server fails, the portal is asked for all', async () => {
    const { uplink, asked, presence, runner, world } = scene()
    runner.attach(uplink)
    uplink.open('rpc')
    uplink.answer = () => {
      throw new PullError('no-answer', 'late')
    }
    world.seen = { 1: 3 }
    expect(await presence.lastSeen([1, 2])).toEqual({ 1: 3 })
    expect(asked).toHaveLength(1)
    world.seen = new PullError('forbidden', 'log in')
    const failed = outcome(presence.lastSeen([1]))
    await promiseJobs()
    expect(failed.value).toBe('forbidden')
  })

  test('without a portal there is what the push server says, and its failures', async () => {
    const { uplink, asked, presence, runner } = scene({ hasPortal: false })
    const before = outcome(presence.lastSeen([1]))
    runner.attach(uplink)
    const early = outcome(presence.lastSeen([1]))
    uplink.open('rpc')
    uplink.answer = () => ({ 1: 5 })
    expect(await presence.lastSeen([1, 2])).toEqual({ 1: 5 })
    uplink.answer = () => {
      throw new PullError('no-answer', 'late')
    }
    const late = outcome(presence.lastSeen([1]))
    await promiseJobs()
    expect([before.value, early.value, late.value, asked]).toEqual(['not-connected', 'not-connected', 'no-answer', []])
    uplink.open('socket')
    const never = outcome(presence.lastSeen([1]))
    await promiseJobs()
    expect(never.value).toBe('not-supported')
  })
})

describe('isOnline', () => {
  test('L2: version 4 tells which public channels have a listener, 100 at a time', async () => {
    const { uplink, presence, runner } = scene()
    runner.attach(uplink)
    uplink.open('socket')
    uplink.online = [idOf(2), idOf(205)]
    const users = Array.from({ length: 250 }, (_, at) => at + 1)
    const online = await presence.isOnline([...users, 5000])
    expect(uplink.stats.map((channels) => channels.length)).toEqual([100, 100, 50])
    expect(Object.keys(online)).toHaveLength(251)
    expect(Object.entries(online).filter(([, is]) => is)).toEqual([['2', true], ['205', true]]) // prettier-ignore
    expect(online[5000]).toBe(false)
  })

  test('L2: version 5 says it by seconds, and the portal is not needed for that', async () => {
    const { uplink, asked, presence, runner } = scene()
    runner.attach(uplink)
    uplink.open('rpc')
    uplink.answer = () => ({ 1: 0, 2: 60 })
    expect(await presence.isOnline([1, 2, 3])).toEqual({ 1: true, 2: false, 3: false })
    expect(asked).toEqual([])
  })

  test('L2: while nothing is connected the portal says it', async () => {
    const { presence, world } = scene()
    world.seen = { 1: 0, 2: 60 }
    expect(await presence.isOnline([1, 2])).toEqual({ 1: true, 2: false })
  })
})

test('nobody is asked about nobody, and about what is no user', async () => {
  const { asked, presence, runner, uplink } = scene()
  runner.attach(uplink)
  uplink.open('rpc')
  expect([await presence.lastSeen([]), await presence.isOnline([])]).toEqual([{}, {}])
  const wrong = [['1'], [1.5], 5, null].map((ids) => outcome(presence.lastSeen(ids as number[])))
  await promiseJobs()
  expect(wrong.map(({ value }) => value)).toEqual(Array(4).fill('bad-option'))
  expect([asked, uplink.batches]).toEqual([[], []])
  expect(() => presence.watch('1' as never, () => {})).toThrow(PullError)
  expect(() => presence.watch(1, null as never)).toThrow(PullError)
})

describe('watch', () => {
  test('L3: a user is subscribed to once, when connected, and left with the last callback', async () => {
    const { uplink, presence, runner, told } = scene()
    runner.attach(uplink)
    const offs = [presence.watch(1, () => {}), presence.watch(1, () => {}), presence.watch(2, () => {})]
    await promiseJobs()
    expect(told()).toEqual([])
    uplink.open('rpc')
    await promiseJobs()
    uplink.change()
    await promiseJobs()
    expect(told()).toEqual([[['sub', 1], ['sub', 2]]]) // prettier-ignore
    offs[0]?.()
    offs[0]?.()
    await promiseJobs()
    expect(told()).toHaveLength(1)
    offs[1]?.()
    await promiseJobs()
    expect(told()[1]).toEqual([['uns', 1]])
    presence.watch(1, () => {})
    await promiseJobs()
    expect(told()[2]).toEqual([['sub', 1]])
  })

  test('L4: every other connection is told anew', async () => {
    const { uplink, presence, runner, told } = scene()
    runner.attach(uplink)
    uplink.open('rpc')
    presence.watch(1, () => {})
    presence.watch(2, () => {})()
    await promiseJobs()
    uplink.close()
    await promiseJobs()
    uplink.open('rpc')
    await promiseJobs()
    expect(told()).toEqual([[['sub', 1]], [['sub', 1]]])
    runner.stop()
    expect(uplink.watchers).toBe(0)
    const again = createFakeUplink()
    runner.attach(again)
    // A session counts its links from the beginning.
    again.open('rpc')
    again.open('rpc')
    await promiseJobs()
    expect(again.batches).toEqual([[['subscribeStatusChange', { userId: 1 }]]])
  })

  test('L4: a subscription that fails is told as error and tried again on the next connection', async () => {
    const { uplink, errors, presence, runner, told } = scene()
    runner.attach(uplink)
    uplink.open('rpc')
    uplink.answer = () => {
      throw new PullError('server-refused', 'no')
    }
    presence.watch(1, () => {})
    await promiseJobs()
    uplink.change()
    await promiseJobs()
    expect([errors.map(({ code }) => code), told().length]).toEqual([['server-refused'], 1])
    uplink.answer = () => true
    uplink.open('rpc')
    await promiseJobs()
    expect([errors.length, told().length]).toEqual([1, 2])
  })

  test('nobody waits for the end of a subscription', async () => {
    const { uplink, errors, presence, runner, told } = scene()
    runner.attach(uplink)
    uplink.open('rpc')
    const off = presence.watch(1, () => {})
    await promiseJobs()
    uplink.answer = () => {
      throw new PullError('server-refused', 'no')
    }
    off()
    await promiseJobs()
    expect([told().length, errors]).toEqual([2, []])
  })

  test('L4: a connection that ends meanwhile is no error', async () => {
    const { uplink, errors, presence, runner } = scene()
    runner.attach(uplink)
    uplink.open('rpc')
    uplink.deaf = true
    presence.watch(1, () => {})
    await promiseJobs()
    expect(errors).toEqual([])
  })

  test('callbacks hear of their user, from the server only; one that throws is told and stops no other', async () => {
    const { thrown, presence, received } = scene()
    const heard: unknown[] = []
    const broken = new Error('mine')
    presence.watch(1, () => {
      throw broken
    })
    presence.watch(1, (isOnline) => heard.push(isOnline))
    const off = presence.watch(2, (isOnline) => heard.push(['2', isOnline]))
    received(1, true)
    received('1', false)
    received(2, 'Y')
    received(3, true)
    received(1, true, { sender: { type: 'client', id: null } })
    received(1, true, { module: 'im' })
    received(1, true, { command: 'userStatus' })
    received(1, true, { params: null })
    off()
    received(2, true)
    expect(heard).toEqual([true, false, ['2', true]])
    expect(thrown).toEqual(Array(2).fill([broken, 'presence of user 1']))
  })

  test('L5: a server that cannot is told once, with what to do', async () => {
    const { uplink, errors, presence, runner } = scene()
    runner.attach(uplink)
    uplink.open('socket')
    await promiseJobs()
    expect(errors).toEqual([])
    presence.watch(1, () => {})
    presence.watch(2, () => {})
    await promiseJobs()
    uplink.open('post')
    await promiseJobs()
    expect(errors.map(({ code, message }) => [code, /isOnline/.test(message)])).toEqual([['not-supported', true]])
  })
})
