import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { outcome } from '../../test/support/fake-uplink'
import { PullError } from '../core/pull-error'
import { createAsking } from './ask'
import type { Portal, PortalCall } from './portal'

function scene(portal: Portal | null) {
  const clock = createFakeClock()
  const asking = createAsking({ portal, clock, fetch: null, deadlineMs: 30_000 })
  return { clock, asking, ask: () => outcome(asking.ask('server.time', { a: 1 })) }
}

test('the answer is taken out of its envelope', async () => {
  const calls: PortalCall[] = []
  const { clock, ask } = scene((call) => {
    calls.push(call)
    return Promise.resolve({ result: { x: true }, time: {} })
  })
  const asked = ask()
  await clock.advance(0)
  expect([asked.value, clock.timers]).toEqual([{ x: true }, 0])
  expect(calls).toMatchObject([{ method: 'server.time', params: { a: 1 }, fetch: null }])
})

test('an envelope with an error is a failure', async () => {
  const { clock, ask } = scene(() => Promise.resolve({ error: 'AUTHORIZE_ERROR' }))
  const asked = ask()
  await clock.advance(0)
  expect(asked.value).toBe('forbidden')
})

test.each<[string, Portal]>([
  ['rejects', () => Promise.reject(new TypeError('mine'))],
  [
    'throws',
    () => {
      throw new TypeError('mine')
    },
  ],
])('a portal that %s is a failure that may pass', async (_, portal) => {
  const { clock, ask } = scene(portal)
  const asked = ask()
  await clock.advance(0)
  expect([asked.value, asked.error?.retryable, asked.error?.cause, clock.timers]).toEqual([
    'no-answer',
    true,
    new TypeError('mine'),
    0,
  ])
})

test('one that does not answer is given up, even if it does not heed the signal', async () => {
  let signal: AbortSignal | null = null
  const { clock, ask } = scene((call) => {
    signal = call.signal
    return new Promise(() => {})
  })
  const asked = ask()
  await clock.advance(29_999)
  expect(asked.value).toBe('pending')
  await clock.advance(1)
  expect([asked.value, asked.error?.retryable, clock.timers]).toEqual(['no-answer', true, 0])
  expect(signal).toMatchObject({ aborted: true })
})

test('a stop ends what is open', async () => {
  const { clock, asking, ask } = scene(() => new Promise(() => {}))
  const asked = [ask(), ask()]
  await clock.advance(1000)
  asking.stop(new PullError('stopped', 'x'))
  await clock.advance(0)
  expect([asked.map(({ value }) => value), clock.timers]).toEqual([['stopped', 'stopped'], 0])
})

test('without a portal it says what to pass', async () => {
  const { clock, ask } = scene(null)
  const asked = ask()
  await clock.advance(0)
  expect([asked.value, asked.error?.message]).toEqual(['not-supported', expect.stringContaining('portal: restConfig')])
})
