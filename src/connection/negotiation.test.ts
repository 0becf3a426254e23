import { describe, expect, test } from 'vitest'
import { loss } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'
import {
  type Candidate,
  type Lessons,
  NO_LESSONS,
  betterThan,
  diagnose,
  isDemoted,
  lastingSkips,
  learnRefusal,
  learnUseful,
  learnUseless,
  rankOf,
  roundOrder,
  skipReason,
} from './negotiation'

function candidates(...kinds: TransportKind[]): Candidate[] {
  return kinds.map((kind) => ({ kind, ownAddress: false }))
}
const ALL = candidates('websocket', 'sse', 'long-polling')

function useless(kind: TransportKind, times: number, lessons: Lessons = NO_LESSONS): Lessons {
  return times === 0 ? lessons : useless(kind, times - 1, learnUseless(lessons, kind))
}

describe('the order of a round', () => {
  test('is the order of preference', () => {
    expect(roundOrder(ALL, NO_LESSONS)).toEqual(['websocket', 'sse', 'long-polling'])
  })
  test('N8: starts with what last carried traffic, and bans nothing', () => {
    expect(roundOrder(ALL, learnUseful(NO_LESSONS, 'long-polling'))).toEqual(['long-polling', 'websocket', 'sse'])
  })
  test('ends with what was demoted, rather than leaving it out: something must be tried', () => {
    expect(roundOrder(ALL, useless('websocket', 3))).toEqual(['sse', 'long-polling', 'websocket'])
    expect(roundOrder(candidates('websocket'), useless('websocket', 3))).toEqual(['websocket'])
  })
  test('is not changed by refusals: they only move on to the next one', () => {
    expect(roundOrder(ALL, learnRefusal(NO_LESSONS, 'websocket', 'refused-400'))).toEqual([
      'websocket',
      'sse',
      'long-polling',
    ])
  })
})

describe('N4: a demotion', () => {
  test('takes three useless opens in a row', () => {
    expect([0, 1, 2, 3, 4].map((times) => isDemoted(useless('websocket', times), 'websocket'))).toEqual([
      false,
      false,
      false,
      true,
      true,
    ])
  })
  test('is counted anew by one useful connection', () => {
    const lessons = learnUseful(useless('websocket', 2), 'websocket')
    expect(isDemoted(useless('websocket', 2, lessons), 'websocket')).toBe(false)
  })
  test('outweighs the preference', () => {
    const preferred = learnUseful(NO_LESSONS, 'websocket')
    expect(roundOrder(ALL, useless('websocket', 2, preferred))[0]).toBe('websocket')
    expect(roundOrder(ALL, useless('websocket', 3, preferred))).toEqual(['sse', 'long-polling', 'websocket'])
    expect(roundOrder(ALL, useless('sse', 3, preferred))).toEqual(['websocket', 'long-polling', 'sse'])
  })
  test('lasts over rounds, other reasons do not', () => {
    const lessons = learnRefusal(useless('websocket', 3), 'sse', 'timeout')
    expect(lastingSkips(lessons)).toEqual({ websocket: 'useless' })
  })
})

test('what is better than the transport in use, best first', () => {
  expect(betterThan(ALL, 'websocket')).toEqual([])
  expect(betterThan(ALL, 'sse')).toEqual(['websocket'])
  // An event stream asked for at the long-poll address is that long poll.
  expect(betterThan(ALL, 'long-polling')).toEqual(['websocket'])
  const own: Candidate[] = [{ kind: 'sse', ownAddress: true }, ...candidates('long-polling')]
  expect(betterThan(own, 'long-polling')).toEqual(['sse'])
  // What is no candidate any more is worse than all of them.
  expect(betterThan(candidates('sse', 'long-polling'), 'websocket')).toEqual(['sse', 'long-polling'])
  expect(rankOf(ALL, 'interval-polling')).toBe(3)
})

test('a working transport has no reason to be skipped', () => {
  const lessons = learnUseful(learnRefusal(NO_LESSONS, 'sse', 'timeout'), 'sse')
  expect(lessons.skipped).toEqual({})
})

test('a refusal names the HTTP status where it is known', () => {
  expect(skipReason(loss('refused', 400))).toBe('refused-400')
  expect(skipReason(loss('refused', 1006))).toBe('refused')
  expect(skipReason(loss('refused'))).toBe('refused')
  expect(skipReason(loss('server-error', 502))).toBe('server-error')
})

describe('the diagnosis of a failed round', () => {
  test.each([
    ['everything fails', { websocket: 'refused', sse: 'network', 'long-polling': 'network' }, 'server-unreachable'],
    ['one is refused its channels', { websocket: 'refused', sse: 'bad-channel' }, 'bad-channel'],
    ['one is refused for its login', { sse: 'unauthorized', websocket: 'bad-channel' }, 'unauthorized'],
    ['some were not tried', { websocket: 'refused' }, null],
    ['nothing was tried', {}, null],
  ])('%s', (_, skipped, diagnosis) => {
    expect(diagnose(ALL, skipped)).toBe(diagnosis)
  })
})
