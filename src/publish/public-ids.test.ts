import { expect, test } from 'vitest'
import { FAKE_NOW_MS } from '../../test/support/fake-platform'
import type { PublicChannel } from '../config/config'
import { PullError } from '../core/pull-error'
import { createPublicIds } from './public-ids'

const HOUR_MS = 3_600_000

function scene() {
  const asked: unknown[] = []
  const world = {
    nowMs: FAKE_NOW_MS,
    configured: new Map<number, PublicChannel>(),
    answer: (users: number[]): unknown =>
      Object.fromEntries(
        users.map((user) => [
          user,
          {
            user_id: String(user),
            public_id: idOf(user),
            signature: 'b'.repeat(40),
            end: new Date(world.nowMs + HOUR_MS).toISOString(),
          },
        ]),
      ),
  }
  const find = createPublicIds({
    async ask(method, params) {
      asked.push([method, params])
      await Promise.resolve()
      return world.answer(params['USERS'] as number[])
    },
    serverNow: () => world.nowMs,
    configured: () => world.configured,
  })
  const ids = async (...users: number[]): Promise<unknown> =>
    [...(await find(users))].map(([user, { id }]) => [user, id])
  return { world, asked, ids }
}
const idOf = (user: number): string => user.toString(16).padStart(32, '0')

test('U7: a channel is asked for once, and again when it has ended by the clock of the server', async () => {
  const { world, asked, ids } = scene()
  expect(await ids(1, 2)).toEqual([[1, idOf(1)], [2, idOf(2)]]) // prettier-ignore
  expect(await ids(2, 3)).toEqual([[2, idOf(2)], [3, idOf(3)]]) // prettier-ignore
  world.nowMs += HOUR_MS - 1
  await ids(1)
  world.nowMs += 1000
  await ids(1)
  const method = 'pull.channel.public.list'
  expect(asked).toEqual([[method, { USERS: [1, 2] }], [method, { USERS: [3] }], [method, { USERS: [1] }]]) // prettier-ignore
})

test('U7: whoever asks at the same time, or while the portal is being asked, is served by one request', async () => {
  const { asked, ids } = scene()
  const first = [ids(1), ids(1, 2)]
  await Promise.resolve()
  await Promise.resolve()
  const later = ids(2)
  expect(await Promise.all([...first, later])).toEqual([
    [[1, idOf(1)]],
    [[1, idOf(1)], [2, idOf(2)]],
    [[2, idOf(2)]],
  ]) // prettier-ignore
  expect(asked).toEqual([['pull.channel.public.list', { USERS: [1, 2] }]])
})

test('the configuration is believed first, until its channel ends', async () => {
  const { world, asked, ids } = scene()
  const own = { id: 'c'.repeat(32), signature: '', endAtMs: FAKE_NOW_MS + 1000 }
  world.configured.set(1, own)
  expect(await ids(1)).toEqual([[1, own.id]])
  expect(asked).toEqual([])
  world.nowMs += 1000
  expect(await ids(1)).toEqual([[1, idOf(1)]])
  expect(asked).toHaveLength(1)
  world.configured.set(1, { ...own, endAtMs: null })
  expect(await ids(1)).toEqual([[1, own.id]])
})

test('users the portal does not name are absent, and asked for again next time', async () => {
  const { world, asked, ids } = scene()
  world.answer = () => []
  expect(await ids(1)).toEqual([])
  expect(await ids(1)).toEqual([])
  expect(asked).toHaveLength(2)
})

test('U7: a channel that has ended and has no successor is used no more', async () => {
  const { world, ids } = scene()
  await ids(1)
  world.nowMs += HOUR_MS
  world.answer = () => []
  expect(await ids(1)).toEqual([])
})

test('a channel that has ended by our clock is used once', async () => {
  const { world, asked, ids } = scene()
  world.answer = (users) => [{ user_id: users[0], public_id: idOf(1), signature: 'b'.repeat(40), end: '2020-01-01T00:00:00Z' }] // prettier-ignore
  expect(await ids(1)).toEqual([[1, idOf(1)]])
  await ids(1)
  expect(asked).toHaveLength(2)
})

test("a failure is everybody's who waited for it, and nobody's after", async () => {
  const { world, ids } = scene()
  const { answer } = world
  world.answer = () => {
    throw new PullError('forbidden', 'log in')
  }
  const both = [ids(1), ids(1, 2)].map((promise) => promise.catch((error: PullError) => error.code))
  expect(await Promise.all(both)).toEqual(['forbidden', 'forbidden'])
  world.answer = answer
  expect(await ids(1)).toEqual([[1, idOf(1)]])
})
