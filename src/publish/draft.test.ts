import { describe, expect, test } from 'vitest'
import { PullError } from '../core/pull-error'
import { draftOf } from './draft'

const ID = 'a'.repeat(32)
const SIGNATURE = 'b'.repeat(40)
const fine = { to: { users: [1] }, module: 'im', command: 'x' }

function problemsOf(message: unknown): unknown {
  try {
    draftOf(message)
  } catch (error) {
    expect(error).toBeInstanceOf(PullError)
    const { code, facts } = error as PullError
    expect(code).toBe('bad-option')
    return facts['problems']
  }
  return []
}

describe('what may be sent', () => {
  test('the body is what it is at the time of the call', () => {
    const params = { n: 1 }
    const draft = draftOf({ ...fine, params })
    params.n = 2
    expect(draft.body).toBe('{"module_id":"im","command":"x","params":{"n":1}}')
  })
  test('who is named twice is one receiver; more than 100 are several messages', () => {
    const users = Array.from({ length: 201 }, (_, at) => at % 200)
    const channels = [`${ID}.${SIGNATURE}`, { publicId: ID.toUpperCase(), signature: SIGNATURE }]
    const { parts, users: asked } = draftOf({ ...fine, to: { users, channels } })
    expect(parts.map(({ length }) => length)).toEqual([100, 100, 1])
    expect(parts[2]).toEqual([{ id: ID, signature: SIGNATURE }])
    expect(asked).toHaveLength(200)
  })
  test('portals without a signature key have channels without a signature', () => {
    const channels = [ID, { publicId: 'c'.repeat(32), signature: '' }]
    expect(draftOf({ ...fine, to: { channels } }).parts[0]?.map((one) => Object(one).signature)).toEqual(['', ''])
  })

  const loop: Record<string, unknown> = {}
  loop['loop'] = loop
  test.each<[string, unknown, string]>([
    ['no receiver', { ...fine, to: {} }, 'to must name'],
    ['an empty list', { ...fine, to: { users: [] } }, 'to must name'],
    ['users as texts', { ...fine, to: { users: ['1'] } }, 'to.users'],
    ['users that are no list', { ...fine, to: { users: 1 } }, 'to.users'],
    ['half a user', { ...fine, to: { users: [1.5] } }, 'to.users'],
    ['a channel that is none', { ...fine, to: { channels: ['x'] } }, 'to.channels'],
    ['a channel with half a signature', { ...fine, to: { channels: [`${ID}.${'b'.repeat(39)}`] } }, 'to.channels'],
    ['channels that are no list', { ...fine, to: { channels: `${ID}.${SIGNATURE}` } }, 'to.channels'],
    ['no module', { ...fine, module: '' }, 'module'],
    ['no command', { ...fine, command: 5 }, 'command'],
    ['a loop', { ...fine, params: loop }, 'params'],
    ['a function', { ...fine, params: () => {} }, 'params'],
    ['a bigint', { ...fine, params: { n: 1n } }, 'params'],
    ['an expiry below 0', { ...fine, expiry: -1 }, 'expiry'],
    ['an expiry in fractions', { ...fine, expiry: 0.5 }, 'expiry'],
    ['an expiry beyond a day', { ...fine, expiry: 86_401 }, 'expiry'],
    ['a body that is too large', { ...fine, params: 'я'.repeat(500_000) }, 'at most 990000'],
    ['nothing', undefined, 'to must name'],
  ])('%s is refused', (_, message, problem) => {
    expect(problemsOf(message)).toEqual(expect.arrayContaining([expect.stringContaining(problem)]))
  })
  test('everything that is wrong is listed at once, and no channel is repeated in it', () => {
    const channels = [`${ID}.wrong`]
    const problems = problemsOf({ to: { channels }, module: 1, command: 2, expiry: '5' })
    expect(problems).toHaveLength(5)
    expect(JSON.stringify(problems)).not.toContain(ID)
  })
  test('the largest body that is taken fits into a request with 100 receivers', () => {
    const users = Array.from({ length: 100 }, (_, at) => at)
    const largest = draftOf({ ...fine, to: { users }, params: 'x'.repeat(989_900) })
    expect(largest.parts).toHaveLength(1)
  })
})
