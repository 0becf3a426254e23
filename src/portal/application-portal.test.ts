import { describe, expect, test } from 'vitest'
import { PullError } from '../core/pull-error'
import { openAnswer } from './answer'
import { type RestClient, applicationPortal } from './application-portal'
import type { PortalCall, PortalMethod } from './portal'

const TOKEN = 'f81ebb6600705a0700000f1f00000001'

function ask(
  callMethod: RestClient['callMethod'],
  method: PortalMethod = 'pull.config.get',
  more: Partial<PortalCall> = {},
): Promise<unknown> {
  const signal = new AbortController().signal
  return applicationPortal({ callMethod })({ method, params: { a: 1 }, signal, fetch: null, ...more })
}

async function failure(asked: Promise<unknown>): Promise<PullError> {
  const error = await asked.then(
    () => Promise.reject(new Error('it succeeded')),
    (thrown: unknown) => thrown as PullError,
  )
  expect(error).toBeInstanceOf(PullError)
  expect(`${error} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(TOKEN)
  return error
}

/** As the clients in the portal's pages and frames make them. */
class Result {
  constructor(
    private readonly answer: unknown,
    private readonly problem?: unknown,
    readonly status = 200,
  ) {}
  data(): unknown {
    return this.answer
  }
  error(): unknown {
    return this.problem
  }
}
class ErrorObject {
  constructor(
    private readonly ex: unknown,
    readonly status: number,
  ) {}
  getError(): unknown {
    return this.ex
  }
  toString(): string {
    return `error ${TOKEN}`
  }
}
const REFUSED = { error: 'WRONG_AUTH_TYPE', error_description: TOKEN }

describe('what is called', () => {
  test.each<[PortalMethod, string, object]>([
    ['pull.config.get', 'pull.application.config.get', { a: 1 }],
    ['pull.channel.public.list', 'pull.channel.public.list', { a: 1, APPLICATION: 'Y' }],
    ['pull.watch.extend', 'pull.watch.extend', { a: 1 }],
    ['server.time', 'server.time', { a: 1 }],
  ])('%s is %s', async (method, expected, params) => {
    const calls: unknown[] = []
    await ask((...told) => (calls.push(told.slice(0, 2)), Promise.resolve({})), method)
    expect(calls).toEqual([[expected, params]])
  })

  test('on the client itself', async () => {
    const client = {
      answer: 7,
      callMethod(_method: string, _params: object, callback: (result: unknown) => void) {
        callback(new Result(this.answer))
      },
    }
    const portal = applicationPortal(client as RestClient)
    const call = { method: 'server.time', params: {}, signal: new AbortController().signal, fetch: null } as const
    expect(await portal(call)).toEqual({ result: 7 })
  })

  test.each([undefined, null, {}, { callMethod: 1 }, 'BX24'])('what is no client (%j) is refused', (client) => {
    expect(() => applicationPortal(client as RestClient)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })
})

describe('what is answered', () => {
  const config = { server: { version: 4 } }
  const envelope = { result: config, time: { date_finish: '2020-09-13T12:26:41+00:00' } }
  const AT_MS = Date.parse('2020-09-13T12:26:41Z')

  test.each<[string, RestClient['callMethod'], number | null]>([
    ['by callback', (_m, _p, callback) => void callback?.(new Result(config)), null],
    ['by callback and a promise', (_m, _p, callback) => (callback?.(new Result(config)), Promise.resolve()), null],
    [
      'by a promise of nothing, then by callback',
      (_m, _p, callback) => Promise.resolve().then(() => void setImmediate(() => callback?.(new Result(config)))),
      null,
    ],
    ['by a promise of a result', () => Promise.resolve(new Result(config)), null],
    ['by a promise of plain data', () => Promise.resolve(config), null],
    ['by a promise of an envelope', () => Promise.resolve(envelope), AT_MS],
    [
      'by a promise of a result with an envelope',
      () => Promise.resolve({ isSuccess: true, getData: () => envelope }),
      AT_MS,
    ],
    [
      'by something that is awaited like a promise',
      () => ({ then: (ok: (data: unknown) => void) => ok(config) }),
      null,
    ],
  ])('%s', async (_name, callMethod, answeredAtMs) => {
    expect(openAnswer(await ask(callMethod))).toEqual([config, answeredAtMs])
  })

  test('a list of tags with the names of an envelope is no envelope', async () => {
    const tags = { result: true, data: false }
    expect(openAnswer(await ask(() => Promise.resolve(new Result(tags)), 'pull.watch.extend'))[0]).toEqual(tags)
  })
})

describe('what is refused', () => {
  test.each<[string, RestClient['callMethod']]>([
    [
      'a result with an error object',
      (_m, _p, callback) => void callback?.(new Result(undefined, new ErrorObject(REFUSED, 403))),
    ],
    ['a promise of one', () => Promise.resolve(new Result(undefined, new ErrorObject(REFUSED, 403)))],
    ['a rejection with a result', () => Promise.reject(new Result(undefined, new ErrorObject(REFUSED, 403), 403))],
    ['a rejection with plain data', () => Promise.reject({ ...REFUSED, status: 403 })],
    [
      'a rejection with an error that has a code',
      () => Promise.reject(Object.assign(new Error(TOKEN), { code: 'WRONG_AUTH_TYPE' })),
    ],
    ['an error that is the code', (_m, _p, callback) => void callback?.(new Result(undefined, 'WRONG_AUTH_TYPE'))],
  ])('%s is final', async (_name, callMethod) => {
    const error = await failure(ask(callMethod))
    expect(error).toMatchObject({ code: 'forbidden', retryable: false, facts: { portalCode: 'WRONG_AUTH_TYPE' } })
    expect(error.message).toContain('log in')
  })

  test.each<[string, RestClient['callMethod']]>([
    [
      'a client that throws',
      () => {
        throw new TypeError(TOKEN)
      },
    ],
    ['a rejection with nothing', () => Promise.reject(undefined as unknown as Error)],
    [
      'a rejection with a token in words',
      () => Promise.reject(new Error(`https://portal.example/rest/?auth=${TOKEN}`)),
    ],
    ['an error that says anything', (_m, _p, callback) => void callback?.(new Result(undefined, TOKEN))],
    [
      'an error that wraps itself',
      (_m, _p, callback) => {
        const one = { error: () => one }
        callback?.(one)
      },
    ],
    [
      'a result whose methods throw',
      (_m, _p, callback) =>
        void callback?.({
          data: () => {
            throw new Error(TOKEN)
          },
        }),
    ],
  ])('%s is worth another try', async (_name, callMethod) => {
    expect(await failure(ask(callMethod))).toMatchObject({ code: 'config-unavailable', retryable: true })
  })

  test('an application without a push server may get one', async () => {
    const error = new Result(undefined, new ErrorObject({ error: 'SERVER_ERROR' }, 500))
    expect(await failure(ask((_m, _p, callback) => callback?.(error)))).toMatchObject({
      code: 'disabled',
      retryable: true,
    })
  })
})

describe('what is aborted', () => {
  test('rejects at once, and a late answer changes nothing', async () => {
    const abort = new AbortController()
    const callbacks: ((result: unknown) => void)[] = []
    const asked = ask((_m, _p, callback) => void callbacks.push(callback!), 'server.time', { signal: abort.signal })
    abort.abort(new Error('not wanted'))
    await expect(asked).rejects.toThrow('not wanted')
    callbacks[0]!(new Result(1))
    await expect(asked).rejects.toThrow('not wanted')
  })

  test('is not even asked when that was before', async () => {
    let calls = 0
    const asked = ask(() => calls++, 'server.time', { signal: AbortSignal.abort() })
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
    expect(calls).toBe(0)
  })
})
