import { expect, test } from 'vitest'
import { messageOf } from '../../test/support/message'
import type { Message } from '../codec/codec'
import { createDedupe, fingerprint, identityOf } from './dedupe'

test('an identity is new once', () => {
  const dedupe = createDedupe()
  expect(['a', 'b', 'a', 'b'].map((each) => dedupe.isNew(each, 0))).toEqual([true, true, false, false])
})

test('P8: the window is bounded and forgets the oldest first', () => {
  const dedupe = createDedupe(3)
  ;['a', 'b', 'c', 'd'].forEach((each, at) => dedupe.isNew(each, at))
  expect(dedupe.size).toBe(3)
  expect(['b', 'c', 'd'].map((each, at) => dedupe.isNew(each, at))).toEqual([false, false, false])
  expect(dedupe.isNew('a', 0)).toBe(true)
})

test('P8: the window holds 16 384 unless told otherwise', () => {
  const dedupe = createDedupe()
  for (let count = 0; count <= 16_384; count++) dedupe.isNew(String(count), 0)
  expect(dedupe.size).toBe(16_384)
})

test('P8: what may come again is remembered beyond the window, up to 16 times as much', () => {
  let neededSinceMs = 10
  const dedupe = createDedupe(2, () => neededSinceMs)
  for (let atMs = 0; atMs < 20; atMs++) dedupe.isNew(String(atMs), atMs)
  expect([dedupe.size, dedupe.isNew('10', 20), dedupe.isNew('9', 20)]).toEqual([10, false, true])
  neededSinceMs = 21
  dedupe.isNew('a', 21)
  expect(dedupe.size).toBe(2)
  for (let count = 0; count < 40; count++) dedupe.isNew(String(count), 22)
  expect(dedupe.size).toBe(32)
})

test('P7: a mid that another message had shows that numbers are given again, once', () => {
  const dedupe = createDedupe(4)
  const of = (count: number, seconds: number): Message =>
    messageOf({
      mid: String(count).padStart(26, '0'),
      body: { module_id: 'im', command: 'x', extra: { server_time_unix: seconds } },
    })
  const see = (message: Message): boolean[] => {
    const identity = identityOf(message)!
    return [dedupe.isOther(message.mid, identity), dedupe.isNew(identity, 0, message.mid)]
  }
  expect([of(1, 5), of(1, 5), of(2, 6)].map(see)).toEqual([
    [false, true],
    [false, false],
    [false, true],
  ])
  expect(dedupe.isOther(of(1, 9).mid, identityOf(of(1, 9)))).toBe(true)
  dedupe.renumbered()
  expect([of(1, 9), of(2, 9), of(1, 5), of(2, 12)].map(see)).toEqual([
    [false, true],
    [false, true],
    [false, false],
    [true, true],
  ])
  // As many as there are identities.
  for (let count = 3; count <= 7; count++) see(of(count, 20))
  expect(dedupe.isOther(of(2, 12).mid, 'x')).toBe(false)
})

test('P7: without a date what a message says tells it from another one of its number', () => {
  const mid = '2'.repeat(26)
  const [one, same, other] = [1, 1, 2].map((params) =>
    identityOf(messageOf({ mid, body: { module_id: 'im', command: 'x', params } })),
  )
  expect([one === same, one === other]).toEqual([true, false])
})

test('P11: what another page delivered is not new, whatever was seen since', () => {
  const first = createDedupe()
  ;['a', 'b', 'c'].forEach((each, at) => first.isNew(each, at))
  const second = createDedupe()
  second.restore(first.recent(0), 10)
  expect(['d', 'b', 'b'].map((each, at) => second.isNew(each, at))).toEqual([true, false, false])
  const third = createDedupe()
  third.restore(second.recent(10), 20)
  expect(['a', 'b', 'c', 'd', 'e'].map((each, at) => third.isNew(each, at))).toEqual([false, false, false, false, true])
})

test('P11: only what is recent is handed on, and never less than a few hundred', () => {
  const dedupe = createDedupe()
  for (let count = 0; count < 1000; count++) dedupe.isNew(String(count), count)
  expect(dedupe.recent(0)).toHaveLength(1000)
  expect(dedupe.recent(600)).toEqual(Array.from({ length: 400 }, (_, at) => fingerprint(String(600 + at))))
  expect(dedupe.recent(990)).toHaveLength(256)
  // What an older page had is of no use when the place to ask from is younger, and this page has seen enough.
  dedupe.restore(['x'], 500)
  expect(dedupe.recent(500)).toContain('x')
  expect(dedupe.recent(501)).not.toContain('x')
})

test('P12: fingerprints of a million identities differ, and depend on 64 bits of a channel id', () => {
  const all = new Set<string>()
  const channels = ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210']
  for (let count = 0; count < 250_000; count++) {
    all.add(fingerprint(`17951676910000${String(count).padStart(12, '0')}`))
    all.add(fingerprint(`17951676920000${String(count).padStart(12, '0')}`))
    channels.forEach((channel) =>
      all.add(fingerprint(`${channel}|${count}|${count % 50}|Fri, 20 Nov 2026 09:31:06 GMT`)),
    )
  }
  expect(all.size).toBe(1_000_000)
  expect(Math.max(...[...all].slice(0, 1000).map(({ length }) => length))).toBeLessThanOrEqual(14)
})

test('P8: a message of two channels with one mid is one message', () => {
  const mid = '17951676910000000000000466'
  expect(identityOf(messageOf({ mid, channel: 'a', id: 466 }))).toBe(
    identityOf(messageOf({ mid, channel: 'b', id: 466 })),
  )
})

test('P7: a mid that is given again is another message when it was published at another time', () => {
  const mid = '17951676910000000000000466'
  const at = (seconds: number): string | null =>
    identityOf(messageOf({ mid, body: { module_id: 'im', command: 'x', extra: { server_time_unix: seconds } } }))
  expect(at(1_795_167_691.5)).toBe(at(1_795_167_691.5))
  expect(at(1_795_167_691.5)).not.toBe(at(1_795_167_700))
})

test('P8: messages that nothing identifies are not one message', () => {
  expect(identityOf(messageOf({ id: null }))).toBeNull()
})

test('P8: on push-stream channel, id, tag and time make the identity, each of them', () => {
  const first = { channel: 'a', id: 1, tag: 1, time: 'Fri, 20 Nov 2026 09:31:06 GMT' }
  const others: Partial<Message>[] = [
    { channel: 'b' },
    // An id comes again when a channel was deleted and created anew: tag and time tell the two apart.
    { tag: 2 },
    { time: 'Fri, 20 Nov 2026 09:31:07 GMT' },
    { id: 2 },
  ]
  const all = [first, ...others.map((other) => ({ ...first, ...other }))].map((each) => identityOf(messageOf(each)))
  expect(new Set(all).size).toBe(5)
  expect(identityOf(messageOf(first))).toBe(all[0])
})

test('where no channel is told, as on 0.3.4, tag and time tell messages apart', () => {
  const time = 'Fri, 20 Nov 2026 09:31:06 GMT'
  const [one, other] = [0, 1].map((tag) => identityOf(messageOf({ id: 1, tag, time })))
  expect(one).not.toBe(other)
})
