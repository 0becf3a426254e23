import { describe, expect, test } from 'vitest'
import { END_AT_MS, SECRETS, START_AT_MS, sampleConfig, sampleTokenConfig } from '../../test/support/config-sample'
import { createFakeClock, createFakeStorage } from '../../test/support/fake-platform'
import { PullError } from '../core/pull-error'
import type { StorageLike } from '../platform/platform'
import { type CachedConfigOptions, cachedConfig } from './cached-source'
import type { ConfigReason, ConfigRequest } from './config'
import { parseConfig } from './parse'
import { restConfig } from './rest-source'

const KEY = 'bx-pull-cached-config'
const HOUR = 3_600_000

interface World {
  readonly storage: StorageLike
  readonly clock: ReturnType<typeof createFakeClock>
  /** How often the source behind was asked. */
  asked: number
  /** What it answers, or throws. */
  answer: unknown
  /** What a new page gets. */
  ask(reason?: ConfigReason, storage?: StorageLike | null): Promise<unknown>
}

function create(options: CachedConfigOptions = {}, startAtMs = START_AT_MS): World {
  const clock = createFakeClock(startAtMs)
  const storage = createFakeStorage()
  const world: World = {
    storage,
    clock,
    asked: 0,
    answer: { result: sampleConfig() },
    ask(reason = 'start', given = storage) {
      const source = cachedConfig(() => {
        world.asked++
        return world.answer instanceof Error ? Promise.reject(world.answer) : Promise.resolve(world.answer)
      }, options)
      const request: ConfigRequest = {
        reason,
        signal: new AbortController().signal,
        fetch: null,
        storage: given,
        clock,
      }
      return source(request)
    },
  }
  return world
}

describe('the next page', () => {
  test('starts with what is stored, and means the same but for the time', async () => {
    const world = create()
    expect(await world.ask()).toBe(world.answer)
    world.clock.jump(HOUR)
    const stored = parseConfig(await world.ask(), { secure: true })
    const fresh = parseConfig(world.answer, { secure: true })
    expect(world.asked).toBe(1)
    // Said an hour ago: as the time of this answer it would be wrong by that hour.
    expect(stored.serverTimeAtMs).toBeNull()
    expect(JSON.stringify({ ...stored, serverTimeAtMs: fresh.serverTimeAtMs })).toBe(JSON.stringify(fresh))
    expect(stored.channels[0]!.id.reveal()).toBe(fresh.channels[0]!.id.reveal())
  })

  test.each<[string, number, number]>([
    ['right', 0, 1],
    ['an hour ahead', HOUR, 1],
    ['an hour late', -HOUR, 1],
  ])('asks again when the first channel ends, by a clock that is %s', async (_name, skewMs) => {
    const world = create({ maxAgeMs: 10 * 24 * HOUR }, START_AT_MS + skewMs)
    await world.ask()
    world.clock.jump(END_AT_MS - START_AT_MS - 1)
    await world.ask()
    expect(world.asked).toBe(1)
    world.clock.jump(1)
    await world.ask()
    expect(world.asked).toBe(2)
  })

  test('asks again when the token ends', async () => {
    const world = create({ maxAgeMs: 10 * 24 * HOUR })
    world.answer = sampleTokenConfig()
    await world.ask()
    world.clock.jump(END_AT_MS - START_AT_MS - 1)
    await world.ask()
    world.clock.jump(1)
    await world.ask()
    expect(world.asked).toBe(2)
  })

  test('asks again after the time that is allowed', async () => {
    const world = create({ maxAgeMs: 1000 })
    await world.ask()
    world.clock.jump(999)
    await world.ask()
    expect(world.asked).toBe(1)
    world.clock.jump(1)
    await world.ask()
    expect(world.asked).toBe(2)
  })

  test('asks again when its clock was set back behind what is stored', async () => {
    const world = create()
    await world.ask()
    world.clock.jump(-1)
    await world.ask()
    expect(world.asked).toBe(2)
  })

  test('asks again for every reason but the start, and what comes replaces what is stored', async () => {
    const world = create()
    await world.ask()
    const next = sampleConfig()
    next.channels['private']!['id'] = 'b'.repeat(32)
    world.answer = next
    await world.ask('bad-channel')
    expect(world.asked).toBe(2)
    expect(parseConfig(await world.ask(), { secure: true }).channels[0]!.id.reveal()).toBe('b'.repeat(32))
    expect(world.asked).toBe(2)
  })

  test('of another user has a key of its own', async () => {
    const world = create({ key: 'user-2' })
    await world.ask()
    expect(world.storage.getItem('user-2')).toContain(SECRETS.privateChannel)
    expect(world.storage.getItem(KEY)).toBeNull()
  })
})

describe('what is not kept', () => {
  test.each<[string, unknown]>([
    ['an error of the portal', { error: 'AUTHORIZE_ERROR' }],
    ['a configuration that cannot be used', { server: {} }],
    ['a push server that is switched off', { server: { server_enabled: false } }],
    ['nothing', undefined],
  ])('%s: and what was there before is gone', async (_name, answer) => {
    const world = create()
    await world.ask()
    world.answer = answer
    expect(await world.ask('config-expired')).toBe(answer)
    expect(world.storage.getItem(KEY)).toBeNull()
  })

  test('anything, once the portal refuses the user', async () => {
    const world = create()
    await world.ask()
    world.answer = new PullError('forbidden', 'Log in.')
    await expect(world.ask('expiring')).rejects.toBe(world.answer)
    expect(world.storage.getItem(KEY)).toBeNull()
  })

  test('a portal that is down is no reason to forget', async () => {
    const world = create()
    await world.ask()
    world.answer = new PullError('config-unavailable', 'Down.', { retryable: true })
    await expect(world.ask('expiring')).rejects.toBe(world.answer)
    expect(await world.ask()).toHaveProperty('server')
  })
})

describe('a storage', () => {
  test.each([
    '',
    'null',
    '7',
    '[]',
    '{',
    '{}',
    JSON.stringify({ atMs: START_AT_MS, endAtMs: END_AT_MS }),
    JSON.stringify({ atMs: START_AT_MS, endAtMs: END_AT_MS, config: { server: {} } }),
    JSON.stringify({ atMs: START_AT_MS, endAtMs: END_AT_MS, config: { error: 'AUTHORIZE_ERROR' } }),
    JSON.stringify({ atMs: 'x', endAtMs: END_AT_MS, config: sampleConfig() }),
    JSON.stringify({ atMs: START_AT_MS, endAtMs: null, config: sampleConfig() }),
  ])('that holds %j is asked past', async (text) => {
    const world = create()
    world.storage.setItem(KEY, text)
    expect(await world.ask()).toBe(world.answer)
    expect(world.asked).toBe(1)
    expect(await world.ask()).not.toBe(world.answer)
    expect(world.asked).toBe(1)
  })

  test('that is missing, or throws, changes nothing', async () => {
    const refuse = (): never => {
      throw new DOMException('blocked', 'SecurityError')
    }
    for (const storage of [null, { getItem: refuse, setItem: refuse, removeItem: refuse }]) {
      const world = create()
      expect(await world.ask('start', storage)).toBe(world.answer)
      world.answer = new PullError('forbidden', 'Log in.')
      await expect(world.ask('start', storage)).rejects.toBe(world.answer)
    }
  })

  test('that is full does not keep what has been replaced', async () => {
    const world = create()
    await world.ask()
    const full: StorageLike = {
      ...world.storage,
      setItem() {
        throw new DOMException('full', 'QuotaExceededError')
      },
    }
    await world.ask('channel-expired', full)
    expect(world.storage.getItem(KEY)).toBeNull()
  })
})

test('the portal behind is passed through', () => {
  const source = restConfig()
  expect(cachedConfig(source).portal).toBe(source.portal)
  expect(cachedConfig(() => Promise.resolve({})).portal).toBeUndefined()
})
