import { describe, expect, expectTypeOf, test } from 'vitest'
import { PullError, type PullErrorCode, toPullError } from './pull-error'

describe('PullError', () => {
  test('says what, what to do, and whether it helps to wait', () => {
    const error = new PullError('no-transport', 'Nothing works here', { facts: { skipped: ['sse'] } })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'PullError',
      code: 'no-transport',
      retryable: false,
      facts: { skipped: ['sse'] },
    })
    expect(String(error)).toBe('PullError: Nothing works here')
    expect(error.stack).toContain('pull-error.test')
  })

  test('is not retryable and has no facts unless told so', () => {
    const error = new PullError('stopped', 'x')
    expect(error.retryable).toBe(false)
    expect(error.facts).toEqual({})
    expect(new PullError('config-unavailable', 'x', { retryable: true }).retryable).toBe(true)
  })

  test('keeps its cause, whatever was thrown', () => {
    const cause = new TypeError('failed')
    expect(new PullError('config-unavailable', 'x', { cause }).cause).toBe(cause)
    expect('cause' in new PullError('config-unavailable', 'x', { cause: undefined })).toBe(true)
    expect(new PullError('config-unavailable', 'x').cause).toBeUndefined()
  })

  test('has a code from a closed list', () => {
    expectTypeOf<PullError['code']>().toEqualTypeOf<PullErrorCode>()
    // @ts-expect-error no such code
    const error = new PullError('oops', 'x')
    expect(error.code).toBe('oops')
  })
})

describe('toPullError', () => {
  test('leaves a PullError alone', () => {
    const error = new PullError('forbidden', 'x')
    expect(toPullError(error, 'config-unavailable', 'y', true)).toBe(error)
  })

  test.each([new Error('x'), 'x', null, undefined, { code: 'forbidden' }])('wraps everything else: %j', (thrown) => {
    const error = toPullError(thrown, 'config-unavailable', 'It failed', true)
    expect(error).toBeInstanceOf(PullError)
    expect(error).toMatchObject({ code: 'config-unavailable', message: 'It failed', retryable: true })
    expect(error.cause).toBe(thrown)
    expect(toPullError(thrown, 'config-unavailable', 'It failed').retryable).toBe(false)
  })
})
