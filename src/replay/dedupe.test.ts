import { expect, test } from 'vitest'
import { messageOf } from '../../test/support/message'
import type { Message } from '../codec/codec'
import { createDedupe, identityOf } from './dedupe'

test('an identity is new once', () => {
  const { isNew } = createDedupe()
  expect([isNew('a'), isNew('b'), isNew('a'), isNew('b')]).toEqual([true, true, false, false])
})

test('P8: the window is bounded and forgets the oldest first', () => {
  const dedupe = createDedupe(3)
  ;['a', 'b', 'c', 'd'].forEach(dedupe.isNew)
  expect(dedupe.size).toBe(3)
  expect(['b', 'c', 'd'].map(dedupe.isNew)).toEqual([false, false, false])
  expect(dedupe.isNew('a')).toBe(true)
})

test('P8: the window holds 16 384 unless told otherwise', () => {
  const dedupe = createDedupe()
  for (let count = 0; count <= 16_384; count++) dedupe.isNew(String(count))
  expect(dedupe.size).toBe(16_384)
})

test('after a reset identities are used anew', () => {
  const dedupe = createDedupe()
  dedupe.isNew('a')
  dedupe.reset()
  expect([dedupe.size, dedupe.isNew('a')]).toEqual([0, true])
})

test('P8: a message of two channels with one mid is one message', () => {
  const mid = '17951676910000000000000466'
  expect(identityOf(messageOf({ mid, channel: 'a', id: 466 }))).toBe(
    identityOf(messageOf({ mid, channel: 'b', id: 466 })),
  )
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
