import { describe, expect, test } from 'vitest'
import { channelId } from '../channel/channel-id'
import { type Channel } from '../channel/channel-set'
import { serverClock } from '../config/freshness'
import { type Arrivals, createArrivals, printsOf } from './arrivals'

const UNKNOWN = serverClock(null, 0, 0)
/** The local clock is a minute ahead. */
const CLOCK = { shiftMs: 60_000, uncertaintyMs: 500 }

function channel(name: string, startAtMs: number | null = null): Channel {
  return { type: name, id: channelId(name.repeat(32)), startAtMs, endAtMs: null }
}
const A = channel('a')
const B = channel('b')

function after(firstAtMs: number): Arrivals {
  const arrivals = createArrivals()
  expect(arrivals.opening({ id: 1, sinceMs: firstAtMs }, [A, B], CLOCK, firstAtMs)).toBe(Infinity)
  return arrivals
}

describe('since when new channels have to be read', () => {
  test('H4: on a slow network until what came behind the first answer has come, too', () => {
    const arrivals = after(100_000)
    const channels = [A, channel('c', 130_000)]
    arrivals.opening({ id: 2, sinceMs: 195_000 }, channels, CLOCK, 195_000)
    arrivals.heard(2, 209_000, 14_000)
    arrivals.left(2, 222_900)
    expect(arrivals.opening({ id: 3, sinceMs: 222_900 }, channels, CLOCK, 222_900)).toBe(190_000)
    arrivals.heard(3, 237_000, 14_000)
    arrivals.left(3, 251_000)
    expect(arrivals.opening({ id: 4, sinceMs: 251_000 }, channels, CLOCK, 251_000)).toBe(Infinity)
  })

  test('the channels of the first connection are not new', () => {
    expect(after(1000).opening({ id: 2, sinceMs: 2000 }, [A, B], CLOCK, 2000)).toBe(Infinity)
  })

  test('from their start by the clock of the server', () => {
    const c = channel('c', 130_000)
    expect(after(100_000).opening({ id: 2, sinceMs: 195_000 }, [A, c], CLOCK, 195_000)).toBe(190_000)
  })

  test('without a start, or a clock, from the moment their predecessor ended', () => {
    for (const [c, clock] of [
      [channel('c'), CLOCK],
      [channel('c', 1000), UNKNOWN],
    ] as const) {
      const arrivals = after(100_000)
      arrivals.ended('b'.repeat(32), 150_000)
      arrivals.ended('b'.repeat(32), 170_000)
      expect(arrivals.opening({ id: 2, sinceMs: 195_000 }, [A, c], clock, 195_000)).toBe(150_000)
    }
  })

  test('the successor of another channel says nothing about one that has ended', () => {
    const arrivals = after(100_000)
    arrivals.ended('b'.repeat(32), 150_000)
    const [c, d] = [channel('c'), channel('d')]
    arrivals.opening({ id: 2, sinceMs: 160_000 }, [c, B], CLOCK, 160_000)
    arrivals.heard(2, 160_000)
    expect(arrivals.unreadSinceMs(170_000)).toBe(150_000)
    arrivals.renewed([c, d])
    expect(arrivals.opening({ id: 3, sinceMs: 180_000 }, [c, d], CLOCK, 180_000)).toBe(150_000)
    arrivals.heard(3, 180_000)
    expect(arrivals.unreadSinceMs(190_000)).toBe(Infinity)
  })

  test('a configuration that names it, or no other one, says that it has not ended', () => {
    for (const named of [[A, B], [A]]) {
      const arrivals = after(100_000)
      arrivals.ended('b'.repeat(32), 150_000)
      arrivals.renewed(named)
      expect(arrivals.unreadSinceMs(190_000)).toBe(Infinity)
    }
  })

  test('never from before the set they replace, nor from the future', () => {
    for (const [startAtMs, sinceMs] of [
      [1000, 100_000],
      [500_000, 195_000],
    ] as const) {
      const c = channel('c', startAtMs)
      expect(after(100_000).opening({ id: 2, sinceMs: 195_000 }, [c], CLOCK, 195_000)).toBe(sinceMs)
    }
  })

  test('from their own start, also where what they replace was known later than that', () => {
    const arrivals = after(100_000)
    const [c, d] = [channel('c', 120_000), channel('d', 130_000)]
    expect(arrivals.opening({ id: 2, sinceMs: 250_000 }, [A, c], CLOCK, 250_000)).toBe(180_000)
    expect(arrivals.opening({ id: 3, sinceMs: 250_010 }, [A, d], CLOCK, 250_010)).toBe(190_000)
    arrivals.heard(3, 250_020)
    expect(arrivals.opening({ id: 4, sinceMs: 260_000 }, [A, d], CLOCK, 260_000)).toBe(Infinity)
    expect(arrivals.opening({ id: 5, sinceMs: 270_000 }, [A, channel('e', 185_000)], CLOCK, 270_000)).toBe(245_000)
  })

  test('the page before had read others', () => {
    const arrivals = createArrivals()
    arrivals.restore(printsOf([A, B]))
    const c = channel('c', 130_000)
    expect(arrivals.opening({ id: 1, sinceMs: 300_000 }, [A, c], CLOCK, 300_000)).toBe(190_000)
    const anew = createArrivals()
    anew.restore([])
    expect(anew.opening({ id: 1, sinceMs: 300_000 }, [A, c], CLOCK, 300_000)).toBe(Infinity)
  })

  test('a link that opens and dies has read nothing', () => {
    const channels = [A, channel('c', 130_000)]
    const arrivals = after(100_000)
    arrivals.opening({ id: 7, sinceMs: 195_000 }, channels, CLOCK, 195_000)
    arrivals.heard(7, 195_100)
    arrivals.left(7, 195_140)
    expect(arrivals.opening({ id: 8, sinceMs: 199_000 }, channels, CLOCK, 199_000)).toBe(190_000)
    arrivals.heard(8, 199_100)
    arrivals.left(8, 203_000)
    expect(arrivals.opening({ id: 9, sinceMs: 203_000 }, channels, CLOCK, 203_000)).toBe(Infinity)
  })

  test('until a link that has them has stood for 3 s', () => {
    const channels = [A, channel('c', 130_000)]
    const arrivals = after(100_000)
    arrivals.opening({ id: 7, sinceMs: 195_000 }, channels, CLOCK, 195_000)
    // Link 6 was opened earlier and listens to the old channels.
    arrivals.heard(6, 195_100)
    arrivals.heard(8, 196_000)
    expect(arrivals.opening({ id: 9, sinceMs: 198_900 }, channels, CLOCK, 199_500)).toBe(190_000)
    expect(arrivals.opening({ id: 9, sinceMs: 199_000 }, channels, CLOCK, 199_500)).toBe(Infinity)
  })

  test('each from its own start, where another one is replaced before that', () => {
    const arrivals = after(100_000)
    arrivals.opening({ id: 2, sinceMs: 195_000 }, [A, channel('c', 130_000)], CLOCK, 195_000)
    arrivals.heard(2, 195_500)
    const channels = [channel('d', 136_000), channel('c', 130_000)]
    expect(arrivals.opening({ id: 3, sinceMs: 197_000 }, channels, CLOCK, 197_000)).toBe(190_000)
    arrivals.heard(2, 197_100)
    expect(arrivals.unreadSinceMs(198_000)).toBe(190_000)
    // Only a link that has the newest ones counts for them.
    expect(arrivals.opening({ id: 4, sinceMs: 201_000 }, channels, CLOCK, 201_000)).toBe(196_000)
    arrivals.heard(3, 197_200)
    expect(arrivals.opening({ id: 5, sinceMs: 202_000 }, channels, CLOCK, 202_000)).toBe(Infinity)
  })

  test('a channel that is exchanged again and again does not lead ever further back', () => {
    const arrivals = after(100_000)
    for (let at = 0; at < 100; at++) {
      const nowMs = 195_000 + at * 250
      const channels = [A, channel(String(at), nowMs - 60_500)]
      expect(arrivals.opening({ id: 2 + at, sinceMs: nowMs }, channels, CLOCK, nowMs)).toBe(nowMs - 500)
      arrivals.heard(2 + at, nowMs + 10)
    }
  })
})
