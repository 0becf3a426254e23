import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { messageOf } from '../../test/support/message'
import type { Codec } from '../codec/codec'
import { serverClock } from '../config/freshness'
import { createDedupe } from '../replay/dedupe'
import type { Replay, Verdict } from '../replay/position'
import { createCounters } from './counters'
import { type ReadLink, createReader } from './reader'

function scene(verdict: Verdict = 'news', stopsAt = '') {
  const happened: string[] = []
  let over = false
  const say = (what: string) => (): void => {
    happened.push(what)
    over = what === stopsAt
  }
  const reader = createReader({
    clock: createFakeClock(),
    counters: createCounters(),
    dedupe: createDedupe(),
    serverTime: () => serverClock(null, 0, 0),
    isOver: () => over,
    deliver: ({ command }) => void happened.push(command),
    obey: say('obeyed'),
    dated: () => {},
    channelDeleted: say('deleted'),
    taken: () => {},
    numbered: () => {},
    renumbered: say('renumbered'),
    anotherStore: say('another store'),
    unreadable: (count, isBeyond) => void happened.push(`unreadable ${count}${isBeyond ? ', and more' : ''}`),
    warn: say('warned'),
  })
  const bodies = (frame: string): string[] => frame.split(' ')
  const codec = {
    decode: (frame: string) =>
      bodies(frame).map((command, at) =>
        messageOf({ mid: `${command}${String(at)}`.padStart(26, '0'), body: { module_id: 'im', command } }),
      ),
  } as unknown as Codec
  const replay = { accept: () => verdict } as unknown as Replay
  const link: ReadLink = {
    codec,
    replay,
    origin: { channels: [], openedAtMs: 0 },
    reply: say('replied'),
    answered: say('answered'),
  }
  return { reader, link, happened }
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
