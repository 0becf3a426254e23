import { describe, expect, test } from 'vitest'
import type { LossReason } from '../core/loss'
import { loss } from '../core/loss'
import type { Link, Memory, State as AnyState } from '../connection/machine-types'
import { NO_LESSONS, type Skips } from '../connection/negotiation'
import { outageOf, sameStatus, statusOf } from './status'

/** Before the first attempt there is nothing to tell. */
type State = Exclude<AnyState, { phase: 'idle' }>

function memory(told: Partial<Memory> = {}): Memory {
  return {
    target: {
      id: 1,
      candidates: [
        { kind: 'websocket', ownAddress: false },
        { kind: 'long-polling', ownAddress: false },
      ],
    },
    lessons: NO_LESSONS,
    nextLinkId: 2,
    lastAttemptAtMs: 0,
    failures: 0,
    uselessAtMs: [],
    outageSinceMs: null,
    lastLoss: null,
    probeDelayMs: 60_000,
    lastCheckAtMs: 0,
    hasConnected: false,
    isDoubted: false,
    restartUntilMs: 0,
    ...told,
  }
}
const skipped = (reasons: Skips): Memory['lessons'] => ({ ...NO_LESSONS, skipped: reasons })
const LINK: Link = {
  id: 1,
  kind: 'long-polling',
  targetId: 1,
  startedAtMs: 0,
  openedAtMs: 5,
  confirmed: true,
  useful: false,
}
const connected = (told: Partial<Link> = {}, of: Memory = memory()): State => ({
  phase: 'connected',
  memory: of,
  active: { ...LINK, ...told },
  links: [],
  queue: [],
})
const lostTo = (reason: LossReason): Memory => memory({ hasConnected: true, lastLoss: loss(reason) })

describe('the status', () => {
  test('is connected with the transport in use, and says whether the server has answered', () => {
    expect(statusOf(connected(), {}, null)).toMatchObject({
      status: 'connected',
      transport: 'long-polling',
      reason: 'open',
    })
    expect(statusOf(connected({ confirmed: false }), {}, null)).toMatchObject({
      status: 'connected',
      reason: 'unconfirmed',
    })
  })
  test('is connecting until the first connection, reconnecting from then on', () => {
    const state = (hasConnected: boolean): State => ({
      phase: 'connecting',
      memory: memory({ hasConnected }),
      links: [],
      queue: [],
    })
    expect([false, true].map((has) => statusOf(state(has), {}, null).status)).toEqual(['connecting', 'reconnecting'])
  })
  test('names the last loss, or what a whole round came to', () => {
    const waiting = (of: Memory): State => ({ phase: 'waiting', memory: of })
    expect(statusOf(waiting(lostTo('server-restart')), {}, null).reason).toBe('server-restart')
    const dead = { ...lostTo('network'), lessons: skipped({ websocket: 'refused', 'long-polling': 'network' }) }
    expect(statusOf(waiting(dead), {}, null).reason).toBe('server-unreachable')
    const refused = { ...lostTo('bad-channel'), lessons: skipped({ websocket: 'bad-channel' }) }
    expect(statusOf(waiting(refused), {}, null).reason).toBe('bad-channel')
  })
  test('G1: tells after a reconnect what became of what was missed', () => {
    expect(statusOf(connected(), {}, null)).not.toHaveProperty('recovered')
    expect(statusOf(connected(), {}, 'suspected-gap')).toMatchObject({
      status: 'connected',
      recovered: 'suspected-gap',
    })
  })
  test('says when the page is hidden', () => {
    expect(statusOf({ phase: 'suspended', memory: lostTo('dropped') }, {}, null).reason).toBe('page-hidden')
  })
  test('N6: tells why each other transport is not in use, but nothing of the one that is', () => {
    const lessons = skipped({ websocket: 'refused-400', 'long-polling': 'network' })
    const missing = { sse: 'unsupported' }
    expect(statusOf(connected({}, memory({ lessons })), missing, null).skipped).toEqual({
      websocket: 'refused-400',
      sse: 'unsupported',
    })
    expect(missing).toEqual({ sse: 'unsupported' })
  })
})

test('two statuses are the same when all they tell is', () => {
  const fact = statusOf(connected(), { sse: 'unsupported' }, null)
  expect(sameStatus(fact, { ...fact })).toBe(true)
  expect(sameStatus(fact, { ...fact, reason: 'unconfirmed' })).toBe(false)
  expect(sameStatus(fact, { ...fact, skipped: {} })).toBe(false)
})

test('an outage is told while the next attempt is waited for', () => {
  const of = memory({ outageSinceMs: 7 })
  expect(outageOf({ phase: 'waiting', memory: of })).toBe(7)
  expect(outageOf({ phase: 'suspended', memory: of })).toBeNull()
  expect(outageOf(connected({}, of))).toBeNull()
})
