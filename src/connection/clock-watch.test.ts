import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { watchClock } from './clock-watch'

function watched(): { clock: ReturnType<typeof createFakeClock>; page: { isHidden: boolean }; jumps: number[] } & {
  watch: ReturnType<typeof watchClock>
} {
  const clock = createFakeClock(0)
  const page = { isHidden: false }
  const jumps: number[] = []
  const watch = watchClock(
    clock,
    () => page.isHidden,
    () => void jumps.push(clock.now()),
  )
  return { clock, page, jumps, watch }
}

test('W10: time that passes as it should is no jump, and one timer is all it takes', async () => {
  const { clock, jumps, watch } = watched()
  await clock.advance(600_000)
  expect([jumps, clock.timers]).toEqual([[], 1])
  watch.stop()
  expect(clock.timers).toBe(0)
})

test.each([
  [5000, 0],
  [7000, 1],
  [3_600_000, 1],
  [-3_600_000, 0],
])('W10: a jump of %d ms is noticed %d times, by the timer or by whoever looks first', async (jumpMs, count) => {
  for (const looks of [true, false]) {
    const { clock, jumps, watch } = watched()
    await clock.advance(200)
    clock.jump(jumpMs)
    if (looks) watch.look()
    expect(jumps).toHaveLength(looks ? count : 0)
    await clock.advance(10_000)
    expect(jumps).toHaveLength(count)
    watch.stop()
  }
})

test('W10: a page nobody looks at may be a minute late; a sleep is longer', async () => {
  const { clock, page, jumps, watch } = watched()
  page.isHidden = true
  for (let minute = 0; minute < 5; minute++) {
    await clock.advance(1500)
    clock.jump(60_000)
  }
  // It is looked at again before its timer came: it was late for the old reason.
  page.isHidden = false
  watch.look()
  expect(jumps).toEqual([])
  page.isHidden = true
  await clock.advance(2000)
  clock.jump(80_000)
  await clock.advance(1500)
  expect(jumps).toHaveLength(1)
  watch.stop()
})

test('W10: the watch may be ended by what it tells', async () => {
  const clock = createFakeClock(0)
  const watch = watchClock(
    clock,
    () => false,
    () => watch.stop(),
  )
  clock.jump(60_000)
  await clock.advance(5000)
  expect(clock.timers).toBe(0)
})
