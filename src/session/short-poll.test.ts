import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { loss } from '../core/loss'
import type { TransportSink } from '../transport/transport'
import { startShortPoll } from './short-poll'

function scene() {
  const happened: string[] = []
  const clock = createFakeClock()
  let sink!: TransportSink
  let askAgain = (): void => {}
  const stop = startShortPoll({
    clock,
    holdMs: 60_000,
    open(given, again) {
      askAgain = again
      sink = given
      return { close: () => void happened.push('closed') }
    },
    take: (frame) => void happened.push(`took ${String(frame)}`),
    told: (word) => void happened.push(word),
  })
  return { clock, sink, stop, happened, again: () => askAgain() }
}

test('P10: one answer is what it asks for', () => {
  const { sink, clock, happened } = scene()
  sink.opened('long-polling', true)
  sink.frame('1 2')
  sink.alive()
  expect([happened, clock.timers]).toEqual([['took 1 2', 'closed', 'answered'], 0])
})

test('P10: an empty answer is one, too', () => {
  const { sink, happened } = scene()
  sink.emptyPoll({ lastMessageId: null, lastModified: null })
  expect(happened).toEqual(['closed', 'answered'])
})

test('P10: a poll that waits has nothing to bring, if it is answered in the end', async () => {
  const { sink, clock, happened } = scene()
  await clock.advance(700)
  sink.opened('long-polling', false)
  await clock.advance(4299)
  expect(happened).toEqual([])
  await clock.advance(1)
  expect(happened).toEqual(['waits'])
  await clock.advance(35_000)
  sink.emptyPoll({ lastMessageId: null, lastModified: null })
  expect([happened, clock.timers]).toEqual([['waits', 'closed', 'answered'], 0])
})

test('P10: a poll that is never answered never reached the server', async () => {
  const { clock, happened } = scene()
  await clock.advance(59_998)
  expect(happened).toEqual(['waits'])
  await clock.advance(1)
  expect([happened, clock.timers]).toEqual([['waits', 'closed', 'lost'], 0])
})

test('P10: a poll that a gateway ends was held, and is not asked for again', async () => {
  const { clock, happened, again } = scene()
  await clock.advance(30_000)
  again()
  expect([happened, clock.timers]).toEqual([['waits', 'closed', 'answered'], 0])
})

test('P10: a poll that slept through its time was never answered', async () => {
  const { clock, happened, again } = scene()
  clock.jump(90_000)
  await clock.advance(1)
  again()
  expect([happened, clock.timers]).toEqual([['waits', 'closed', 'lost'], 0])
})

test('P10: a refusal is told', () => {
  const { sink, clock, happened } = scene()
  sink.lost(loss('server-error', 502))
  expect([happened, clock.timers]).toEqual([['closed', 'lost'], 0])
})

test('stopped, it says nothing', async () => {
  const { stop, clock, happened } = scene()
  stop()
  await clock.advance(10_000)
  expect([happened, clock.timers]).toEqual([['closed'], 0])
})
