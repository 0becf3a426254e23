import { expect, test } from 'vitest'
import { createHeartbeat } from './heartbeat'

/** A clock that is moved by hand; timers fire in order. */
function createHandClock() {
  let nowMs = 1_000_000
  let timers: { atMs: number; run: () => void }[] = []
  return {
    now: () => nowMs,
    setTimeout(run: () => void, delayMs: number) {
      const timer = { atMs: nowMs + delayMs, run }
      timers.push(timer)
      return timer
    },
    clearTimeout(handle: unknown) {
      timers = timers.filter((timer) => timer !== handle)
    },
    /** `jumpMs`: the wall clock is set, time does not pass for timers. */
    pass(ms: number, jumpMs = 0) {
      const endMs = nowMs + ms
      for (;;) {
        const next = timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (!next) break
        timers = timers.filter((timer) => timer !== next)
        nowMs = next.atMs
        next.run()
      }
      nowMs = endMs + jumpMs
      timers = timers.map((timer) => ({ ...timer, atMs: timer.atMs + jumpMs }))
    },
    get timers() {
      return timers.length
    },
  }
}

function scene(silenceMs: number | null = 20_000) {
  const clock = createHandClock()
  let deaths = 0
  const heartbeat = createHeartbeat(clock, silenceMs, () => deaths++)
  return { clock, heartbeat, deaths: () => deaths }
}

test('V5: a server that never says anything is found dead, once', () => {
  const { clock, deaths } = scene()
  clock.pass(19_999)
  expect(deaths()).toBe(0)
  clock.pass(1)
  clock.pass(100_000)
  expect([deaths(), clock.timers]).toEqual([1, 0])
})

test('V5: every sign of life gives it the whole time again, with one timer', () => {
  const { clock, heartbeat, deaths } = scene()
  for (let beat = 0; beat < 10; beat++) {
    clock.pass(15_000)
    heartbeat.heard()
    expect(clock.timers).toBe(1)
  }
  clock.pass(19_999)
  expect(deaths()).toBe(0)
  clock.pass(1)
  expect(deaths()).toBe(1)
})

test('a stopped one says nothing', () => {
  const { clock, heartbeat, deaths } = scene()
  heartbeat.stop()
  clock.pass(100_000)
  expect([deaths(), clock.timers]).toEqual([0, 0])
})

test('V5: a clock that jumps ahead is a sleep', () => {
  const ahead = scene()
  ahead.clock.pass(10_000, 3_600_000)
  ahead.clock.pass(10_000)
  expect(ahead.deaths()).toBe(1)
})

test('D1: how often a server gives a sign is learnt from it, and its absence is found in that time and 5 s', () => {
  const { clock, heartbeat, deaths } = scene(null)
  heartbeat.beat()
  clock.pass(40_000)
  expect(clock.timers).toBe(0)
  heartbeat.beat()
  clock.pass(44_999)
  expect(deaths()).toBe(0)
  clock.pass(1)
  expect(deaths()).toBe(1)
})

test('D1: a message puts it off, and between a message and a sign there may be any time', () => {
  const { clock, heartbeat, deaths } = scene(null)
  heartbeat.beat()
  clock.pass(39_000)
  heartbeat.heard()
  clock.pass(1000)
  heartbeat.beat()
  clock.pass(40_000)
  expect(deaths()).toBe(0)
  heartbeat.beat()
  clock.pass(30_000)
  heartbeat.heard()
  clock.pass(44_999)
  expect(deaths()).toBe(0)
  clock.pass(1)
  expect(deaths()).toBe(1)
})

test('D1: signs that come together, or after a sleep, teach nothing', () => {
  const { clock, heartbeat, deaths } = scene(null)
  for (const pauseMs of [0, 40_000, 0, 10]) {
    clock.pass(pauseMs)
    heartbeat.beat()
  }
  clock.pass(44_000)
  expect(deaths()).toBe(0)
  const slept = scene(null)
  slept.heartbeat.beat()
  slept.clock.pass(3_600_000)
  slept.heartbeat.beat()
  slept.clock.pass(3_600_000)
  expect([slept.deaths(), slept.clock.timers]).toEqual([0, 0])
})
