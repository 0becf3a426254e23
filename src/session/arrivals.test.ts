import { describe, expect, test } from 'vitest'
import { channelId } from '../channel/channel-id'
import { type Channel } from '../channel/channel-set'
import { serverClock } from '../config/freshness'
import { NO_ARRIVALS, ended, heard, opening } from './arrivals'

const UNKNOWN = serverClock(null, 0, 0)
/** The local clock is a minute ahead. */
const CLOCK = { shiftMs: 60_000, uncertaintyMs: 500 }

function channel(name: string, startAtMs: number | null = null): Channel {
  return { type: name, id: channelId(name.repeat(32)), startAtMs, endAtMs: null }
}
const A = channel('a')
const B = channel('b')

function first(nowMs: number): ReturnType<typeof opening> {
  return opening(NO_ARRIVALS, { id: 1, sinceMs: nowMs, channels: [A, B] }, CLOCK, nowMs)
}

describe('since when new channels have to be read', () => {
  test('the channels of the first connection are not new', () => {
    expect(first(1000).sinceMs).toBe(Infinity)
  })

  test('from their start by the clock of the server', () => {
    const c = channel('c', 130_000)
    expect(opening(first(100_000), { id: 2, sinceMs: 195_000, channels: [A, c] }, CLOCK, 195_000).sinceMs).toBe(190_000)
  })

  test('without a start, or a clock, from the moment their predecessor ended', () => {
    const told = ended(ended(first(100_000), 150_000), 170_000)
    for (const [c, clock] of [
      [channel('c'), CLOCK],
      [channel('c', 1000), UNKNOWN],
    ] as const) {
      expect(opening(told, { id: 2, sinceMs: 195_000, channels: [A, c] }, clock, 195_000).sinceMs).toBe(150_000)
    }
  })

  test('never from before the set they replace, nor from the future', () => {
    for (const [startAtMs, sinceMs] of [
      [1000, 100_000],
      [500_000, 195_000],
    ] as const) {
      const c = channel('c', startAtMs)
      const now = opening(first(100_000), { id: 2, sinceMs: 195_000, channels: [c] }, CLOCK, 195_000)
      expect(now.sinceMs).toBe(sinceMs)
    }
  })

  test('until a link that has them has stood for 3 s', () => {
    const channels = [A, channel('c', 130_000)]
    const tried = opening(first(100_000), { id: 7, sinceMs: 195_000, channels }, CLOCK, 195_000)
    // Link 6 was opened earlier and listens to the old channels.
    const stood = heard(heard(tried, 6, 195_100), 8, 196_000)
    expect(stood.heardAtMs).toBe(196_000)
    expect(opening(stood, { id: 9, sinceMs: 198_000, channels }, CLOCK, 199_500).sinceMs).toBe(190_000)
    expect(opening(stood, { id: 9, sinceMs: 199_000, channels }, CLOCK, 199_500).sinceMs).toBe(Infinity)
  })

  test('replaced once more before that, from the older start', () => {
    const tried = opening(
      first(100_000),
      { id: 2, sinceMs: 195_000, channels: [A, channel('c', 130_000)] },
      CLOCK,
      195_000,
    )
    const c = channel('c', 130_000)
    const again = opening(tried, { id: 3, sinceMs: 197_000, channels: [channel('d', 136_000), c] }, CLOCK, 197_000)
    expect(again).toMatchObject({ sinceMs: 190_000, linkId: 3, heardAtMs: null })
  })
})
