import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { type Debt, createDebt } from './debt'
import type { PollWord } from './short-poll'

function scene(mayPoll = true) {
  const clock = createFakeClock()
  const startMs = clock.now()
  const happened: string[] = []
  let polling: ((word: PollWord) => void) | null = null
  const debt: Debt = createDebt({
    clock,
    poll(sinceMs, told) {
      if (!mayPoll) return null
      happened.push(`poll since ${sinceMs - startMs}`)
      polling = told
      return () => void happened.push('stopped')
    },
    resumeAgain: () => void happened.push(`another link since ${owed()}`),
    paid: () => void happened.push('paid'),
    waits: () => void happened.push('waits'),
  })
  const owed = (): number => debt.sinceMs() - startMs
  return {
    clock,
    debt,
    happened,
    owed,
    owe: (sinceMs: number, inMs: number) => debt.owe(startMs + sinceMs, inMs),
    open: (askedSinceMs = 0) => debt.opened(startMs + askedSinceMs),
    answer: (isAnswered: boolean) => polling!(isAnswered ? 'answered' : 'lost'),
    wait: () => polling!('waits'),
  }
}

test('G3: the oldest part is asked for, when the most urgent one is due', async () => {
  const { clock, happened, owed, owe, open, answer } = scene()
  open()
  owe(5, 9000)
  owe(7, 1000)
  owe(9, 2000)
  expect(owed()).toBe(5)
  await clock.advance(1000)
  expect([happened, owed()]).toEqual([['poll since 5'], 5])
  answer(true)
  await clock.advance(60_000)
  expect([happened, owed(), clock.timers]).toEqual([['poll since 5', 'paid'], Infinity, 0])
})

test('G3: it survives the link, and the poll beside it; the next link asks for it and brings it with its first message', async () => {
  const { clock, debt, happened, owed, owe, open } = scene()
  open()
  owe(5, 1000)
  await clock.advance(1000)
  debt.left()
  expect([happened, owed(), clock.timers]).toEqual([['poll since 5', 'stopped'], 5, 0])
  open(5)
  await clock.advance(60_000)
  debt.left()
  expect(owed()).toBe(5)
  open(5)
  debt.heard()
  debt.left()
  expect([happened.length, owed()]).toEqual([2, Infinity])
})

test('G3: a link that was on its way when it arose did not ask for it', async () => {
  const { clock, happened, owe, open } = scene()
  owe(5, 1000)
  await clock.advance(60_000)
  expect(happened).toEqual([])
  open(6)
  await clock.advance(2000)
  expect(happened).toEqual(['poll since 5'])
})

test('G3: a poll under way is begun again where more is owed before its end', async () => {
  const { clock, happened, owed, owe, open } = scene()
  open()
  owe(5, 0)
  await clock.advance(1)
  owe(3, 0)
  await clock.advance(1)
  expect([happened, owed()]).toEqual([['poll since 5', 'stopped', 'poll since 3'], 3])
})

test('G3: where no poll may be opened another link asks', async () => {
  const { clock, debt, happened, owed, owe, open } = scene(false)
  open()
  owe(5, 1000)
  await clock.advance(1000)
  expect(happened).toEqual(['paid', 'another link since 5'])
  open(5)
  debt.heard()
  expect([owed(), clock.timers]).toEqual([Infinity, 0])
})

test('G3: more than is remembered is not asked for twice', async () => {
  const { clock, debt, happened, owed, owe, open } = scene()
  open()
  owe(5, 1000)
  for (let count = 0; count <= 5000; count++) debt.counted()
  await clock.advance(1000)
  expect([happened, owed()]).toEqual([['paid'], Infinity])
})

test('G3: nor by the next link, however few frames brought it; what is owed after that begins anew', async () => {
  const { clock, debt, happened, owed, owe, open } = scene()
  open()
  owe(5, 1000)
  debt.heard()
  for (let count = 0; count <= 5000; count++) debt.counted()
  expect(owed()).toBe(Infinity)
  debt.left()
  open(9)
  expect([owed(), clock.timers]).toEqual([Infinity, 0])
  owe(10, 1000)
  expect(owed()).toBe(10)
  await clock.advance(1000)
  expect(happened).toEqual(['poll since 10'])
})

test('G3: a poll that waits pays nothing until it is answered; one that is lost after that is owed again', async () => {
  const { clock, debt, happened, owed, owe, open, wait, answer } = scene()
  open()
  owe(5, 1000)
  await clock.advance(1000)
  wait()
  expect([happened, owed()]).toEqual([['poll since 5', 'waits'], 5])
  answer(false)
  await clock.advance(2000)
  expect([happened, owed()]).toEqual([['poll since 5', 'waits', 'poll since 5'], 5])
  wait()
  debt.left()
  expect([happened.slice(3), owed(), clock.timers]).toEqual([['waits', 'stopped'], 5, 0])
})
