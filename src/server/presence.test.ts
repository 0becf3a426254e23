/** Who is connected, counted, and who was last seen when. */
import { expect, test } from 'vitest'
import { createPresence } from './presence'

test('a user is online from his first connection to his last', () => {
  let nowMs = 1_000_000
  const presence = createPresence(() => nowMs)
  expect([presence.opened(7), presence.opened(7), presence.closed(7)]).toEqual([true, false, false])
  nowMs += 5000
  expect(presence.lastSeen([7, 8])).toEqual({ 7: 0 })
  expect(presence.closed(7)).toBe(true)
  nowMs += 61_400
  expect(presence.lastSeen([7, 8])).toEqual({ 7: 61 })
  expect(presence.opened(7)).toBe(true)
  expect(presence.lastSeen([7])).toEqual({ 7: 0 })
})

test('whoever asks the portal was seen', () => {
  let nowMs = 1_000_000
  const presence = createPresence(() => nowMs)
  presence.seen(3)
  nowMs += 2000
  expect(presence.lastSeen([3])).toEqual({ 3: 2 })
})
