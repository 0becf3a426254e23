import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { END_AT_MS, START_AT_MS, sampleConfig, sampleTokenConfig } from '../../test/support/config-sample'
import type { PullConfig } from './config'
import { observe, renewAt, serverClock, serverNow, settled } from './freshness'
import { parseConfig } from './parse'

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE
const SKEWS = [0, DAY, -DAY, 17, -3 * SECOND]

/** A configuration that ends at these server instants. */
function config(endsAtMs: readonly (number | null)[], expiresAtMs: number | null = null): PullConfig {
  const base = parseConfig(sampleConfig(), { secure: true })
  const channels = base.channels.map((channel, at) => ({ ...channel, endAtMs: endsAtMs[at] ?? null }))
  return { ...base, channels, expiresAtMs }
}

test('P11: what was known before a reload settles the clock, within what is open', () => {
  const clock = serverClock(START_AT_MS, START_AT_MS, START_AT_MS + 100)
  const { shiftMs, uncertaintyMs } = clock
  const known = settled(clock, shiftMs + uncertaintyMs)
  expect(known).toEqual({ shiftMs: shiftMs + uncertaintyMs, uncertaintyMs, laterMs: 2 * uncertaintyMs })
  // An old message does not settle it again.
  expect(observe(known, (START_AT_MS - 400) / 1000, START_AT_MS + 100)).toBe(known)
  for (const wrong of [shiftMs + uncertaintyMs + 1, shiftMs - uncertaintyMs - 1, NaN, null, undefined, '0', {}])
    expect(settled(clock, wrong)).toBe(clock)
})

describe('the clock of the server', () => {
  test.each(SKEWS)('is known to half the round trip and half a second (local clock %i ms ahead)', (skewMs) => {
    // The portal answered at 12:26:40.300 of its time, after 100 ms of 400.
    const answeredAtMs = START_AT_MS + 300 + skewMs
    const clock = serverClock(START_AT_MS, answeredAtMs - 100, answeredAtMs + 300)
    expect(clock.uncertaintyMs).toBe(700)
    expect(Math.abs(clock.shiftMs - skewMs)).toBeLessThanOrEqual(clock.uncertaintyMs)
    expect(Math.abs(serverNow(clock, answeredAtMs) - (START_AT_MS + 300))).toBeLessThanOrEqual(700)
  })

  test('is inside of the bounds for every round trip and fraction of a second', () => {
    fc.assert(
      fc.property(
        fc.nat(60_000),
        fc.nat(60_000),
        fc.nat(999),
        fc.integer({ min: -DAY, max: DAY }),
        (there, back, cut, skewMs) => {
          const localMs = START_AT_MS + cut + skewMs
          const clock = serverClock(START_AT_MS, localMs - there, localMs + back)
          expect(Math.abs(clock.shiftMs - skewMs)).toBeLessThanOrEqual(clock.uncertaintyMs)
        },
      ),
    )
  })

  test('P6: is never later than it may be, whatever messages have settled it', () => {
    const message = fc.record({ afterMs: fc.nat(3000), agedMs: fc.nat(5000) })
    fc.assert(
      fc.property(
        fc.nat(2000),
        fc.nat(2000),
        fc.nat(999),
        fc.integer({ min: -DAY, max: DAY }),
        fc.array(message, { minLength: 1 }),
        (there, back, cut, skewMs, messages) => {
          const localMs = START_AT_MS + cut + skewMs
          let clock = serverClock(START_AT_MS, localMs - there, localMs + back)
          let nowMs = localMs + back
          for (const { afterMs, agedMs } of messages) {
            nowMs += afterMs
            clock = observe(clock, (nowMs - skewMs - agedMs) / 1000, nowMs)
            if (clock.laterMs === undefined) continue
            const late = nowMs - skewMs - serverNow(clock, nowMs)
            // Fractions of seconds are rounded.
            expect(late).toBeGreaterThan(-1)
            expect(late).toBeLessThan(clock.laterMs + 1)
          }
        },
      ),
    )
  })

  test('is the local one until the server said something', () => {
    const clock = serverClock(null, 1000, 2000)
    expect(clock).toEqual({ shiftMs: 0, uncertaintyMs: Infinity })
    expect(serverNow(clock, 5)).toBe(5)
  })
})

describe('a published message', () => {
  test.each(SKEWS)('sets an unknown clock (local clock %i ms ahead)', (skewMs) => {
    const nowMs = START_AT_MS + 40 + skewMs
    const clock = observe(serverClock(null, nowMs, nowMs), START_AT_MS / 1000, nowMs)
    expect(serverNow(clock, nowMs)).toBe(START_AT_MS)
    expect(clock.uncertaintyMs).toBe(DAY)
  })

  test('that was old does not stay in the way of a fresh one', () => {
    const unknown = serverClock(null, 0, 0)
    const late = observe(unknown, (START_AT_MS - 5 * MINUTE) / 1000, START_AT_MS)
    expect(serverNow(late, START_AT_MS)).toBe(START_AT_MS - 5 * MINUTE)
    const fresh = observe(late, START_AT_MS / 1000, START_AT_MS + 30)
    expect(serverNow(fresh, START_AT_MS + 30)).toBe(START_AT_MS)
  })

  test('settles where in its second the server is, once', () => {
    // Asked at the very beginning of the second: the middle that is assumed is half a second too late.
    const clock = serverClock(START_AT_MS, START_AT_MS, START_AT_MS)
    expect(serverNow(clock, START_AT_MS + 50)).toBe(START_AT_MS + 550)
    const settled = observe(clock, (START_AT_MS + 45) / 1000, START_AT_MS + 50)
    // 5 ms on its way; but not before the second that the configuration named.
    expect(serverNow(settled, START_AT_MS + 50)).toBe(START_AT_MS + 50)
    expect(observe(settled, (START_AT_MS + 60) / 1000, START_AT_MS + 90)).toBe(settled)
    const middle = observe(clock, (START_AT_MS + 700) / 1000, START_AT_MS + 400)
    expect(serverNow(middle, START_AT_MS + 400)).toBe(START_AT_MS + 700)
  })

  test('teaches nothing when the clock already is later', () => {
    const clock = serverClock(START_AT_MS, START_AT_MS, START_AT_MS)
    expect(observe(clock, START_AT_MS / 1000 - 3600, START_AT_MS)).toBe(clock)
  })

  test('from later than the clock moves it: the local clock was set back', () => {
    const clock = serverClock(START_AT_MS, START_AT_MS + 500, START_AT_MS + 500)
    const nowMs = START_AT_MS + 10_000 - DAY
    expect(serverNow(observe(clock, (START_AT_MS + 9000) / 1000, nowMs), nowMs)).toBe(START_AT_MS + 9000)
  })

  test.each([NaN, Infinity, -Infinity, 0, -1])('without a usable time (%j) is ignored', (unix) => {
    const clock = serverClock(null, 0, 0)
    expect(observe(clock, unix, 5)).toBe(clock)
  })

  test('never lets the server be earlier than what it published', () => {
    const instants = fc.tuple(fc.nat(2 * DAY), fc.integer({ min: -DAY, max: DAY }))
    fc.assert(
      fc.property(fc.option(fc.nat(DAY)), fc.array(instants, { minLength: 1 }), (known, seen) => {
        let clock = serverClock(known === null ? null : START_AT_MS + known, START_AT_MS, START_AT_MS + 100)
        for (const [published, local] of seen) {
          clock = observe(clock, (START_AT_MS + published) / 1000, START_AT_MS + local)
          expect(serverNow(clock, START_AT_MS + local)).toBeGreaterThanOrEqual(START_AT_MS + published - 1)
        }
      }),
    )
  })
})

describe('when to renew', () => {
  test.each(SKEWS)('the last 15 minutes of a 12 hour channel, spread (local clock %i ms ahead)', (skewMs) => {
    const nowMs = START_AT_MS + skewMs
    const clock = { shiftMs: skewMs, uncertaintyMs: 500 }
    const sample = parseConfig(sampleConfig(), { secure: true })
    expect(renewAt(sample, clock, 0, nowMs)).toBe(END_AT_MS - 15 * MINUTE + skewMs)
    expect(renewAt(sample, clock, 1, nowMs)).toBe(END_AT_MS - 5 * SECOND + skewMs)
  })

  const clock = { shiftMs: 0, uncertaintyMs: 500 }
  const at = (lifeMs: number, chance: number): number =>
    renewAt(config([START_AT_MS + lifeMs]), clock, chance, START_AT_MS)! - START_AT_MS

  test.each([
    ['a year', 365 * DAY, 365 * DAY - 15 * MINUTE, 365 * DAY - 5 * SECOND],
    ['ten minutes', 10 * MINUTE, 9 * MINUTE, 10 * MINUTE - 5 * SECOND],
    ['half a minute', 30 * SECOND, 25 * SECOND, 25 * SECOND],
    ['six seconds', 6 * SECOND, SECOND, SECOND],
    ['four seconds', 4 * SECOND, 0, 0],
    ['nothing', 0, 0, 0],
    ['less than nothing', -DAY, 0, 0],
  ])('with a life of %s', (_name, lifeMs, earliestMs, latestMs) => {
    expect(at(lifeMs, 0)).toBe(earliestMs)
    expect(at(lifeMs, 1)).toBe(latestMs)
  })

  test('never, when nothing ends', () => {
    expect(renewAt(config([null, null]), clock, 0.5, START_AT_MS)).toBeNull()
    expect(renewAt(config([null, null]), clock, 0.5, START_AT_MS, config([null, null]))).toBeNull()
  })

  test('by what ends first', () => {
    const ends = (endsAtMs: readonly (number | null)[], exp: number | null): number | null =>
      renewAt(config(endsAtMs, exp), clock, 1, 0)
    expect(ends([9 * DAY, 5 * DAY], null)).toBe(5 * DAY - 5 * SECOND)
    expect(ends([null, 5 * DAY], 3 * DAY)).toBe(3 * DAY - 5 * SECOND)
    expect(ends([5 * DAY, null], 7 * DAY)).toBe(5 * DAY - 5 * SECOND)
    expect(ends([null, null], 7 * DAY)).toBe(7 * DAY - 5 * SECOND)
  })

  test('of a token: by its exp', () => {
    expect(renewAt(parseConfig(sampleTokenConfig(), { secure: true }), clock, 1, START_AT_MS)).toBe(
      END_AT_MS - 5 * SECOND,
    )
  })

  test('lies between now and the end for every life, clock and chance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -DAY, max: 400 * DAY }),
        fc.integer({ min: -DAY, max: DAY }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lifeMs, shiftMs, chance) => {
          const nowMs = START_AT_MS + shiftMs
          const renew = renewAt(config([START_AT_MS + lifeMs]), { shiftMs, uncertaintyMs: 500 }, chance, nowMs)!
          expect(renew).toBeGreaterThanOrEqual(nowMs)
          expect(renew).toBeLessThanOrEqual(Math.max(nowMs, nowMs + lifeMs - 5 * SECOND))
          if (lifeMs > 0) expect(renew).toBeGreaterThanOrEqual(nowMs + lifeMs * 0.9 - 5 * SECOND)
        },
      ),
    )
  })

  test('again after the end, when asking before it brought the same channels', () => {
    const same = config([START_AT_MS + DAY])
    const renew = (chance: number, nowMs: number): number | null =>
      renewAt(config([START_AT_MS + DAY]), clock, chance, nowMs, same)
    expect(renew(0, START_AT_MS)).toBe(START_AT_MS + DAY + SECOND)
    expect(renew(1, START_AT_MS)).toBe(START_AT_MS + DAY + 2 * MINUTE + SECOND)
    // Once it is over, "now" is the plain truth; pacing a source that has nothing better is up to the caller.
    expect(renew(0.5, START_AT_MS + 2 * DAY)).toBe(START_AT_MS + 2 * DAY)
  })

  test('as usual, when asking brought later ends', () => {
    const renew = renewAt(config([START_AT_MS + DAY]), clock, 1, START_AT_MS, config([START_AT_MS]))
    expect(renew).toBe(START_AT_MS + DAY - 5 * SECOND)
  })

  test('with a lazily renewing portal takes two requests a rotation, not more', () => {
    const lifeMs = 43_205 * SECOND
    let nowMs = START_AT_MS
    let requests = 0
    const issue = (): PullConfig => config([START_AT_MS + (Math.floor((nowMs - START_AT_MS) / lifeMs) + 1) * lifeMs])
    let previous: PullConfig | null = null
    let current = issue()
    while (nowMs < START_AT_MS + 10 * lifeMs) {
      nowMs = renewAt(current, clock, 0.5, nowMs, previous)!
      ;[previous, current] = [current, issue()]
      requests++
    }
    expect(requests).toBeLessThanOrEqual(21)
  })
})
