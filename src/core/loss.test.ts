import { describe, expect, test } from 'vitest'
import { type LossReason, type Reaction, loss, lossFromClose, lossFromStatus, reactionTo } from './loss'

/** Every close code that a server, a browser or this client uses: after an open, and before one where that differs. */
const CLOSES: readonly [code: number, text: string, opened: boolean, LossReason, Reaction][] = [
  [1000, '', true, 'dropped', 'retry'],
  [1000, '', false, 'refused', 'retry'],
  [1001, '', true, 'server-restart', 'spread'],
  [1005, '', true, 'dropped', 'retry'],
  [1005, '', false, 'refused', 'retry'],
  [1006, '', true, 'dropped', 'retry'],
  [1006, '', false, 'refused', 'retry'],
  [1008, '', true, 'bad-channel', 'renew'],
  [1008, '{"http_status": 403, "explain":"Subscriber could not create channels."}', true, 'bad-channel', 'renew'],
  [1008, '{"http_status": 400, "explain":"No channel id provided."}', true, 'bad-channel', 'renew'],
  [1008, '{"http_status":401}', true, 'unauthorized', 'renew'],
  [1012, '', true, 'server-restart', 'spread'],
  [1013, '', true, 'too-many', 'back-off'],
  [3000, 'config was replaced', true, 'dropped', 'retry'],
  [4010, '4010: Wrong Channel Id.', true, 'bad-channel', 'renew'],
  [4010, '', false, 'bad-channel', 'renew'],
  [4011, "4011: Couldn't get last messages.", true, 'server-error', 'retry'],
  [4012, '', true, 'bad-request', 'retry'],
  [4013, '', true, 'bad-request', 'retry'],
  [4014, '', true, 'bad-request', 'retry'],
  [4015, '', true, 'bad-request', 'retry'],
  [4016, '', true, 'bad-request', 'retry'],
  [4017, '', true, 'bad-request', 'retry'],
  [4018, '', true, 'bad-request', 'retry'],
  [4019, '', true, 'bad-request', 'retry'],
  [4020, '', true, 'bad-request', 'retry'],
  [4021, '', true, 'bad-request', 'retry'],
  [4022, '', true, 'unexplained', 'renew'],
  [4028, '', true, 'unexplained', 'renew'],
  [4029, '4029: Too many connections', true, 'too-many', 'back-off'],
  [4030, '', true, 'unexplained', 'renew'],
  [4036, '', true, 'unexplained', 'renew'],
  [4037, '', true, 'dropped', 'retry'],
  [4999, '', true, 'dropped', 'retry'],
]

describe('a closed WebSocket', () => {
  test.each(CLOSES)('%i %j, open before: %s, means %s and asks to %s', (code, text, opened, reason, reaction) => {
    expect(lossFromClose(code, text, opened)).toEqual({ reason, code, retryAfterMs: null })
    expect(reactionTo(reason)).toBe(reaction)
  })
})

const STATUSES: readonly [
  status: number,
  body: string,
  retryAfter: string | null,
  LossReason,
  Reaction,
  number | null,
][] = [
  [400, '', null, 'bad-channel', 'renew', null],
  [400, '4010: Wrong Channel Id.', null, 'bad-channel', 'renew', null],
  [400, "4011: Couldn't get last messages.", null, 'server-error', 'retry', null],
  [400, 'Channel id is not correct.', null, 'bad-channel', 'renew', null],
  [401, '', null, 'unauthorized', 'renew', null],
  [403, '', null, 'bad-channel', 'renew', null],
  [404, '', null, 'not-found', 'retry', null],
  [405, '', null, 'not-found', 'retry', null],
  [410, '', null, 'not-found', 'retry', null],
  [413, '', null, 'bad-request', 'retry', null],
  [429, '4029: Too many connections', null, 'too-many', 'back-off', null],
  [429, '', '120', 'too-many', 'back-off', 120_000],
  [429, '', '0', 'too-many', 'back-off', null],
  [429, '', '-5', 'too-many', 'back-off', null],
  [429, '', 'soon', 'too-many', 'back-off', null],
  [500, '', null, 'server-error', 'retry', null],
  [502, '<html>Bad Gateway</html>', null, 'server-error', 'retry', null],
  [503, '', '30', 'server-error', 'retry', 30_000],
  [504, '', null, 'server-error', 'retry', null],
  [302, '', null, 'bad-request', 'retry', null],
  // Four digits that are no code of these servers say nothing.
  [500, '4999: unheard of', null, 'server-error', 'retry', null],
  [500, 'in the year 4010: nothing', null, 'server-error', 'retry', null],
]

describe('an HTTP answer', () => {
  test.each(STATUSES)('%i %j (Retry-After %s) means %s and asks to %s', (status, body, after, reason, reaction, ms) => {
    expect(lossFromStatus(status, body, after)).toEqual({ reason, code: status, retryAfterMs: ms })
    expect(reactionTo(reason)).toBe(reaction)
  })
})

test('a loss made by ourselves asks to try again', () => {
  expect(loss('timeout')).toEqual({ reason: 'timeout', code: null, retryAfterMs: null })
  const ours: LossReason[] = [
    'timeout',
    'buffered',
    'not-event-stream',
    'network',
    'unsupported',
    'useless',
    'replaced',
    'silent',
  ]
  expect(ours.map(reactionTo)).toEqual(ours.map(() => 'retry'))
})
