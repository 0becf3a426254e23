import { expect, test } from 'vitest'
import { messageOf } from '../../test/support/message'
import { createHoles } from './holes'

function scene() {
  const holes = createHoles()
  const see = (channel: string, id: number, nowMs: number, isLate = false): string | null => {
    const found = holes.seen(messageOf({ channel, id }), nowMs, nowMs, isLate)
    return found && `${found.what} since ${found.sinceMs}`
  }
  return { holes, see }
}

test('G2: numbers that follow each other leave no hole, each channel for itself, wherever it begins', () => {
  const { holes, see } = scene()
  expect([see('a', 7, 1), see('b', 1, 1), see('a', 8, 2), see('b', 2, 3), see('a', 9, 4)]).toEqual(Array(5).fill(null))
  expect([holes.areOpen(), holes.missing(Infinity)]).toEqual([false, null])
})

test('G2: what is left out is missing since the message before it, and is told once', () => {
  const { holes, see } = scene()
  see('a', 1, 1000)
  expect(see('a', 5, 2000)).toBe('hole since 1000')
  expect(holes.missing(1999)).toBeNull()
  expect(holes.missing(2000)).toEqual({ count: 3, sinceMs: 1000 })
  expect([holes.missing(Infinity), holes.areOpen()]).toEqual([null, false])
})

test('G2: what comes over another link after all closes the hole', () => {
  const { holes, see } = scene()
  see('a', 1, 1000)
  see('a', 4, 2000)
  expect([see('a', 2, 2100), see('a', 3, 2200)]).toEqual([null, null])
  expect([holes.areOpen(), holes.missing(Infinity)]).toEqual([false, null])
})

test('G2: a channel that was made anew counts from the beginning', () => {
  const { holes, see } = scene()
  see('a', 500, 1000)
  expect([see('a', 1, 2000), see('a', 2, 3000), see('a', 200_000, 4000)]).toEqual(['anew since 1000', null, null])
  expect(holes.missing(Infinity)).toBeNull()
})

test('G2: a link brings what a later one, which was there first, did not ask for: the channel is the same', () => {
  const { holes, see } = scene()
  see('a', 9, 1000)
  expect([see('a', 1, 1010, true), see('a', 12, 1020), see('a', 10, 1030, true)]).toEqual([
    null,
    'hole since 1000',
    null,
  ])
  expect(holes.missing(Infinity)).toEqual({ count: 1, sinceMs: 1000 })
})

test('G2: what a channel that was made anew had before the first that came is missing', () => {
  const { holes, see } = scene()
  see('a', 500, 1000)
  expect([see('a', 4, 2000), see('a', 2, 2100)]).toEqual(['anew since 1000', null])
  expect(holes.missing(Infinity)).toEqual({ count: 2, sinceMs: 1000 })
})

test('G2: pieces that could not be read had a number', () => {
  const { holes, see } = scene()
  see('a', 1, 1000)
  holes.unreadable(2)
  see('a', 4, 2000)
  expect(holes.missing(Infinity)).toBeNull()
  see('a', 6, 3000)
  expect(holes.missing(Infinity)).toEqual({ count: 1, sinceMs: 2000 })
})

test('what names no channel or number says nothing', () => {
  const { holes } = scene()
  expect([holes.seen(messageOf({ id: 1 }), 1, 1), holes.seen(messageOf({ channel: 'a', id: null }), 1, 1)]).toEqual([
    null,
    null,
  ])
})

test('G2: the next page goes on counting, without the ids of the channels', () => {
  const secret = 'a'.repeat(32)
  const { holes, see } = scene()
  see(secret, 4, 1000)
  see('b'.repeat(32), 9, 1000)
  const left = JSON.stringify(holes.counts())
  expect(left).not.toContain(secret)

  const next = scene()
  next.holes.restore(JSON.parse(left))
  expect(next.see(secret, 5, 6000)).toBeNull()
  expect(next.see('b'.repeat(32), 12, 6000)).toBe('hole since 1000')
  expect(next.see('c'.repeat(32), 7, 6000)).toBeNull()
  expect(next.holes.missing(Infinity)).toEqual({ count: 2, sinceMs: 1000 })

  const third = scene()
  third.holes.restore(next.holes.counts())
  expect(third.see(secret, 1, 8000)).toBe('anew since 6000')
})

test('G2: a hole that was not told yet is found by the next page', () => {
  const { holes, see } = scene()
  see('a', 4, 1000)
  see('a', 7, 2000)
  const next = scene()
  next.holes.restore(holes.counts())
  expect(next.see('a', 8, 3000)).toBe('hole since 1000')
})

test('G2: numbers that are none are as good as none', () => {
  const { holes, see } = scene()
  holes.restore(JSON.parse(`{"${Object.keys(firstOf('a'))[0]}":"many"}`))
  expect([see('a', 7, 2), see('a', 8, 3)]).toEqual([null, null])
})

function firstOf(channel: string): object {
  const { holes, see } = scene()
  see(channel, 1, 1)
  return holes.counts()
}
