import { describe, expect, test } from 'vitest'
import { messageOf } from '../../test/support/message'
import type { Message } from '../codec/codec'
import { type OpenOptions, type Position, type PositionOptions, createPosition, isPositionState } from './position'

const START_AT_MS = Date.parse('2026-11-20T12:00:00.400Z')
const ZEROS = '0'.repeat(26)

function position(told: Partial<PositionOptions> = {}): Position {
  return createPosition({
    version: 4,
    overlapMs: 1500,
    originAtMs: START_AT_MS,
    originIsServerTime: true,
    ...told,
  })
}

/** A link that opens at `atMs` after the start. */
function link(atMs: number, told: Partial<OpenOptions> = {}): OpenOptions {
  const nowMs = START_AT_MS + atMs
  return { nowMs, sinceMs: nowMs, serverNowMs: nowMs, channels: ['a'], resumed: atMs > 0, atomic: false, ...told }
}

function message(told: Partial<Message> & { publishedAtMs?: number }): Message {
  const { publishedAtMs, ...rest } = told
  const extra = publishedAtMs === undefined ? {} : { server_time_unix: publishedAtMs / 1000 }
  return messageOf({ body: { module_id: 'im', command: 'message', params: {}, extra }, ...rest })
}
/** Numbering of the Node servers: ten digits of the second it began in, sixteen that count. */
const mid = (count: number, beganAtMs = START_AT_MS - 3_600_000): string =>
  `${Math.floor(beganAtMs / 1000)}${String(count).padStart(16, '0')}`
const withMid = (count: number): Message => message({ mid: mid(count) })
const at = (atMs: number, tag: number, told: Partial<Message> = {}): Message =>
  message({ tag, timeAtMs: Math.floor((START_AT_MS + atMs) / 1000) * 1000, ...told })
const date = (atMs: number): string => new Date(START_AT_MS + atMs).toUTCString()

test('P3: a poll loop asks for the place reached', () => {
  const polls = position().open(link(0, { atomic: true }))
  expect(polls.query).toEqual({})
  for (const count of [1, 3, 2]) polls.accept(withMid(count), START_AT_MS + count * 1000)
  expect(polls.next()).toEqual({ mid: mid(3) })
})

describe('P7: numbers that are given again', () => {
  const published = (count: number, atMs: number): Message =>
    message({ mid: mid(count), publishedAtMs: START_AT_MS + atMs })

  test('are seen by when they were published, also on the first link', () => {
    const of = position()
    const first = of.open(link(0))
    expect([first.accept(published(40, 0), START_AT_MS), first.accept(published(41, 100), START_AT_MS + 100)]).toEqual([
      'news',
      'news',
    ])
    expect(first.accept(published(1, 20_000), START_AT_MS + 20_000)).toBe('renumbered')
    expect(first.accept(published(2, 20_100), START_AT_MS + 20_100)).toBe('news')
    expect(of.describe()).toEqual({ mid: mid(2) })
  })
  test('are not taken for those that servers deliver in another order', () => {
    const first = position().open(link(0))
    first.accept(published(41, 5000), START_AT_MS + 5000)
    expect(first.accept(published(40, 9000), START_AT_MS + 9000)).toBe('news')
    expect(first.accept(withMid(39), START_AT_MS + 60_000)).toBe('news')
  })
  test('the zeros that an empty poll repeats are no older store', () => {
    const first = position().open({ ...link(0), resumed: true, atomic: true })
    first.emptyPoll({ lastMessageId: '0'.repeat(26), lastModified: null }, START_AT_MS)
    expect(first.accept(withMid(1), START_AT_MS + 100)).toBe('news')
  })
  test('are seen at once where another message had the number', () => {
    const first = position().open(link(0))
    for (const count of [40, 41, 42]) first.accept(withMid(count), START_AT_MS)
    expect(first.accept(published(41, 100), START_AT_MS + 100, true)).toBe('renumbered')
  })
  test('are asked for from their beginning, by every link until that came', () => {
    const of = position()
    const first = of.open(link(0))
    first.accept(withMid(40), START_AT_MS)
    first.accept(withMid(41), START_AT_MS + 2000)
    const resumed = of.open(link(20_000))
    expect(resumed.query).toEqual({ mid: mid(40) })
    expect(resumed.accept(published(9, 20_000), START_AT_MS + 20_000)).toBe('renumbered')
    // The link goes on with what follows: that is not what was stored before it.
    expect(resumed.accept(published(10, 25_000), START_AT_MS + 25_000)).toBe('news')
    expect(of.state().mark).toBeNull()
    const died = of.open(link(30_000))
    const whole = of.open(link(31_000, { atomic: true }))
    expect([died.query, whole.query]).toEqual([{ mid: ZEROS }, { mid: ZEROS }])
    expect(whole.accept(published(1, 19_000), START_AT_MS + 31_000)).toBe('news')
    expect(whole.accept(published(2, -60_000), START_AT_MS + 31_000)).toBe('before-start')
    expect(of.open(link(40_000)).query).toEqual({ mid: mid(9) })
  })
  test('are seen a second time, on a link that has seen it and on one that asked for everything', () => {
    const of = position()
    const first = of.open(link(0))
    const see = (replay: ReturnType<Position['open']>, count: number, atMs: number): string =>
      replay.accept(published(count, atMs), START_AT_MS + atMs)
    expect([see(first, 40, 0), see(first, 1, 20_000), see(first, 20, 40_000)]).toEqual(['news', 'renumbered', 'news'])
    const whole = of.open(link(41_000))
    expect([see(whole, 1, 20_000), see(whole, 2, 30_000), see(whole, 30, 41_000)]).toEqual(['news', 'news', 'news'])
    expect([see(whole, 2, 60_000), see(first, 3, 60_001), see(first, 1, 80_000)]).toEqual([
      'renumbered',
      'news',
      'renumbered',
    ])
  })
  test('of another store go on behind the old ones', () => {
    const replay = position().open(link(0))
    const later = START_AT_MS + 60_000
    const of = (count: number, beganAtMs: number): Message => message({ mid: mid(count, beganAtMs) })
    const told = [of(9, START_AT_MS), of(1, later), of(2, later), of(10, START_AT_MS)]
    expect(told.map((each) => replay.accept(each, later))).toEqual(['news', 'another-store', 'news', 'news'])
    // A body can forge one.
    expect(replay.accept(message({ mid: '9'.repeat(26) }), later)).toBe('news')
  })
})

describe('Node servers (mid)', () => {
  test('a first connection asks for nothing stored', () => {
    expect(position().open(link(0)).query).toEqual({})
  })

  test('a quiet page asks for the whole history at its first break, and drops what is older than its start', () => {
    const place = position()
    place.open(link(0))
    const replay = place.open(link(60_000))
    expect(replay.query).toEqual({ mid: ZEROS })
    expect(replay.accept(message({ mid: mid(1), publishedAtMs: START_AT_MS - 5000 }), 0)).toBe('before-start')
    // Server times are whole seconds: what shares the second of the start is news.
    expect(replay.accept(message({ mid: mid(2), publishedAtMs: START_AT_MS - 300 }), 0)).toBe('news')
    expect(replay.accept(message({ mid: mid(3), publishedAtMs: START_AT_MS + 5000 }), 0)).toBe('news')
    // What carries no date cannot be told to be older.
    expect(replay.accept(message({ mid: mid(4) }), 0)).toBe('news')
  })

  test('a resume asks from a message received 1.5 s before the break and before the last one, not from the last one', () => {
    const place = position()
    const replay = place.open(link(0))
    ;[1000, 2000, 2600, 3000].forEach((ms, count) => replay.accept(withMid(count + 1), START_AT_MS + ms))
    expect(place.open(link(20_000, { sinceMs: START_AT_MS + 3500 })).query).toEqual({ mid: mid(1) })
    // The connection may have died right after it.
    expect(place.open(link(20_000)).query).toEqual({ mid: mid(1) })
    replay.accept(withMid(5), START_AT_MS + 9000)
    expect(place.open(link(20_000, { sinceMs: START_AT_MS + 4200 })).query).toEqual({ mid: mid(3) })
    expect(place.open(link(20_000)).query).toEqual({ mid: mid(4) })
  })

  test('without a message that old the whole history is asked for: others with lower mids may be on their way', () => {
    const place = position()
    const replay = place.open(link(0))
    ;[1, 2, 3].forEach((count) => replay.accept(withMid(count), START_AT_MS + 900 + count * 200))
    expect(place.open(link(1600, { resumed: true })).query).toEqual({ mid: ZEROS })
  })

  test('what a replay brings long after it came, or after it was published, is a place at once', () => {
    const place = position({ originIsServerTime: true })
    place.open(link(0)).accept(withMid(3), START_AT_MS + 1000)
    const soon = place.open(link(9000, { resumed: true }))
    expect(soon.query).toEqual({ mid: ZEROS })
    soon.accept(withMid(3), START_AT_MS + 9000)
    const later = place.open(link(20_000, { resumed: true }))
    expect(later.query).toEqual({ mid: ZEROS })
    later.accept(withMid(3), START_AT_MS + 20_000)
    expect(place.open(link(20_100)).query).toEqual({ mid: mid(3) })
    expect(place.open(link(20_100, { isAlone: true })).query).toEqual({ mid: ZEROS })
    later.accept(message({ mid: mid(4), publishedAtMs: START_AT_MS - 11_000 }), START_AT_MS + 20_200)
    expect(place.open(link(20_300)).query).toEqual({ mid: mid(3) })
    expect(place.open(link(21_800)).query).toEqual({ mid: mid(4) })
  })

  test('finds an old enough message at any rate of messages', () => {
    const place = position()
    const replay = place.open(link(0))
    for (let count = 1; count <= 20_000; count++) replay.accept(withMid(count), START_AT_MS + count * 2)
    const query = place.open(link(40_000)).query
    const received = Number(query.mid?.slice(10)) * 2
    expect(received).toBeLessThanOrEqual(38_500)
    expect(received).toBeGreaterThan(37_000)
  })

  test('P1: the position is the highest mid, whatever order they come in, and nothing resets it', () => {
    const place = position()
    const replay = place.open(link(0))
    ;[5, 9, 7, 8].forEach((count) => replay.accept(withMid(count), START_AT_MS + 1000))
    replay.accept(message({ mid: null }), START_AT_MS + 1100)
    replay.emptyPoll({ lastMessageId: mid(2), lastModified: null }, START_AT_MS + 1200)
    replay.emptyPoll({ lastMessageId: '', lastModified: null }, START_AT_MS + 1300)
    expect(place.describe()).toEqual({ mid: mid(9) })
  })

  test('a lower mid is news all the same: they are unique, not ordered', () => {
    const replay = position().open(link(0))
    expect([5, 9, 7, 8].map((count) => replay.accept(withMid(count), START_AT_MS + 1000))).toEqual([
      'news',
      'news',
      'news',
      'news',
    ])
  })

  test('P3: polls go on from exactly the place reached: an overlap would return at once, for ever', () => {
    const place = position()
    const replay = place.open(link(0, { atomic: true }))
    expect(replay.query).toEqual({})
    replay.accept(withMid(3), START_AT_MS + 100)
    replay.accept(withMid(4), START_AT_MS + 101)
    expect(replay.next()).toEqual({ mid: mid(4) })
  })

  test('P4: a first poll that was never answered is asked again from the start: what came meanwhile is not live any more', () => {
    const replay = position().open(link(0, { atomic: true }))
    expect([replay.query, replay.next()]).toEqual([{}, { mid: ZEROS }])
    const dated = (count: number, publishedAtMs: number): Message => message({ mid: mid(count), publishedAtMs })
    expect(replay.accept(dated(1, START_AT_MS - 5000), START_AT_MS + 60_000)).toBe('before-start')
    expect(replay.accept(dated(2, START_AT_MS + 5000), START_AT_MS + 60_000)).toBe('news')
  })

  test('P3: what became visible late before the very first message is found from the start alone', () => {
    const place = position()
    place.open(link(0, { atomic: true })).accept(withMid(3), START_AT_MS + 100)
    const resumed = { resumed: true, atomic: true, sinceMs: START_AT_MS + 100 }
    expect(place.open(link(10_000, resumed)).query).toEqual({ mid: ZEROS })
  })

  test('P11 P7: numbers that are given again over a page load are known by what the page before had reached', () => {
    const place = position()
    const dated = (count: number, ms: number) => message({ mid: mid(count), publishedAtMs: START_AT_MS + ms })
    const replay = place.open(link(0))
    for (const count of [2, 40]) replay.accept(dated(count, 0), START_AT_MS + count * 100)
    const { mark, newest } = place.state()
    expect([mark!.mid, newest!.mid]).toEqual([mid(2), mid(40)])
    const next = position({ left: { ...place.state() } })
    expect(next.open(link(60_000)).query).toEqual({ mid: mid(2) })
    expect(next.open(link(60_000)).accept(dated(3, 60_000), START_AT_MS + 60_000)).toBe('renumbered')
  })

  test('P11: what is still owed is asked for by the next page', () => {
    const place = position()
    const replay = place.open(link(0, { atomic: true }))
    for (const count of [1, 2, 3]) replay.accept(withMid(count), START_AT_MS + count * 2000)
    const markOf = (owedMs: number) => place.state(START_AT_MS + owedMs).mark
    expect(markOf(Infinity)).toMatchObject({ mid: mid(2) })
    expect(markOf(4000)).toMatchObject({ mid: mid(1) })
    expect(markOf(2000)).toBe(null)
  })

  test('P11: what the page before left is asked from, also where the clock was set back since', () => {
    const place = position()
    const replay = place.open(link(0))
    replay.accept(withMid(7), START_AT_MS)
    replay.accept(withMid(8), START_AT_MS + 2000)
    const next = position({ left: place.state() })
    const back = { nowMs: START_AT_MS - 60_000, sinceMs: START_AT_MS - 60_000, resumed: true }
    expect(next.open(link(0, back)).query).toEqual({ mid: mid(7) })
  })

  test('P4: the first position may come from an empty poll', () => {
    const place = position()
    const replay = place.open(link(0, { atomic: true }))
    replay.emptyPoll({ lastMessageId: mid(466), lastModified: null }, START_AT_MS + 40_000)
    expect(replay.next()).toEqual({ mid: mid(466) })
    expect(place.open(link(90_000)).query).toEqual({ mid: mid(466) })
  })

  test('an empty header means that nothing is stored: from then on everything is news', () => {
    const place = position()
    const replay = place.open(link(0, { atomic: true }))
    replay.emptyPoll({ lastMessageId: '', lastModified: null }, START_AT_MS + 40_000)
    expect(replay.next()).toEqual({ mid: ZEROS })
  })

  test.each([null, 'null', '12', '1795167691000000000000046x', `${'9'.repeat(27)}`])(
    '%j in the header is no position',
    (id) => {
      const place = position()
      const replay = place.open(link(0, { atomic: true }))
      replay.emptyPoll({ lastMessageId: id, lastModified: null }, START_AT_MS)
      expect(replay.next()).toEqual({})
      expect(place.describe()).toEqual({})
    },
  )

  test('a mid from the future is delivered and not trusted: a body can forge one', () => {
    const place = position()
    const replay = place.open(link(0))
    expect(replay.accept(message({ mid: '9'.repeat(26) }), START_AT_MS + 100)).toBe('news')
    expect(place.describe()).toEqual({})
    replay.accept(withMid(1), START_AT_MS + 200)
    expect(place.describe()).toEqual({ mid: mid(1) })
  })

  test('numbers that begin again are told once, and are the position from then on', () => {
    const place = position()
    const first = place.open(link(0))
    for (let count = 100; count <= 110; count++) first.accept(withMid(count), START_AT_MS + (count - 100) * 1000)
    const second = place.open(link(60_000))
    const beside = place.open(link(60_000))
    expect(second.query).toEqual({ mid: mid(108) })
    expect(second.accept(withMid(1), START_AT_MS + 61_000)).toBe('renumbered')
    expect(second.accept(withMid(2), START_AT_MS + 61_100)).toBe('news')
    expect(beside.accept(withMid(2), START_AT_MS + 61_100)).toBe('news')
    expect(place.describe()).toEqual({ mid: mid(2) })
    expect(second.next()).toEqual({ mid: mid(2) })
  })

  test('a late message within the overlap is no renumbering', () => {
    const place = position()
    const first = place.open(link(0))
    first.accept(withMid(10), START_AT_MS + 1000)
    first.accept(withMid(12), START_AT_MS + 4000)
    const second = place.open(link(5000))
    expect(second.query).toEqual({ mid: mid(10) })
    expect(second.accept(withMid(11), START_AT_MS + 5100)).toBe('news')
  })
})

describe('push-stream (tag and time)', () => {
  const stream = (told: Partial<PositionOptions> = {}): Position => position({ version: 2, ...told })

  test('a first connection asks from the second of the start', () => {
    expect(stream().open(link(0)).query).toEqual({ tag: 0, time: date(0) })
  })

  test('without a word about the time of the server only a resume relies on the local clock', () => {
    const place = stream({ originIsServerTime: false })
    expect(place.open(link(0)).query).toEqual({})
    expect(place.open(link(5000)).query).toEqual({ tag: 0, time: date(0) })
  })

  test('what is older than the start is not delivered', () => {
    const replay = stream().open(link(0))
    expect(replay.accept(at(-2000, 3), START_AT_MS)).toBe('before-start')
    expect(replay.accept(at(0, 1), START_AT_MS)).toBe('news')
  })

  test('a resume asks for the whole second again', () => {
    const place = stream()
    const replay = place.open(link(0))
    replay.accept(at(3000, 7), START_AT_MS + 3000)
    expect(place.open(link(20_000)).query).toEqual({ tag: 0, time: date(3000) })
  })

  test('what may have been missed before the first message is asked for from the start', () => {
    const place = stream()
    const replay = place.open(link(0))
    replay.accept(at(5000, 7), START_AT_MS + 5000)
    replay.accept(at(9000, 7), START_AT_MS + 9000)
    // A channel that was issued at 4 s, say, and is listened to only now.
    const late = place.open(link(20_000, { sinceMs: START_AT_MS + 4000 }))
    expect(late.query).toEqual({ tag: 0, time: date(0) })
    expect(late.accept(at(-2000, 1), START_AT_MS + 20_100)).toBe('before-start')
    expect(place.describe()).toEqual({ tag: 7, time: date(9000) })
    // A clock nobody vouched for is no such place.
    const unsure = stream({ originIsServerTime: false })
    unsure.open(link(0)).accept(at(5000, 7), START_AT_MS + 5000)
    expect(unsure.open(link(20_000, { sinceMs: START_AT_MS + 4000 })).query).toEqual({ tag: 0, time: date(5000) })
  })

  test('0.3.4 is asked for one second more: its first tag is 0, and it sends what comes after', () => {
    const place = stream({ version: 1 })
    expect(place.open(link(0)).query).toEqual({ tag: 0, time: date(-1000) })
    const replay = place.open(link(0))
    replay.accept(at(3000, 0), START_AT_MS + 3000)
    expect(place.open(link(20_000)).query).toEqual({ tag: 0, time: date(2000) })
    expect(replay.next()).toEqual({ tag: 0, time: date(3000) })
  })

  test('P1: the position is the highest of time and tag, not the last', () => {
    const place = stream()
    const replay = place.open(link(0))
    const order: [number, number][] = [
      [1000, 1],
      [2000, 3],
      [2000, 1],
      [1000, 9],
    ]
    order.forEach(([ms, tag]) => replay.accept(at(ms, tag), START_AT_MS + 5000))
    expect(place.describe()).toEqual({ tag: 3, time: date(2000) })
  })

  test('messages without a place move nothing', () => {
    const place = stream()
    const replay = place.open(link(0))
    expect(replay.accept(message({ tag: null, timeAtMs: START_AT_MS + 1 }), START_AT_MS)).toBe('news')
    expect(replay.accept(message({ tag: 4, timeAtMs: null }), START_AT_MS)).toBe('news')
    expect(place.describe()).toEqual({})
  })

  test('P4: the first position may come from an empty poll', () => {
    for (const [version, earlierMs] of [
      [2, 0],
      [1, 1000],
    ] as const) {
      const place = stream({ version, originIsServerTime: false })
      const replay = place.open(link(0, { atomic: true }))
      replay.emptyPoll({ lastMessageId: null, lastModified: date(40_000) }, START_AT_MS + 40_000)
      // 0.3.4 counts from tag 0: the place is one before that second.
      if (version === 2) expect(replay.next()).toEqual({ tag: 0, time: date(40_000 - earlierMs) })
      expect(place.describe()).toEqual({ tag: 0, time: date(40_000 - earlierMs) })
    }
  })

  describe('P6: a replay of several channels, which comes channel by channel', () => {
    const OPENS_AT_MS = 60_000

    /** Two channels, a position at 1 s, and a link that resumes from there. */
    function resumed(told: Partial<OpenOptions> = {}): { place: Position; replay: ReturnType<Position['open']> } {
      const place = stream()
      place.open(link(0)).accept(at(1000, 1), START_AT_MS + 1000)
      return { place, replay: place.open(link(OPENS_AT_MS, { channels: ['a', 'b'], ...told })) }
    }
    const now = (afterMs: number): number => START_AT_MS + OPENS_AT_MS + afterMs

    test('is no place to go on from while it may still be running', () => {
      const { place, replay } = resumed()
      replay.accept(at(30_000, 5), now(100))
      replay.accept(at(10_000, 2), now(900))
      expect(place.open(link(OPENS_AT_MS + 2000)).query).toEqual({ tag: 0, time: date(1000) })
    })
    test('moves it to what has surely come of all of them, though no link lives long enough to see its end', () => {
      const { place, replay } = resumed()
      replay.accept(at(30_000, 5, { channel: 'a' }), now(100))
      replay.accept(at(20_000, 2, { channel: 'b' }), now(200))
      const others = link(OPENS_AT_MS + 2000, { channels: ['a', 'c'] })
      expect(place.open(others).query).toEqual({ tag: 0, time: date(20_000) })
    })
    test('moves it so for a poll that was cut off, too, and at once for one that came whole', () => {
      for (const [isCutOff, seconds] of [
        [true, 10],
        [false, 30],
      ] as const) {
        const { place, replay } = resumed({ atomic: true })
        if (isCutOff) replay.cutOff()
        replay.accept(at(30_000, 5, { channel: 'a' }), now(100))
        replay.accept(at(10_000, 2, { channel: 'b' }), now(100))
        expect(replay.isUnfinished()).toBe(isCutOff)
        const next = place.open(link(OPENS_AT_MS + 2000, { channels: ['a', 'b'], atomic: true }))
        expect(next.query).toEqual({ tag: isCutOff ? 2 : 0, time: date(seconds * 1000) })
      }
    })
    test('is over by a later second only as far as the clock of the server is known', () => {
      for (const [unsureMs, place] of [
        [0, 61_000],
        [1000, 1000],
      ] as const) {
        const of = resumed({ unsureMs })
        of.replay.accept(at(OPENS_AT_MS + 1000, 1), now(100))
        expect(of.replay.isUnfinished()).toBe(unsureMs > 0)
        expect(of.place.open(link(OPENS_AT_MS + 5000)).query).toEqual({ tag: 0, time: date(place) })
      }
    })
    test('goes on where it was cut, what is furthest behind first, and from the whole second when it is over', () => {
      const { place, replay } = resumed()
      expect([replay.order, replay.isUnfinished()]).toEqual([[0, 1], false])
      for (const tag of [1, 2, 3]) replay.accept(at(30_000, tag, { channel: 'a' }), now(100))
      expect(replay.isUnfinished()).toBe(true)
      const second = place.open(link(OPENS_AT_MS + 500, { channels: ['a', 'b'] }))
      expect([second.query, second.order]).toEqual([{ tag: 0, time: date(1000) }, [1, 0]])
      second.accept(at(20_000, 4, { channel: 'b' }), now(600))
      const third = place.open(link(OPENS_AT_MS + 1000, { channels: ['a', 'b'] }))
      expect([third.query, third.order]).toEqual([{ tag: 4, time: date(20_000) }, [1, 0]])
      third.accept(at(40_000, 1, { channel: 'b' }), now(1100))
      third.accept(at(OPENS_AT_MS + 2000, 1, { channel: 'b' }), now(2000))
      expect(third.isUnfinished()).toBe(false)
      const fourth = place.open(link(OPENS_AT_MS + 9000, { channels: ['a', 'b'] }))
      expect([fourth.query, fourth.order]).toEqual([{ tag: 0, time: date(OPENS_AT_MS + 2000) }, [0, 1]])
    })
    test('goes on where it was cut from the start of the session, too', () => {
      const place = stream()
      const both = { channels: ['a', 'b'] }
      place.open(link(5000, both)).accept(at(0, 7, { channel: 'b' }), START_AT_MS + 5100)
      expect(place.open(link(5200, both)).query).toEqual({ tag: 7, time: date(0) })
    })
    test('goes on before the second in which it was asked for: the server may have restarted in it', () => {
      const place = stream()
      const both = { channels: ['a', 'b'] }
      place.open(link(5000, both)).accept(at(5000, 7, { channel: 'b' }), START_AT_MS + 5100)
      expect(place.open(link(5200, both)).query).toEqual({ tag: 0, time: date(4000) })
    })
    test('is over after a second of silence', () => {
      const { place, replay } = resumed()
      replay.accept(at(30_000, 5), now(100))
      replay.accept(at(20_000, 5), now(1100))
      expect(place.describe()).toEqual({ tag: 5, time: date(30_000) })
    })
    test('is over with the first live message', () => {
      const { place, replay } = resumed()
      replay.accept(at(30_000, 5), now(100))
      replay.accept(at(OPENS_AT_MS + 1000, 1), now(1050))
      expect(place.describe()).toEqual({ tag: 1, time: date(OPENS_AT_MS + 1000) })
    })
    test('is over after ten seconds at the latest', () => {
      const { place, replay } = resumed()
      for (let ms = 0; ms <= 10_000; ms += 500) replay.accept(at(20_000 + ms, 1), now(ms))
      expect(place.describe()).toEqual({ tag: 1, time: date(30_000) })
    })
    test('is a place at once where nothing can be cut: one channel, or a whole body', () => {
      for (const told of [{ channels: ['a'] }, { atomic: true }]) {
        const { place, replay } = resumed(told)
        replay.accept(at(30_000, 5), now(100))
        expect(place.describe()).toEqual({ tag: 5, time: date(30_000) })
      }
    })
  })
})

describe('P11: the next page goes on', () => {
  /** What a page leaves is written down and read. */
  function next(place: Position, told: Partial<PositionOptions> = {}): Position {
    const left: unknown = JSON.parse(JSON.stringify(place.state()))
    expect(isPositionState(left)).toBe(true)
    return position({ originAtMs: START_AT_MS + 3_600_000, ...told, left: left as ReturnType<Position['state']> })
  }
  const again = (atMs: number): OpenOptions => link(atMs, { resumed: true })

  test('from a message received 1.5 s before the last one, for as long as nothing newer came', () => {
    const place = position()
    const replay = place.open(link(0))
    ;[1000, 2000, 2600, 3000].forEach((ms, count) => replay.accept(withMid(count + 1), START_AT_MS + ms))
    const second = next(place)
    for (const ms of [3100, 20_000, 500_000]) expect(second.open(again(ms)).query).toEqual({ mid: mid(1) })
    expect(next(second).open(again(500_000)).query).toEqual({ mid: mid(1) })
    second.open(again(20_000)).accept(withMid(9), START_AT_MS + 20_100)
    expect(next(second).open(again(20_200)).query).toEqual({ mid: mid(1) })
    expect(second.open(again(30_000)).query).toEqual({ mid: mid(1) })
  })

  test('on push-stream from the whole second, and not from an older start again', () => {
    const place = position({ version: 2 })
    const replay = place.open(link(0))
    replay.accept(at(1000, 3), START_AT_MS + 1000)
    // Nothing is 1.5 s older than the last message: the start is.
    expect(next(place, { version: 2 }).open(again(9000)).query).toEqual({ tag: 0, time: date(0) })
    replay.accept(at(5000, 1), START_AT_MS + 5000)
    const second = next(place, { version: 2 })
    expect(second.open(again(9000)).query).toEqual({ tag: 0, time: date(1000) })
    expect(next(second, { version: 2 }).open(again(1200)).query).toEqual({ tag: 0, time: date(1000) })
  })

  test('before any message from the start of the first page', () => {
    const place = position()
    place.open(link(0))
    const replay = next(next(place)).open(again(60_000))
    expect(replay.query).toEqual({ mid: ZEROS })
    expect(replay.accept(message({ mid: mid(1), publishedAtMs: START_AT_MS - 5000 }), 0)).toBe('before-start')
    expect(replay.accept(message({ mid: mid(2), publishedAtMs: START_AT_MS + 5000 }), 0)).toBe('news')
    expect(next(position({ version: 2 }), { version: 2 }).open(again(60_000)).query).toEqual({ tag: 0, time: date(0) })
  })

  test('the whole history is asked for once: what is older than the start is a place, too', () => {
    const place = position()
    const replay = next(place).open(again(10_000))
    replay.accept(message({ mid: mid(7), publishedAtMs: START_AT_MS - 5000 }), START_AT_MS + 10_000)
    expect(next(place).open(again(20_000)).query).toEqual({ mid: ZEROS })
    const second = next(place, { originIsServerTime: true })
    second.open(again(10_000)).accept(message({ mid: mid(7), publishedAtMs: 1e9 }), START_AT_MS + 10_000)
    expect(next(second).open(again(20_000)).query).toEqual({ mid: mid(7) })
  })

  test('a server that numbers anew is noticed all the same', () => {
    const place = position()
    const replay = place.open(link(0))
    ;[1000, 4000].forEach((ms, count) => replay.accept(withMid(count + 500), START_AT_MS + ms))
    const resumed = next(place).open(again(60_000))
    expect(resumed.accept(withMid(1), START_AT_MS + 60_100)).toBe('renumbered')
  })

  test('what is not a position is none', () => {
    const good = position().state()
    const mark = { mid: '', timeAtMs: 1, tag: 1, receivedAtMs: 1 }
    expect([good, { ...good, mark }].map(isPositionState)).toEqual([true, true])
    const bad: unknown[] = [null, 1, 'x', [], {}, { ...good, originAtMs: null }, { ...good, originIsServerTime: 1 }]
    bad.push({ ...good, mark: undefined }, { ...good, mark: [] })
    bad.push(
      ...[{ mid: '12' }, { mid: [] }, { mid: null }, { tag: '1' }, { timeAtMs: null }].map((each) => ({
        ...good,
        mark: { ...mark, ...each },
      })),
    )
    expect(bad.filter(isPositionState)).toEqual([])
  })
})
