import { describe, expect, test } from 'vitest'
import { PullError } from '../core/pull-error'
import type { FetchLike } from '../platform/platform'
import { type PhpPortalOptions, phpPortal } from './php-portal'
import type { PortalMethod } from './portal'

const SESSID = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
const NEXT = 'f9e8d7c6b5a493827160f5e4d3c2b1a0'
const URL_OF_PORTAL = 'https://portal.example/ajax.php'
const PRIVATE = 'e45d3a9a34556b34391299301f267162'
const SHARED = 'a'.repeat(32)
const START_S = 1_600_000_000

const CHANNEL = `{'CHANNEL_ID':'${PRIVATE}/${SHARED}','CHANNEL_PUBLIC_ID':'','CHANNEL_DT':'${START_S}/${START_S + 7}','USER_ID':'1','LAST_ID':'465',
'PATH':'http://portal.example/bitrix/sub/','PATH_PUB':'','PATH_WS':'','PATH_COMMAND':'','METHOD':'PULL','REVISION':'17','ERROR':''}`

function world(options: PhpPortalOptions, ...answers: readonly (string | Response | Error)[]) {
  const sent: [url: string, body: unknown][] = []
  const fetch: FetchLike = (url, init) => {
    sent.push([url, init?.body])
    const answer = answers[Math.min(sent.length, answers.length) - 1]!
    if (answer instanceof Error) return Promise.reject(answer)
    return Promise.resolve(typeof answer === 'string' ? new Response(answer) : answer.clone())
  }
  const portal = phpPortal({ url: URL_OF_PORTAL, ...options })
  const call = (method: PortalMethod = 'pull.config.get', params = {}, signal = new AbortController().signal) =>
    portal({ method, params, fetch, signal, logTag: 'start' })
  return { sent, call }
}

async function failure(asked: Promise<unknown>): Promise<PullError> {
  const error = await asked.then(
    () => Promise.reject(new Error('it succeeded')),
    (thrown: unknown) => thrown as PullError,
  )
  expect(error).toBeInstanceOf(PullError)
  const printed = `${error} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`
  expect(printed).not.toMatch(new RegExp([SESSID, NEXT, PRIVATE].join('|')))
  return error
}

const sessionError = (code: string, sessid: string): string => `{'ERROR':'${code}','BITRIX_SESSID':'${sessid}'}`

describe('channels', () => {
  test('are asked for with a form', async () => {
    const { sent, call } = world({ sessid: SESSID, siteId: 's1' }, CHANNEL)
    await call()
    expect(sent).toEqual([
      [
        `${URL_OF_PORTAL}?GET_CHANNEL&V=17&CODE=start`,
        `PULL_GET_CHANNEL=Y&MOBILE=N&CACHE=N&SITE_ID=s1&PULL_AJAX_CALL=Y&sessid=${SESSID}`,
      ],
    ])
  })

  test('without a queue server: what is needed to poll', async () => {
    const { call } = world({ sessid: SESSID, siteId: 's1' }, CHANNEL)
    expect(await call()).toMatchObject({
      result: {
        server: { version: 0, interval_polling: URL_OF_PORTAL },
        channels: {
          private: { id: PRIVATE, start: START_S, end: START_S + 43_200, public_id: '' },
          shared: { id: SHARED, start: START_S + 7, end: START_S + 43_207 },
        },
        sessid: SESSID,
        site_id: 's1',
        last_id: '465',
      },
    })
  })

  test('with a queue server: its addresses', async () => {
    const long = CHANNEL.replace(`'PULL'`, `'LONG'`).replace(
      `'PATH_WS':''`,
      `'PATH_WS':'ws://portal.example/bitrix/subws/'`,
    )
    const { call } = world({}, long)
    expect(await call()).toMatchObject({
      result: {
        server: {
          version: 2,
          long_polling: 'http://portal.example/bitrix/sub/',
          websocket: 'ws://portal.example/bitrix/subws/',
          websocket_enabled: true,
        },
      },
    })
    const asked = `?CHANNEL_ID=${PRIVATE}/${SHARED}`
    const full = world({}, long.replace('/sub/', `/sub/${asked}`).replace('/subws/', `/subws/${asked}&a=1`))
    expect(await full.call()).toMatchObject({
      result: {
        server: {
          long_polling: 'http://portal.example/bitrix/sub/',
          websocket: 'ws://portal.example/bitrix/subws/?a=1',
        },
      },
    })
    const off = world({}, long.replace('{', `{'WEBSOCKET':'N',`))
    expect(await off.call()).toMatchObject({ result: { server: { websocket_enabled: false } } })
  })
})

describe('watch tags', () => {
  test('are renewed there too', async () => {
    const { sent, call } = world({ sessid: SESSID }, `{'RESULT':{'a':true,'b':false},'ERROR':''}`)
    expect(await call('pull.watch.extend', { tags: ['a', 'b'] })).toEqual({ result: { a: true, b: false } })
    expect(sent).toEqual([
      [
        `${URL_OF_PORTAL}?UPDATE_WATCH&V=17`,
        `PULL_UPDATE_WATCH=Y&WATCH[0]=a&WATCH[1]=b&PULL_AJAX_CALL=Y&sessid=${SESSID}`,
      ],
    ])
  })

  test.each(['pull.channel.public.list', 'pull.api.user.getLastSeen', 'server.time'] as const)(
    'nothing else: %s',
    async (method) => {
      const { sent, call } = world({}, CHANNEL)
      expect(await failure(call(method))).toMatchObject({ code: 'not-supported', retryable: false })
      expect(sent).toEqual([])
    },
  )
})

describe('a refused session id', () => {
  test.each(['SESSION_ERROR', 'AUTHORIZE_ERROR'])(
    '%s is repeated with the one that came, which is used from then on',
    async (code) => {
      const { sent, call } = world({ sessid: SESSID }, sessionError(code, NEXT), CHANNEL)
      expect(await call()).toMatchObject({ result: { sessid: NEXT } })
      await call()
      expect(sent.map(([, body]) => /sessid=(.*)/.exec(String(body))![1])).toEqual([SESSID, NEXT, NEXT])
    },
  )

  test.each([
    ['twice', [sessionError('SESSION_ERROR', NEXT), sessionError('SESSION_ERROR', 'c'.repeat(32))], 2],
    ['without another one', [sessionError('AUTHORIZE_ERROR', SESSID)], 1],
    ['with none at all', [`{'ERROR':'AUTHORIZE_ERROR'}`], 1],
  ])('%s is final, and says what to do', async (_name, answers, requests) => {
    const { sent, call } = world({ sessid: SESSID }, ...answers)
    const error = await failure(call())
    expect(error).toMatchObject({ code: 'forbidden', retryable: false })
    expect(error.message).toMatch(/log in.*sessid/)
    expect(sent).toHaveLength(requests)
  })
})

describe('what is no channel', () => {
  test.each<[string, string | Response | Error, string]>([
    ['a portal that issues none', `{'ERROR':'ERROR_OPEN_CHANNEL'}`, 'disabled'],
    ['a portal without the module', `{'ERROR':'PULL_MODULE_IS_NOT_INSTALLED'}`, 'disabled'],
    ['an unknown error', `{'ERROR':'UNKNOWN_ERROR'}`, 'config-unavailable'],
    ['an error that may be anything', `{'ERROR':'${PRIVATE}'}`, 'config-unavailable'],
    ['a login page', '<!doctype html><form>', 'config-unavailable'],
    ['nothing', '', 'config-unavailable'],
    ['a gateway', new Response('{}', { status: 502 }), 'config-unavailable'],
    ['no answer', new TypeError('fetch failed'), 'config-unavailable'],
  ])('%s is worth another try', async (_name, answer, code) => {
    const { call } = world({ sessid: SESSID }, answer)
    expect(await failure(call())).toMatchObject({ code, retryable: true })
  })

  test('a portal that forbids it is final', async () => {
    const { call } = world({}, new Response('{}', { status: 403 }))
    expect(await failure(call())).toMatchObject({ code: 'forbidden', retryable: false })
  })

  test('an aborted request is not dressed up as a failure of the portal', async () => {
    const aborted = new DOMException('aborted', 'AbortError')
    const { call } = world({}, aborted)
    await expect(call('pull.config.get', {}, AbortSignal.abort())).rejects.toBe(aborted)
  })
})
