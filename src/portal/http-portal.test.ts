import { describe, expect, test } from 'vitest'
import { PullError } from '../core/pull-error'
import type { FetchLike } from '../platform/platform'
import { type HttpPortalOptions, httpPortal } from './http-portal'
import type { PortalCall, PortalMethod } from './portal'

const REST = 'https://portal.example/rest/pull.config.get.json'
const CONTROLLER = 'https://portal.example/bitrix/services/main/ajax.php?action=pull.api.config.get'
const SESSID = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
const NEXT = 'f9e8d7c6b5a493827160f5e4d3c2b1a0'
const METHODS: readonly PortalMethod[] = [
  'pull.config.get',
  'pull.channel.public.list',
  'pull.watch.extend',
  'pull.api.user.getLastSeen',
  'server.time',
]

interface Sent {
  readonly url: string
  readonly body: unknown
  readonly headers: Record<string, string>
}

/** Answers the n-th request with the n-th answer, and all later ones with the last. */
function world(options: Partial<HttpPortalOptions>, ...answers: readonly unknown[]) {
  const sent: Sent[] = []
  const fetch: FetchLike = (url, init) => {
    sent.push({ url, body: init?.body, headers: init?.headers as Record<string, string> })
    const answer = answers[Math.min(sent.length, answers.length) - 1]
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(Response.json(answer ?? { result: 1 }))
  }
  const portal = httpPortal({ url: REST, ...options })
  const call = (method: PortalMethod, params: PortalCall['params'] = {}, more: Partial<PortalCall> = {}) =>
    portal({ method, params, fetch, signal: new AbortController().signal, ...more })
  return { sent, call }
}

async function failure(asked: Promise<unknown>): Promise<PullError> {
  const error = await asked.then(
    () => Promise.reject(new Error('it succeeded')),
    (thrown: unknown) => thrown as PullError,
  )
  expect(error).toBeInstanceOf(PullError)
  const printed = `${error} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`
  expect(printed).not.toMatch(new RegExp(`${SESSID}|${NEXT}`))
  return error
}

describe('REST', () => {
  test('methods are neighbours in one folder, and lists are written as PHP reads them', async () => {
    const { sent, call } = world({ sessid: SESSID })
    await call('pull.watch.extend', { tags: ['a', 'b'] })
    await call('pull.channel.public.list', { users: [1, 2] }, { logTag: 'to publish' })
    expect(sent.map(({ url, body }) => [url, body])).toEqual([
      ['https://portal.example/rest/pull.watch.extend.json', `tags[0]=a&tags[1]=b&sessid=${SESSID}`],
      [
        'https://portal.example/rest/pull.channel.public.list.json?logTag=to%20publish',
        `users[0]=1&users[1]=2&sessid=${SESSID}`,
      ],
    ])
    expect(sent[0]!.headers).toEqual({ 'Content-Type': 'application/x-www-form-urlencoded' })
  })

  test.each([
    ['/rest/pull.config.get.json', '/rest/server.time.json'],
    ['pull.config.get.json', 'server.time.json'],
    [
      'https://portal.example/rest/1/key/pull.config.get?a=b/c',
      'https://portal.example/rest/1/key/server.time.json?a=b/c',
    ],
    ['https://portal.example/rest/', 'https://portal.example/rest/server.time.json'],
  ])('from the address %s comes %s', async (url, expected) => {
    const { sent, call } = world({ url })
    await call('server.time')
    expect(sent[0]!.url).toBe(expected)
  })

  test('a renewed session id is remembered for all methods, until the page has another one', async () => {
    let sessid = SESSID
    const { sent, call } = world({ sessid: () => sessid }, { error: 'session_failed', sessid: NEXT }, { result: 1 })
    await call('pull.watch.extend')
    await call('server.time')
    sessid = 'c'.repeat(32)
    await call('server.time')
    expect(sent.map(({ body }) => body)).toEqual([SESSID, NEXT, NEXT, sessid].map((id) => `sessid=${id}`))
  })

  test('one that is handed out to a page without any is remembered too', async () => {
    const { sent, call } = world({}, { error: 'session_failed', sessid: NEXT }, { result: 1 })
    await call('server.time')
    await call('server.time')
    expect(sent.map(({ body }) => body)).toEqual(['', `sessid=${NEXT}`, `sessid=${NEXT}`])
  })

  test('guests are told at once what they may not ask', async () => {
    const { sent, call } = world({ guestUserId: 17 })
    for (const method of METHODS) {
      if (method === 'pull.config.get' || method === 'server.time') await call(method)
      else {
        const error = await failure(call(method))
        expect(error).toMatchObject({ code: 'forbidden', retryable: false })
        expect(error.message).toContain('log in')
      }
    }
    expect(sent.map(({ body }) => body)).toEqual(['pull_guest_id=17', 'pull_guest_id=17'])
  })

  test('a network that is down says so, without the session id', async () => {
    for (const method of ['GET', 'POST'] as const) {
      const { call } = world({ sessid: SESSID, method }, new TypeError('fetch failed'))
      expect(await failure(call('server.time'))).toMatchObject({ code: 'config-unavailable', retryable: true })
    }
  })
})

describe('controllers', () => {
  test('methods are actions, and the session id is a header too', async () => {
    const { sent, call } = world({ url: CONTROLLER, sessid: SESSID })
    for (const method of METHODS.slice(0, 4)) await call(method, { a: 1 })
    const base = 'https://portal.example/bitrix/services/main/ajax.php?action='
    expect(sent.map(({ url }) => url)).toEqual([
      `${base}pull.api.config.get`,
      `${base}pull.api.channel.getPublicIds`,
      `${base}pull.api.config.extendWatch`,
      `${base}pull.api.user.getLastSeen`,
    ])
    expect(new Set(sent.map(({ body }) => body))).toEqual(new Set([`a=1&sessid=${SESSID}`]))
    expect(sent[0]!.headers['X-Bitrix-Csrf-Token']).toBe(SESSID)
  })

  test('parameters in capitals, as REST documents them, are in small letters', async () => {
    const { sent, call } = world({ url: CONTROLLER })
    await call('pull.channel.public.list', { USERS: [1], userIds: [2] })
    expect(sent[0]!.body).toBe('users[0]=1&userIds[0]=2')
  })

  test('there is no time of the server', async () => {
    const { sent, call } = world({ url: CONTROLLER })
    expect(await failure(call('server.time'))).toMatchObject({ code: 'not-supported', retryable: false })
    expect(sent).toEqual([])
  })

  test('a refused session id is replaced by the one that came, once', async () => {
    const refusal = {
      status: 'error',
      data: null,
      errors: [{ code: 'invalid_csrf', message: 'x', customData: { csrf: NEXT } }],
    }
    const { sent, call } = world({ url: CONTROLLER, sessid: SESSID }, refusal)
    expect(await call('pull.config.get')).toEqual(refusal)
    expect(sent.map(({ headers }) => headers['X-Bitrix-Csrf-Token'])).toEqual([SESSID, NEXT])
    expect(sent.map(({ body }) => body)).toEqual([`sessid=${SESSID}`, `sessid=${NEXT}`])
  })

  test.each([[[]], [null], ['x'], [[{ code: 'invalid_csrf' }]], [[{ code: 'invalid_csrf', customData: { csrf: 7 } }]]])(
    'a refusal that brings none (%j) is not repeated',
    async (errors) => {
      const { sent, call } = world({ url: CONTROLLER, sessid: SESSID }, { status: 'error', errors })
      await call('pull.config.get')
      expect(sent).toHaveLength(1)
    },
  )
})
