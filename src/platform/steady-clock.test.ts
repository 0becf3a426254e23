import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import type { Clock } from './platform'
import { steadyClock } from './steady-clock'

function scene({ hasElapsed = true } = {}) {
  let wallMs = 1_000_000
  let elapsedMs = 77
  const { setTimeout, clearTimeout } = createFakeClock()
  const device: Clock = { setTimeout, clearTimeout, now: () => wallMs, ...(hasElapsed && { elapsed: () => elapsedMs }) }
  const clock = steadyClock(device)
  return {
    clock,
    pass(ms: number, setByMs = 0) {
      wallMs += ms + setByMs
      elapsedMs += ms
    },
    sleep: (ms: number) => void (wallMs += ms),
    wall: () => wallMs,
  }
}

describe('W11: the clock of the device is set', () => {
  test('back: time goes on as it passes, however long ago it was read', () => {
    const { clock, pass, wall } = scene()
    for (const [ms, setByMs] of [
      [10, -3_600_000],
      [60_000, -5000],
      [60_000, 0],
    ] as const) {
      const beforeMs = clock.now()
      pass(ms, setByMs)
      expect(clock.now() - beforeMs).toBe(ms)
    }
    expect(clock.now() - wall()).toBe(3_605_000)
  })

  test('back: an instant is told by what the device says now', () => {
    const { clock, pass, wall } = scene()
    const atMs = clock.now()
    pass(200, -5000)
    expect([clock.told(clock.now()), clock.told(atMs)]).toEqual([wall(), wall() - 200])
  })

  test('forward, or the page slept: nobody can tell which, and time moves on', () => {
    const { clock, pass, sleep, wall } = scene()
    pass(10, 3_600_000)
    sleep(3_600_000)
    expect(clock.now()).toBe(wall())
  })

  test('a little at a time: it is followed, and never runs back', () => {
    const { clock, pass, wall } = scene()
    let lastMs = clock.now()
    for (let n = 0; n < 1000; n++) {
      pass(n % 3, n % 7 ? 0 : -1)
      expect(clock.now()).toBeGreaterThanOrEqual(lastMs)
      lastMs = clock.now()
    }
    expect(clock.now() - wall()).toBeLessThan(100)
  })

  test('back, and nothing tells how much time passed: it goes on from where it was', () => {
    const { clock, pass } = scene({ hasElapsed: false })
    const beforeMs = clock.now()
    pass(100, -3_600_000)
    expect(clock.now()).toBe(beforeMs)
    pass(100)
    expect(clock.now()).toBe(beforeMs + 100)
  })
})
