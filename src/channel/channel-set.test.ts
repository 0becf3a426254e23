import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { channelId } from './channel-id'
import { type Channel, type ChannelSet, channelQuery, channelSet, channelTypeOf, replaceChannel } from './channel-set'

/** Whether two sets ask the server for the same. */
const sameChannels = (a: ChannelSet, b: ChannelSet): boolean => channelQuery(a) === channelQuery(b)

const A = 'a'.repeat(32)
const B = 'b'.repeat(32)
const C = 'c'.repeat(32)

function channel(type: string, signed: string, endAtMs: number | null = null): Channel {
  return { type, id: channelId(signed), startAtMs: null, endAtMs }
}

describe('the order in the URL', () => {
  test('is private, shared, others as they came', () => {
    const set = channelSet([channel('x', 'x'), channel('shared', 's'), channel('w', 'w'), channel('private', 'p')])
    expect(channelQuery(set)).toBe('p/s/x/w')
  })

  test('keeps channels of one type as they came', () => {
    expect(channelQuery(channelSet([channel('app', `${B}.1`), channel('app', `${A}.2`)]))).toBe(`${B}.1/${A}.2`)
  })

  test('H2: has each mailbox once, the first way it was written', () => {
    const set = channelSet([channel('shared', `${A}.1`), channel('private', `${A}:${B}.2`), channel('x', C)])
    expect(channelQuery(set)).toBe(`${A}:${B}.2/${C}`)
  })

  test('does not change what it is given', () => {
    const given = [channel('shared', 's'), channel('private', 'p')]
    channelSet(given)
    expect(given.map(({ type }) => type)).toEqual(['shared', 'private'])
  })

  test('does not depend on how often it is made', () => {
    const channels = fc.array(
      fc.tuple(fc.constantFrom('private', 'shared', 'x', 'y'), fc.constantFrom(A, B, C, `${A}.1`)),
    )
    fc.assert(
      fc.property(channels, (list) => {
        const set = channelSet(list.map(([type, id]) => channel(type, id)))
        expect(sameChannels(set, channelSet(set))).toBe(true)
        expect(new Set(set.map(({ id }) => id.reveal().slice(0, 32))).size).toBe(set.length)
      }),
    )
  })

  test('of nothing is nothing', () => expect(channelQuery(channelSet([]))).toBe(''))
})

describe('the type of a channel', () => {
  const set = channelSet([channel('private', `${A}:${B}.1`), channel('shared', `${C}.2`)])

  test.each([
    [A, 'private'],
    [`${A}:${B}.1`, 'private'],
    [C, 'shared'],
    [B, null],
    ['-', null],
    ['', null],
    [null, null],
  ])('%s is %s', (rawId, type) => expect(channelTypeOf(set, rawId)).toBe(type))
})

test('sets are the same when they ask for the same mailboxes with the same signatures', () => {
  const set = channelSet([channel('private', `${A}.1`, 5)])
  expect(sameChannels(set, channelSet([channel('private', `${A}.1`, 9)]))).toBe(true)
  expect(sameChannels(set, channelSet([channel('private', `${A}.2`, 5)]))).toBe(false)
  expect(sameChannels(set, channelSet([]))).toBe(false)
})

describe('a channel with a successor', () => {
  const set = channelSet([channel('private', `${A}:${B}.1`, 5), channel('shared', `${C}.2`, 5)])
  const successor = { id: `${'d'.repeat(32)}.3`, startAtMs: 4, endAtMs: 9 }

  test.each([C, `${C}.2`])('is found by id (%s) and keeps type and place', (expired) => {
    const next = replaceChannel(set, expired, successor)!
    expect(channelQuery(next)).toBe(`${A}:${B}.1/${successor.id}`)
    expect(next[1]).toMatchObject({ type: 'shared', startAtMs: 4, endAtMs: 9 })
    expect(set[1]!.endAtMs).toBe(5)
  })

  test('that is not in the set changes nothing', () => {
    expect(replaceChannel(set, B, successor)).toBeNull()
    expect(replaceChannel(channelSet([]), C, successor)).toBeNull()
  })

  test('that is in the set already leaves it there once', () => {
    // The delete path of the portal offers its shared channel as the successor of any other.
    const next = replaceChannel(set, A, { ...successor, id: `${C}.2` })!
    expect(channelQuery(next)).toBe(`${C}.2`)
  })
})
