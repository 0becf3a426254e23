import { describe, expect, test } from 'vitest'
import { sampleConfig } from '../../test/support/config-sample'
import { type FakePlatform, createFakePlatform, promiseJobs } from '../../test/support/fake-platform'
import type { ConfigRequest, ConfigSource } from '../config/config'
import { PullError } from '../core/pull-error'
import { type ConfigLoader, createConfigLoader } from './config-loader'

interface World {
  readonly platform: FakePlatform
  readonly loader: ConfigLoader
  readonly asked: ConfigRequest[]
  readonly told: string[]
}

function create(source: (request: ConfigRequest, at: number) => unknown, renewAtMs: number | null = null): World {
  const platform = createFakePlatform()
  const asked: ConfigRequest[] = []
  const told: string[] = []
  const counted: ConfigSource = async (request) => {
    asked.push(request)
    return source(request, asked.length)
  }
  const deps = {
    platform,
    clock: platform.clock,
    source: counted,
    secure: true,
    timeouts: { configMs: 30_000 },
    asked: () => {},
    warn: (error: PullError) => told.push(`failed ${error.code}`),
    fatal: (error: PullError) => told.push(`fatal ${error.code}`),
  }
  const loader = createConfigLoader(deps, (config) => {
    told.push(`version ${config.version}`)
    return renewAtMs
  })
  return { platform, loader, asked, told }
}

const never = (): Promise<never> => new Promise(() => {})

describe('loading', () => {
  test('adopts what it gets, and plans nothing that is not needed', async () => {
    const { platform, loader, asked, told } = create(sampleConfig)
    loader.start()
    loader.start()
    await promiseJobs()
    expect(told).toEqual(['version 4'])
    expect(asked.map(({ reason }) => reason)).toEqual(['start'])
    expect(platform.clock.timers).toBe(0)
  })

  test('gives up after its deadline, tells the source so, and tries again', async () => {
    const { platform, loader, asked, told } = create((_, at) => (at === 1 ? never() : sampleConfig()))
    loader.start()
    await platform.clock.advance(29_999)
    expect(asked[0]?.signal.aborted).toBe(false)
    await platform.clock.advance(1)
    expect(asked[0]?.signal.aborted).toBe(true)
    expect(told).toEqual(['failed config-unavailable'])
    await platform.clock.advance(7000)
    expect(told).toEqual(['failed config-unavailable', 'version 4'])
    loader.stop()
  })

  test('stop() aborts what is under way and leaves no timer; a late answer changes nothing', async () => {
    const answers: ((config: unknown) => void)[] = []
    const { platform, loader, asked, told } = create(() => new Promise((resolve) => answers.push(resolve)))
    loader.start()
    await promiseJobs()
    loader.stop()
    expect(asked[0]?.signal.aborted).toBe(true)
    answers[0]?.(sampleConfig())
    await promiseJobs()
    expect(platform.clock.timers).toBe(0)
    expect(told).toEqual([])
  })

  test('a stop inside its own news plans nothing', async () => {
    const holder: { loader?: ConfigLoader } = {}
    const platform = createFakePlatform()
    const deps = {
      platform,
      clock: platform.clock,
      source: () => Promise.resolve(sampleConfig()),
      secure: true,
      timeouts: { configMs: 30_000 },
      asked: () => {},
      warn: () => {},
      fatal: () => {},
    }
    holder.loader = createConfigLoader(deps, () => {
      holder.loader?.stop()
      return platform.clock.now() + 1000
    })
    holder.loader.start()
    await promiseJobs()
    expect(platform.clock.timers).toBe(0)
  })

  test('renews when it is time, with the reason', async () => {
    const world = create(sampleConfig, null)
    world.loader.start()
    await promiseJobs()
    world.loader.want('channel-expired')
    await world.platform.clock.advance(5000)
    world.loader.want('config-expired', 15_000)
    await world.platform.clock.advance(20_000)
    expect(world.asked.map(({ reason }) => reason)).toEqual(['start', 'channel-expired', 'config-expired'])
    world.loader.stop()
  })

  test('F3: a wish repeated a thousand times is one request in five seconds', async () => {
    const world = create(sampleConfig)
    world.loader.start()
    for (let times = 0; times < 1000; times++) {
      await world.platform.clock.advance(10)
      world.loader.want('bad-channel')
    }
    expect(world.asked.length).toBeLessThanOrEqual(3)
    world.loader.stop()
  })

  test('a renewal further away than a timer can be is planned all the same', async () => {
    const world = create(sampleConfig, Date.parse('2030-01-01T00:00:00Z'))
    world.loader.start()
    await promiseJobs()
    await world.platform.clock.advance(86_400_000)
    expect(world.asked).toHaveLength(1)
    world.loader.stop()
    expect(world.platform.clock.timers).toBe(0)
  })
})

describe('F3: failures', () => {
  test.each<[string, () => unknown, string]>([
    ['a refusal is final', () => Promise.reject(new PullError('forbidden', 'Log in.')), 'fatal forbidden'],
    ['garbage in place of the first configuration is final', () => ({ server: {} }), 'fatal bad-config'],
    ['anything else is tried again', () => Promise.reject(new TypeError('fetch failed')), 'failed config-unavailable'],
    [
      'what says that it may pass is tried again',
      () => Promise.reject(new PullError('disabled', 'Off.', { retryable: true })),
      'failed disabled',
    ],
  ])('%s', async (_, source, expected) => {
    const { loader, told } = create(source)
    loader.start()
    await promiseJobs()
    expect(told).toEqual([expected])
    loader.stop()
  })

  test('garbage in place of a renewal is a bad moment of the portal, a refusal is its word', async () => {
    const answers: unknown[] = [sampleConfig(), { server: {} }, sampleConfig()]
    const world = create((_, at) => {
      if (at > answers.length) throw new PullError('forbidden', 'Log in.')
      return answers[at - 1]
    })
    world.loader.start()
    await promiseJobs()
    for (let times = 0; times < 3; times++) {
      world.loader.want('config-expired')
      await world.platform.clock.advance(10_000)
    }
    expect(world.told).toEqual(['version 4', 'failed bad-config', 'version 4', 'fatal forbidden'])
    world.loader.stop()
  })
})
