import { describe, expect, test } from 'vitest'
import type { LossReason } from '../core/loss'
import { type BackoffOption, type Failure, backoffPolicy } from './backoff'

function failure(told: Partial<Failure>): Failure {
  return {
    failures: 1,
    code: 1006,
    reason: 'dropped',
    wasUseful: false,
    elapsedMs: 60_000,
    chance: 0.5,
    ...told,
  }
}

/** Delays of the 1st, 2nd, ... failure in a row. */
function delays(option: BackoffOption | undefined, count: number, told: Partial<Failure> = {}): number[] {
  const policy = backoffPolicy(option)
  return Array.from({ length: count }, (_, at) => Math.round(policy(failure({ ...told, failures: at + 1 }))))
}

describe('B1: the default policy', () => {
  test('grows to a cap', () => {
    expect(delays(undefined, 8)).toEqual([1500, 1500, 3000, 6000, 12_000, 15_000, 15_000, 15_000])
  })
  test('spreads by a quarter to either side, after the cap', () => {
    expect(delays({}, 7, { chance: 0 })).toEqual([1125, 1125, 2250, 4500, 9000, 11_250, 11_250])
    expect(delays({}, 7, { chance: 0.999999 })).toEqual([1875, 1875, 3750, 7500, 15_000, 18_750, 18_750])
  })
  test('tries again within half a second after losing a connection that worked', () => {
    const chances = [0, 0.25, 0.5, 0.75]
    expect(chances.map((chance) => delays({}, 1, { wasUseful: true, chance })[0])).toEqual([0, 125, 250, 375])
    expect(delays({}, 3, { wasUseful: true })).toEqual([250, 1500, 3000])
  })
  test('tries a second time as soon where the first retry of an outage that has hardly begun failed as well', () => {
    const second = (elapsedMs: number, chance: number): number =>
      backoffPolicy()(failure({ failures: 2, elapsedMs, chance }))
    expect([second(999, 0), second(999, 1), second(1000, 0.5)]).toEqual([0, 300, 1500])
    expect(backoffPolicy()(failure({ failures: 3, elapsedMs: 0 }))).toBe(3000)
  })
  test('spreads the first retry after a restart wide, for everybody was cut off at once', () => {
    const first = (chance: number): number | undefined =>
      delays({}, 1, { reason: 'server-restart', code: 1012, wasUseful: true, chance })[0]
    expect([0, 0.25, 0.5, 0.999999].map(first)).toEqual([0, 2000, 4000, 8000])
    expect(delays({}, 3, { reason: 'server-restart', wasUseful: true })).toEqual([4000, 1500, 3000])
  })
  test('B4: stays away from a full server for 15 to 30 s, every time', () => {
    for (const wasUseful of [true, false])
      expect(delays({}, 4, { reason: 'too-many', wasUseful, chance: 0 })).toEqual([15_000, 15_000, 15_000, 15_000])
    expect(delays({}, 2, { reason: 'too-many', chance: 0.999999 })).toEqual([30_000, 30_000])
  })
  test('takes other figures', () => {
    const option = { baseMs: 100, capMs: 1000, firstMs: 10, restartSpreadMs: 60_000 }
    expect(delays(option, 6)).toEqual([100, 100, 200, 400, 800, 1000])
    expect(delays(option, 1, { wasUseful: true })).toEqual([5])
    expect(delays(option, 1, { reason: 'server-restart' })).toEqual([30_000])
  })
  test('stays finite however long the outage', () => {
    expect(backoffPolicy()(failure({ failures: 100_000, chance: 0.999 }))).toBeLessThanOrEqual(18_750)
  })
})

describe('B5: the policy of the vendor cloud', () => {
  const LADDER_MS = [100, 15e3, 15e3, 45e3, 45e3, 600e3, 600e3, 600e3, 600e3, 600e3, 3600e3, 3600e3, 3600e3]

  test('follows the published ladder', () => {
    expect(delays('cloud', 13, { chance: 0 })).toEqual(LADDER_MS)
  })
  test('is never faster than the ladder, whatever was lost and however', () => {
    const reasons: LossReason[] = ['dropped', 'refused', 'server-restart', 'bad-channel', 'too-many', 'server-error']
    for (const reason of reasons)
      for (const wasUseful of [true, false])
        for (const chance of [0, 0.5, 0.999])
          delays('cloud', 13, { reason, wasUseful, chance }).forEach((ms, at) => {
            expect(ms).toBeGreaterThanOrEqual(LADDER_MS[at]!)
            if (reason !== 'too-many') expect(ms).toBeLessThanOrEqual(LADDER_MS[at]! * 1.2)
          })
  })
  test('stays away from a full server for 15 s at least', () => {
    expect(delays('cloud', 3, { reason: 'too-many', chance: 0 })).toEqual([15_000, 15_000, 15_000])
  })
})

test('a policy of the caller is taken as it is', () => {
  expect(delays(({ failures, reason }) => failures * (reason === 'dropped' ? 7 : 0), 3)).toEqual([7, 14, 21])
})
