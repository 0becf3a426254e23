import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { loss } from '../core/loss'
import type { TransportSink } from '../transport/transport'
import { startShortPoll } from './short-poll'

function scene() {
  const happened: string[] = []
  const clock = createFakeClock()
  let sink!: TransportSink
  const stop = startShortPoll({
    clock,
    open(given) {
      sink = given
      return { close: () => void happened.push('closed') }
    },
    take: (frame) => void happened.push(`took ${String(frame)}`),
    ended: (isAnswered) => void happened.push(isAnswered ? 'answered' : 'refused'),
  })
  return { clock, sink, stop, happened }
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

test('P10: a poll that waits has nothing to bring, and is not waited for', async () => {
  const { sink, clock, happened } = scene()
  await clock.advance(700)
  sink.opened('long-polling', false)
  await clock.advance(4299)
  expect(happened).toEqual([])
  await clock.advance(1)
  expect([happened, clock.timers]).toEqual([['closed', 'answered'], 0])
})

test('P10: a refusal is told', () => {
  const { sink, clock, happened } = scene()
  sink.lost(loss('server-error', 502))
  expect([happened, clock.timers]).toEqual([['closed', 'refused'], 0])
})

test('stopped, it says nothing', async () => {
  const { stop, clock, happened } = scene()
  stop()
  await clock.advance(10_000)
  expect([happened, clock.timers]).toEqual([['closed'], 0])
})
