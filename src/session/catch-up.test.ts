import { expect, test } from 'vitest'
import { loss } from '../core/loss'
import type { TransportSink } from '../transport/transport'
import { createCatchUp } from './catch-up'

function scene() {
  const happened: string[] = []
  let sink!: TransportSink
  const run = createCatchUp({
    open(given) {
      sink = given
      return { close: () => void happened.push('closed') }
    },
    fetched: (frame) => void happened.push(`fetched ${String(frame)}`),
    release: (frame) => void happened.push(`released ${String(frame)}`),
    ended: (isComplete) => void happened.push(isComplete ? 'complete' : 'failed'),
  })
  return { run, sink, happened }
}

test('P10: what comes meanwhile is delivered behind what was missed', () => {
  const { run, sink, happened } = scene()
  expect([run.hold('3'), run.hold('4')]).toEqual([true, true])
  sink.opened('long-polling', true)
  sink.frame('1 2')
  expect(run.hold('5')).toBe(false)
  expect(happened).toEqual(['fetched 1 2', 'closed', 'released 3', 'released 4', 'complete'])
})

test('P10: a poll that waits holds nothing back, and is complete when it is answered', () => {
  const { run, sink, happened } = scene()
  run.hold('1')
  sink.opened('long-polling', false)
  expect([happened.splice(0), run.hold('2')]).toEqual([['released 1'], false])
  sink.emptyPoll({ lastMessageId: null, lastModified: null })
  sink.alive()
  expect(happened).toEqual(['closed', 'complete'])
})

test('P10: a poll that is refused leaves the hole, and releases what is held', () => {
  const { run, sink, happened } = scene()
  run.hold('1')
  sink.lost(loss('server-error', 502))
  expect(happened).toEqual(['closed', 'released 1', 'failed'])
})

test('stopped, it delivers nothing: what was held is asked for again', () => {
  const { run, happened } = scene()
  run.hold('1')
  run.stop()
  expect([happened, run.hold('2')]).toEqual([['closed'], false])
})
