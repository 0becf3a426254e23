import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { messageOf } from '../../test/support/message'
import type { Codec, Message } from '../codec/codec'
import { serverClock } from '../config/freshness'
import { steadyClock } from '../platform/steady-clock'
import { createDedupe } from '../replay/dedupe'
import type { Replay, Verdict } from '../replay/position'
import { createCounters } from './counters'
import { type ReadLink, createReader } from './reader'

function scene(verdict: Verdict = 'news', stopsAt = '') {
  const happened: string[] = []
  const places: unknown[] = []
  const numbers: unknown[] = []
  const counters = createCounters()
  let over = false
  const say = (what: string) => (): void => {
    happened.push(what)
    over = what === stopsAt
  }
  const reader = createReader({
    clock: steadyClock(createFakeClock()),
    counters,
    dedupe: createDedupe(),
    serverTime: () => serverClock(null, 0, 0),
    isOver: () => over,
    deliver: ({ command }) => void happened.push(command),
    obey: say('obeyed'),
    dated: () => {},
    channelDeleted: say('deleted'),
    taken: () => {},
    numbered: ({ mid }) => void numbers.push(mid),
    renumbered: say('renumbered'),
    anotherStore: say('another store'),
    unreadable: (count, isBeyond) => void happened.push(`unreadable ${count}${isBeyond ? ', and more' : ''}`),
    warn: say('warned'),
  })
  const bodies = (frame: string): string[] => frame.split(' ')
  const codec = {
    decode: (frame: string) =>
      bodies(frame).map((command, at) => {
        const mid = `${command}${String(at)}`.padStart(26, '0')
        const message = messageOf({ mid, body: { module_id: 'im', command } })
        if (command === 'cut') return { type: 'bad', reason: 'not-json', length: 3, placed: null }
        if (command === 'prose')
          return { type: 'bad', reason: 'not-json', length: 5, placed: { ...message, receipt: 'mack' } }
        return message
      }),
  } as unknown as Codec
  const replay = {
    accept({ mid }: Message) {
      places.push(mid)
      return verdict
    },
  } as unknown as Replay
  const link: ReadLink = {
    codec,
    replay,
    origin: { channels: [], openedAtMs: 0 },
    isPassed: () => false,
    reply: say('replied'),
    answered: say('answered'),
  }
  return { reader, link, happened, places, numbers, counters }
}

test.each([
  ['renumbered', 'renumbered'],
  ['another-store', 'another store'],
] as const)('P7: %s is told before the message that shows it is delivered', (verdict, told) => {
  const { reader, link, happened } = scene(verdict)
  expect(reader.take('a', link)).toBe('news')
  expect(happened).toEqual([told, 'a'])
})

test('I5: what a listener of `gap` stops is not delivered: the next session does it', () => {
  const { reader, link, happened } = scene('another-store', 'another store')
  expect(reader.take('a b', link)).toBe('nothing-new')
  expect(happened).toEqual(['another store'])
})

test('P8: what came twice is delivered once', () => {
  const { reader, link, happened } = scene()
  expect([reader.take('a b', link), reader.take('a b', link)]).toEqual(['news', 'nothing-new'])
  expect(happened).toEqual(['a', 'b'])
})

test('T2: a whole message that nobody can read is passed like any other, once', () => {
  const { reader, link, happened, places, numbers, counters } = scene()
  expect([reader.take('prose', link), reader.take('prose', link)]).toEqual(['news', 'nothing-new'])
  // Version 5 sends again what nobody acknowledges.
  expect(happened).toEqual(['replied', 'warned', 'replied'])
  expect([places.length, numbers.length]).toEqual([2, 1])
  expect(counters).toMatchObject({ bad: 1, repeats: 1, events: 0 })
})

test('T2: what was cut on the way is not passed: the whole may still come', () => {
  const { reader, link, happened, places } = scene()
  expect(reader.take('cut', link)).toBe('nothing-new')
  expect(happened).toEqual(['warned', 'unreadable 1'])
  expect(places).toEqual([])
})
