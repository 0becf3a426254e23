import { expect, test } from 'vitest'
import { channelId } from '../channel/channel-id'
import type { ChannelSet } from '../channel/channel-set'
import { createExchanges } from './exchanges'

const A = 'a'.repeat(32)
const B = 'b'.repeat(32)
const C = 'c'.repeat(32)
const SHARED = 'd'.repeat(32)
const of = (id: string): ChannelSet => [
  { type: 'private', id: channelId(id), startAtMs: null, endAtMs: 1 },
  { type: 'shared', id: channelId(SHARED), startAtMs: null, endAtMs: 1 },
]
const successor = (id: string): { id: string; startAtMs: null; endAtMs: number } => ({
  id,
  startAtMs: null,
  endAtMs: 2,
})
const idsOf = (channels: ChannelSet): string[] => channels.map(({ id }) => id.reveal())

test('H3: an answer from before an exchange does not bring the old channel back, however often it was exchanged', () => {
  const exchanges = createExchanges()
  expect(idsOf(exchanges.ended(of(A), A, successor(B))!)).toEqual([B, SHARED])
  exchanges.ended(of(B), B, successor(C))
  const { channels, isOld } = exchanges.applied(of(A))
  expect(idsOf(channels)).toEqual([C, SHARED])
  expect(channels[0]).toMatchObject({ type: 'private', endAtMs: 2 })
  expect(isOld).toBe(false)
  expect(idsOf(exchanges.applied(of(C)).channels)).toEqual([C, SHARED])
})

test('H3: where nobody named the successor the answer is old', () => {
  const exchanges = createExchanges()
  expect(exchanges.ended(of(A), A, null)).toBeNull()
  expect(exchanges.applied(of(A)).isOld).toBe(true)
  expect(exchanges.applied(of(B)).isOld).toBe(false)
})

test('H3: who asks after the exchange knows better', () => {
  const exchanges = createExchanges()
  exchanges.ended(of(A), A, successor(B))
  exchanges.ended(of(A), SHARED, null)
  exchanges.asked()
  const { channels, isOld } = exchanges.applied(of(A))
  expect([idsOf(channels), isOld]).toEqual([[A, SHARED], false])
})
