import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { createLeftBehind } from './left-behind'
import type { PollWord } from './short-poll'

const START_AT_MS = 1_000_000

function scene({ read = [] as string[], mayPoll = true } = {}) {
  const clock = createFakeClock(START_AT_MS)
  const happened: string[] = []
  const polls: ((word: PollWord) => void)[] = []
  const since = (atMs: number): number => atMs - START_AT_MS
  const left = createLeftBehind({
    clock,
    read,
    missed: (sinceMs) => void happened.push(`missed since ${since(sinceMs)}`),
  })
  const poll = (sinceMs: number, told: (word: PollWord) => void, print?: string): (() => void) => {
    happened.push(`asks ${print} since ${since(sinceMs)}`)
    polls.push(told)
    return () => void happened.push(`stops ${print}`)
  }
  const opened = (id: number, prints: string[], heardMs = 0, owedMs = Infinity, isAfterBreak = true): boolean =>
    left.opened(
      { id, prints, poll: mayPoll ? poll : null, askedSinceMs: clock.now(), isAfterBreak },
      START_AT_MS + heardMs,
      START_AT_MS + owedMs,
    )
  const ended = (id: number, how: 'lost' | 'closed' = 'closed', heardMs = 0): void =>
    left.ended(id, how, START_AT_MS + heardMs)
  return { clock, left, happened, polls, opened, ended }
}

test('P16: a link of the same channels leaves nothing behind', async () => {
  const { clock, happened, opened, ended } = scene()
  opened(1, ['a', 'b'])
  opened(2, ['b', 'a'])
  ended(1)
  ended(2, 'lost')
  expect(opened(3, ['a', 'b'])).toBe(false)
  await clock.advance(60_000)
  expect([happened, clock.timers]).toEqual([[], 0])
})

test('P16: what a drained link had is asked for when it ends, since it was surely read', async () => {
  const { clock, happened, polls, opened, ended, left } = scene()
  opened(1, ['a', 'b'])
  await clock.advance(10_000)
  opened(2, ['a', 'c'], 7000)
  await clock.advance(5000)
  ended(1, 'closed', 99_000)
  expect(left.read()).toEqual(['a', 'c', 'b'])
  await clock.advance(2000)
  polls[0]!('waits')
  polls[0]!('answered')
  await clock.advance(60_000)
  expect([happened, left.read()]).toEqual([['asks b since 7000'], ['a', 'c']])
})

test('P16: since what was owed, or what was asked for by a link that was cut soon', async () => {
  const { clock, happened, opened, ended } = scene()
  opened(1, ['a'])
  await clock.advance(10_000)
  opened(2, ['b'], 9000, 4000)
  ended(1)
  await clock.advance(1000)
  opened(3, ['c'], 10_900)
  ended(2)
  await clock.advance(2000)
  expect(happened).toEqual(['asks a since 4000', 'asks b since 10000'])
})

test('P16: what nobody listens to when it is exchanged is asked for by the next link, each channel by itself', async () => {
  const { clock, happened, opened, ended } = scene()
  opened(1, ['a', 'b'])
  await clock.advance(10_000)
  ended(1, 'lost', 8000)
  // Cut before it had read anything: the break began earlier.
  opened(2, ['a', 'b'], 10_000)
  await clock.advance(100)
  ended(2, 'lost', 10_100)
  await clock.advance(30_000)
  expect(opened(3, ['c', 'd'], 40_000)).toBe(false)
  await clock.advance(2000)
  expect(happened).toEqual(['asks a since 8000', 'asks b since 8000'])
})

test('P16: channels that are exchanged in quick succession are asked for meanwhile, two at once', async () => {
  const { clock, happened, polls, left, opened, ended } = scene()
  opened(1, ['0'])
  for (let at = 1; at <= 40; at++) {
    await clock.advance(250)
    opened(at + 1, [`${at}`], 250 * at)
    ended(at)
  }
  // Nobody answers the first two.
  expect(happened).toEqual(['asks 0 since 0', 'asks 1 since 250'])
  expect(left.sinceMs()).toBe(START_AT_MS)
  polls.forEach((told) => told('answered'))
  expect(happened.slice(2)).toEqual(['asks 2 since 500', 'asks 3 since 750'])
  for (let at = 2; at < polls.length; at++) polls[at]!('answered')
  await clock.advance(2000)
  for (let at = 32; at < polls.length; at++) polls[at]!('answered')
  expect([happened.length, left.read(), left.sinceMs(), clock.timers]).toEqual([40, ['40'], Infinity, 0])
})

test('P16: three tries, each with a link; then it is told', async () => {
  const { clock, happened, polls, opened, ended } = scene()
  opened(1, ['a'])
  await clock.advance(5000)
  opened(2, ['b'], 5000)
  ended(1)
  for (let at = 0; at < 3; at++) {
    await clock.advance(2000)
    polls[at]!('lost')
    if (at > 0) continue
    ended(2, 'lost', 7000)
    await clock.advance(60_000)
    expect(happened).toHaveLength(1)
    opened(3, ['b'])
  }
  await clock.advance(60_000)
  const asks = 'asks a since 5000'
  expect([happened, clock.timers]).toEqual([[asks, asks, asks, 'missed since 5000'], 0])
})

test('P16: a channel that two links read is asked for once, from where it was read least', async () => {
  const { clock, happened, opened, ended, left } = scene()
  opened(1, ['a'])
  await clock.advance(5000)
  opened(2, ['a'], 4000)
  await clock.advance(5000)
  opened(3, ['b'], 9000)
  ended(2)
  await clock.advance(2000)
  ended(1)
  await clock.advance(2000)
  expect(happened).toEqual(['asks a since 9000', 'stops a', 'asks a since 4000'])
  expect(left.read()).toEqual(['b', 'a'])
  left.stop()
  ended(3, 'lost')
  expect([happened.slice(3), clock.timers]).toEqual([['stops a'], 0])
})

test('P16: channels that no link came to read before they were exchanged are asked for, too', async () => {
  const { clock, happened, left, opened } = scene()
  const fail = (id: number, sinceMs: number): void =>
    left.failed({
      id,
      prints: ['b'],
      poll: (from, _, print) => (happened.push(`asks ${print} since ${from - START_AT_MS}`), () => {}),
      askedSinceMs: START_AT_MS + sinceMs,
      isAfterBreak: true,
    })
  opened(1, ['a'])
  fail(2, 7000)
  fail(3, 5000)
  await clock.advance(10_000)
  opened(4, ['a'])
  opened(5, ['c', 'a'])
  await clock.advance(2000)
  expect(happened).toEqual(['asks b since 5000'])
})

test('P16: nothing is open while the page is away', async () => {
  const { clock, happened, opened, ended, left } = scene()
  opened(1, ['a'])
  await clock.advance(5000)
  opened(2, ['b'], 5000)
  ended(1)
  await clock.advance(2000)
  ended(2, 'closed', 7000)
  left.pause()
  expect([happened, clock.timers]).toEqual([['asks a since 5000', 'stops a'], 0])
  opened(3, ['b'])
  await clock.advance(2000)
  left.stop()
  await clock.advance(60_000)
  expect(happened.slice(2)).toEqual(['asks a since 5000', 'stops a'])
})

test('P16 G1: where polls are not allowed it is told, if anything speaks for it', () => {
  const of = (how: 'lost' | 'closed', owedMs = Infinity, isAfterBreak = true): string[] => {
    const { happened, opened, ended } = scene({ mayPoll: false })
    opened(1, ['a'], 0, Infinity, isAfterBreak)
    expect(opened(2, ['b'], 0, owedMs)).toBe(false)
    ended(1, how)
    return happened
  }
  expect([of('closed'), of('lost'), of('closed', -2000)]).toEqual([[], ['missed since 0'], ['missed since -2000']])
  expect(of('closed', -2000, false)).toEqual([])
  const { opened, ended } = scene({ mayPoll: false })
  opened(1, ['a'])
  ended(1, 'lost')
  expect([opened(2, ['b']), scene({ read: ['a'] }).opened(1, ['b']), scene({ read: ['a'] }).opened(1, [])]).toEqual([
    true,
    true,
    false,
  ])
})
