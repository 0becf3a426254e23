import { describe, expect, test } from 'vitest'
import { createFakeClock, createFakePage } from '../../test/support/fake-platform'
import { PullError } from '../core/pull-error'
import { createWatcher } from './watcher'

const MINUTE_MS = 60_000

function scene() {
  const clock = createFakeClock()
  const page = createFakePage()
  const beganAtMs = clock.now()
  const asked: { atS: number; tags: unknown }[] = []
  const errors: PullError[] = []
  const world = {
    /** A sleep in which timers stood still: what is left of them is what was left before. */
    sleptMs: 0,
    answer: (tags: string[]): unknown => Object.fromEntries(tags.map((tag) => [tag, true])),
  }
  const watcher = createWatcher({
    clock: { ...clock, now: () => clock.now() + world.sleptMs },
    page,
    async ask(method, { tags }) {
      expect(method).toBe('pull.watch.extend')
      asked.push({ atS: (clock.now() - beganAtMs) / 1000, tags })
      await Promise.resolve()
      return world.answer(tags as string[])
    },
    report: (error) => errors.push(error),
  })
  const codes = (): unknown[] => errors.map(({ code, facts }) => [code, facts['tag']])
  const unavailable = (): never => {
    throw new PullError('no-answer', 'down', { retryable: true })
  }
  return { clock, page, asked, errors, codes, watcher, world, unavailable }
}

describe('asking', () => {
  test('K1: tags that come together are one request, 5 s after the first; then all every 29 min', async () => {
    const { clock, asked, watcher } = scene()
    watcher.start()
    watcher.watch('a')
    await clock.advance(3000)
    watcher.watch('b')
    await clock.advance(2000)
    watcher.watch('c')
    await clock.advance(60 * MINUTE_MS)
    expect(asked).toEqual([
      { atS: 5, tags: ['a', 'b'] },
      { atS: 10, tags: ['a', 'b', 'c'] },
      { atS: 10 + 1740, tags: ['a', 'b', 'c'] },
      { atS: 10 + 3480, tags: ['a', 'b', 'c'] },
    ])
  })

  test('tags given before start() wait for it', async () => {
    const { clock, asked, watcher } = scene()
    watcher.watch('a')
    await clock.advance(MINUTE_MS)
    expect([asked, clock.timers]).toEqual([[], 0])
    watcher.start()
    await clock.advance(0)
    expect(asked).toEqual([{ atS: 60, tags: ['a'] }])
  })

  test('a tag that comes while the portal is being asked is asked for in its turn', async () => {
    const { clock, asked, watcher, world } = scene()
    let answer = (): void => {}
    world.answer = () => new Promise((resolve) => (answer = () => resolve({ a: true })))
    watcher.start()
    watcher.watch('a')
    await clock.advance(5000)
    watcher.watch('b')
    await clock.advance(8000)
    expect(asked).toHaveLength(1)
    answer()
    await clock.advance(0)
    expect(asked[1]).toEqual({ atS: 13, tags: ['a', 'b'] })
    watcher.stop()
  })

  test('K2: several watchers are one tag; it goes with the last, and an undo may be called twice', async () => {
    const { clock, asked, watcher } = scene()
    watcher.start()
    const [first, second] = [watcher.watch('a'), watcher.watch('a')]
    first()
    first()
    await clock.advance(5000)
    expect(asked.map(({ tags }) => tags)).toEqual([['a']])
    second()
    await clock.advance(120 * MINUTE_MS)
    expect([asked.length, watcher.size, clock.timers]).toEqual([1, 0, 0])
  })

  test.each(['', 5, null, undefined, {}])('%j is no tag', (tag) => {
    expect(() => scene().watcher.watch(tag as string)).toThrow(PullError)
  })
})

describe('a page that sleeps', () => {
  test.each(['visible', 'resume', 'pageshow', 'online'] as const)(
    'K3: %s renews at once what is due',
    async (signal) => {
      const { clock, page, asked, watcher } = scene()
      watcher.start()
      watcher.watch('a')
      await clock.advance(5000)
      page.signal(signal)
      await clock.advance(0)
      expect(asked).toHaveLength(1)
      // Timers stand still.
      clock.jump(29 * MINUTE_MS)
      page.signal(signal)
      await clock.advance(0)
      expect(asked).toHaveLength(2)
      watcher.stop()
    },
  )

  test('K3: so does whatever happens to the connection', async () => {
    const { clock, asked, watcher } = scene()
    watcher.start()
    watcher.watch('a')
    await clock.advance(5000)
    watcher.check()
    clock.jump(29 * MINUTE_MS)
    watcher.check()
    await clock.advance(0)
    expect(asked).toHaveLength(2)
    watcher.stop()
  })

  test('K3: and a timer that went on counting where it stood is late by a minute at most', async () => {
    const { clock, asked, watcher, world } = scene()
    watcher.start()
    watcher.watch('a')
    await clock.advance(5000)
    await clock.advance(10 * MINUTE_MS)
    world.sleptMs = 29 * MINUTE_MS
    await clock.advance(MINUTE_MS)
    expect(asked).toHaveLength(2)
    watcher.stop()
  })
})

describe('failures', () => {
  test('K4: are told and repeated after 30 s, doubling, but in time for the tags to live', async () => {
    const { clock, asked, errors, watcher, world, unavailable } = scene()
    watcher.start()
    watcher.watch('a')
    await clock.advance(5000)
    world.answer = unavailable
    await clock.advance(29 * MINUTE_MS + 12 * MINUTE_MS)
    const [, first, ...later] = asked.map(({ atS }) => atS)
    // 30, 60, then the last moment before the portal forgets, then on with doubling.
    expect([first, ...later.map((atS) => atS - (first ?? 0))]).toEqual([1745, 30, 90, 150, 390])
    expect(errors.map(({ code }) => code)).toEqual(Array(5).fill('no-answer'))
    world.answer = (tags) => Object.fromEntries(tags.map((tag) => [tag, 'Y']))
    await clock.advance(8 * MINUTE_MS + 29 * MINUTE_MS)
    expect(asked.slice(6).map(({ atS }) => atS - (first ?? 0))).toEqual([870, 870 + 1740])
    watcher.stop()
  })

  test('K4: the page or the network coming back cuts the pause short', async () => {
    const { clock, page, asked, watcher, world, unavailable } = scene()
    world.answer = unavailable
    watcher.start()
    watcher.watch('a')
    await clock.advance(5000)
    page.signal('online')
    page.signal('online')
    await clock.advance(4999)
    expect(asked).toHaveLength(1)
    await clock.advance(1)
    expect(asked).toHaveLength(2)
    watcher.stop()
  })

  test('K5: a refusal is told once and ends it, until the page watches again', async () => {
    const { clock, page, asked, codes, watcher, world } = scene()
    const { answer } = world
    world.answer = () => {
      throw new PullError('forbidden', 'log in')
    }
    watcher.start()
    watcher.watch('a')
    await clock.advance(60 * MINUTE_MS)
    page.signal('online')
    watcher.check()
    await clock.advance(60 * MINUTE_MS)
    expect([asked.length, codes(), clock.timers]).toEqual([1, [['forbidden', undefined]], 0])
    world.answer = answer
    watcher.watch('b')
    await clock.advance(5000)
    expect(asked[1]?.tags).toEqual(['a', 'b'])
    watcher.stop()
  })

  test.each([false, 'N', 0, ''])(
    'K6: a tag answered with %j is told as dropped and not asked for, until watched anew',
    async (no) => {
      const { clock, asked, codes, watcher, world } = scene()
      world.answer = () => ({ a: no, b: true })
      watcher.start()
      watcher.watch('a')
      watcher.watch('b')
      await clock.advance(5000 + 29 * MINUTE_MS)
      expect(codes()).toEqual([['watch-dropped', 'a']])
      expect(asked.map(({ tags }) => tags)).toEqual([['a', 'b'], ['b']])
      watcher.watch('a')
      await clock.advance(5000)
      expect(asked[2]?.tags).toEqual(['a', 'b'])
      watcher.stop()
    },
  )

  test.each([[[]], [null], [{ other: true }]])('an answer without the tag (%j) drops nothing', async (said) => {
    const { clock, asked, errors, watcher, world } = scene()
    world.answer = () => said
    watcher.start()
    watcher.watch('a')
    await clock.advance(5000 + 29 * MINUTE_MS)
    expect([errors, asked.length]).toEqual([[], 2])
    watcher.stop()
  })

  test('a tag nobody watches any more is not told as dropped', async () => {
    const { clock, errors, watcher, world } = scene()
    watcher.start()
    const off = watcher.watch('a')
    world.answer = () => {
      off()
      return { a: false }
    }
    await clock.advance(MINUTE_MS)
    expect([errors, watcher.size]).toEqual([[], 0])
    watcher.stop()
  })
})

describe('stop and start', () => {
  test('K7: a stop leaves nothing; the tags are asked for after the next start, when they are due', async () => {
    const { clock, page, asked, watcher } = scene()
    watcher.start()
    watcher.watch('a')
    await clock.advance(5000)
    watcher.stop()
    expect([clock.timers, page.listeners]).toEqual([0, 0])
    await clock.advance(MINUTE_MS)
    watcher.start()
    await clock.advance(27 * MINUTE_MS)
    expect(asked).toHaveLength(1)
    await clock.advance(MINUTE_MS)
    expect(asked[1]).toEqual({ atS: 1745, tags: ['a'] })
    watcher.stop()
    clock.jump(60 * MINUTE_MS)
    watcher.start()
    await clock.advance(0)
    expect(asked).toHaveLength(3)
    watcher.stop()
    expect([clock.timers, page.listeners]).toEqual([0, 0])
  })

  test('K7: an answer to an earlier start changes nothing', async () => {
    const { clock, asked, errors, watcher, world } = scene()
    let answer = (): void => {}
    world.answer = () => new Promise((resolve) => (answer = () => resolve({ a: false })))
    watcher.start()
    watcher.watch('a')
    await clock.advance(5000)
    const late = answer
    watcher.stop()
    watcher.start()
    await clock.advance(0)
    expect(asked).toHaveLength(2)
    late()
    await clock.advance(0)
    expect(errors).toEqual([])
    watcher.stop()
    answer()
    await clock.advance(MINUTE_MS)
    expect([errors, clock.timers]).toEqual([[], 0])
  })

  test('a listener of the error may stop it', async () => {
    const { clock, errors, watcher, world } = scene()
    world.answer = () => ({ a: false, b: true })
    errors.push = (error) => {
      watcher.stop()
      return Array.prototype.push.call(errors, error)
    }
    watcher.start()
    watcher.watch('a')
    watcher.watch('b')
    await clock.advance(MINUTE_MS)
    expect([errors.length, clock.timers]).toEqual([1, 0])
  })
})
