import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { createTimers } from './timers'

test('fires once after its delay, and is forgotten then', async () => {
  const clock = createFakeClock()
  const timers = createTimers(clock)
  const fired: string[] = []
  timers.set('a', 100, () => fired.push('a'))
  timers.set('b', 50, () => fired.push('b'))
  expect(timers.size).toBe(2)
  await clock.advance(1000)
  expect(fired).toEqual(['b', 'a'])
  expect([timers.size, clock.timers]).toEqual([0, 0])
})

test('a name set again starts anew; cleared ones never fire', async () => {
  const clock = createFakeClock()
  const timers = createTimers(clock)
  const fired: string[] = []
  timers.set('a', 100, () => fired.push('first'))
  await clock.advance(60)
  timers.set('a', 100, () => fired.push('second'))
  timers.set('b', 10, () => fired.push('b'))
  timers.clear('b')
  timers.clear('never set')
  await clock.advance(60)
  expect(fired).toEqual([])
  await clock.advance(40)
  expect(fired).toEqual(['second'])
  timers.set('c', 10, () => fired.push('c'))
  timers.clearAll()
  expect([timers.size, clock.timers]).toEqual([0, 0])
  await clock.advance(100)
  expect(fired).toEqual(['second'])
})

test('what a sleeping page kept waiting can be fired on any occasion, and then once only', async () => {
  const clock = createFakeClock()
  const timers = createTimers(clock)
  const fired: string[] = []
  timers.set('due', 1000, () => fired.push('due'))
  timers.set('later', 10_000, () => fired.push('later'))
  clock.jump(5000)
  timers.fireOverdue()
  expect(fired).toEqual(['due'])
  timers.fireOverdue()
  await clock.advance(60_000)
  expect(fired).toEqual(['due', 'later'])
})

test('an overdue timer that an earlier one cleared or set anew does not fire', () => {
  const clock = createFakeClock()
  const timers = createTimers(clock)
  const fired: string[] = []
  timers.set('a', 10, () => {
    timers.clear('b')
    timers.set('c', 1000, () => fired.push('c'))
  })
  timers.set('b', 20, () => fired.push('b'))
  timers.set('c', 30, () => fired.push('old c'))
  clock.jump(100)
  timers.fireOverdue()
  expect(fired).toEqual([])
  expect(timers.size).toBe(1)
})

test('a delay longer than a timer can be waits for the longest possible instead of firing at once', async () => {
  const clock = createFakeClock()
  const timers = createTimers(clock)
  let fired = false
  for (const delayMs of [2 ** 31, 1e12, Infinity]) {
    timers.set('far', delayMs, () => (fired = true))
    await clock.advance(86_400_000)
    expect(fired).toBe(false)
  }
  timers.clearAll()
})
