/** msw answers here; what it cannot tell the truth about (aborting while a body is read) is left to real servers. */
import { http, HttpResponse, type StrictRequest } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sampleConfig } from '../../test/support/config-sample'
import { createFakeClock } from '../../test/support/fake-platform'
import { PullError } from '../core/pull-error'
import type { FetchLike } from '../platform/platform'
import type { ConfigRequest } from './config'
import { parseConfig } from './parse'
import { type RestConfigOptions, restConfig } from './rest-source'

const URL_OF_PORTAL = 'https://portal.example/rest/pull.config.get.json'
const SESSID = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
const NEXT_SESSID = 'f9e8d7c6b5a493827160f5e4d3c2b1a0'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly credentials: RequestCredentials
  readonly body: string
}

const server = setupServer()
const seen: Seen[] = []
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => {
  server.resetHandlers()
  seen.length = 0
})
afterAll(() => server.close())

/** Answers the n-th request with the n-th answer, and all later ones with the last. */
function portal(...answers: readonly (() => Response)[]): void {
  const answer = async ({ request }: { request: StrictRequest<never> | Request }): Promise<Response> => {
    const { method, url, headers, credentials } = request
    seen.push({ method, url, headers, credentials, body: await request.clone().text() })
    return answers[Math.min(seen.length, answers.length) - 1]!()
  }
  server.use(http.all('https://portal.example/*', answer))
}

const config = (): Response => HttpResponse.json({ result: sampleConfig() })
const sessionFailed =
  (status = 200, sessid: unknown = NEXT_SESSID) =>
  (): Response =>
    HttpResponse.json({ error: 'session_failed', error_description: 'Sessid check failed', sessid }, { status })

function request(changes: Partial<ConfigRequest> = {}): ConfigRequest {
  const platformFetch: FetchLike = (url, init) => fetch(url, init)
  return {
    reason: 'start',
    signal: new AbortController().signal,
    fetch: platformFetch,
    storage: null,
    clock: createFakeClock(),
    ...changes,
  }
}

function get(options: RestConfigOptions = {}, changes: Partial<ConfigRequest> = {}): Promise<unknown> {
  return restConfig({ url: URL_OF_PORTAL, ...options })(request(changes))
}

async function failure(asked: Promise<unknown>): Promise<PullError> {
  const thrown: unknown = await asked.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  )
  if (!(thrown instanceof PullError)) throw thrown
  const printed = `${thrown} ${thrown.stack} ${JSON.stringify(thrown)}`
  expect(printed).not.toContain(SESSID)
  expect(printed).not.toContain(NEXT_SESSID)
  return thrown
}

describe('what is sent', () => {
  test('F6: a form with the parameters, and the reason for the access log', async () => {
    portal(config)
    await get({ sessid: SESSID, guestUserId: 17 }, { reason: 'channel-expired' })
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: `${URL_OF_PORTAL}?logTag=channel_expired`,
      body: `CACHE=N&sessid=${SESSID}&pull_guest_id=17`,
      credentials: 'same-origin',
    })
    expect(seen[0]!.headers.get('Content-Type')).toBe('application/x-www-form-urlencoded')
  })

  test('nothing that is not known', async () => {
    portal(config)
    await get({ cache: 'Y', sessid: () => undefined })
    expect(seen[0]!.body).toBe('CACHE=Y')
  })

  test.each([
    ['?action=pull.api.config.get', '?action=pull.api.config.get&logTag=start'],
    ['?a=1', '?a=1&logTag=start'],
  ])('the query %s becomes %s', async (given, expected) => {
    portal(config)
    await get({ url: URL_OF_PORTAL + given })
    expect(seen[0]!.url).toBe(URL_OF_PORTAL + expected)
  })

  test('values are percent-encoded: a space is no plus', async () => {
    portal(config)
    await get({ sessid: 'a b+c&d' })
    expect(seen[0]!.body).toBe('CACHE=N&sessid=a%20b%2Bc%26d')
  })

  test('GET puts them into the URL and sends no body', async () => {
    portal(config)
    await get({ method: 'GET', sessid: SESSID })
    expect(seen[0]).toMatchObject({
      method: 'GET',
      body: '',
      url: `${URL_OF_PORTAL}?logTag=start&CACHE=N&sessid=${SESSID}`,
    })
    expect(seen[0]!.headers.has('Content-Type')).toBe(false)
  })

  test('headers and credentials of the caller', async () => {
    portal(config)
    await get({ headers: { 'X-Bitrix-Csrf-Token': 'x' }, credentials: 'include' })
    expect(seen[0]!.headers.get('X-Bitrix-Csrf-Token')).toBe('x')
    expect(seen[0]!.credentials).toBe('include')
  })

  test('through the given fetch rather than the one of the platform, as a plain function', async () => {
    const calls: string[] = []
    const own = function (this: unknown, url: string): Promise<Response> {
      expect(this).toBeUndefined()
      calls.push(url)
      return Promise.resolve(config())
    }
    await get({ fetch: own }, { fetch: null })
    expect(calls).toEqual([`${URL_OF_PORTAL}?logTag=start`])
  })

  test('to the usual address of a portal by default', async () => {
    const calls: string[] = []
    const platformFetch: FetchLike = (url) => Promise.resolve((calls.push(url), config()))
    await restConfig()(request({ fetch: platformFetch, reason: 'bad-channel' }))
    expect(calls).toEqual(['/rest/pull.config.get.json?logTag=bad_channel'])
  })
})

describe('F3: what comes back', () => {
  test('is handed over as it is, and can be parsed', async () => {
    portal(config)
    const answer = await get()
    expect(answer).toEqual({ result: sampleConfig() })
    expect(parseConfig(answer, { secure: true }).version).toBe(4)
  })

  test('an error in an answer with status 200 is left to the parser', async () => {
    portal(() => HttpResponse.json({ error: 'AUTHORIZE_ERROR' }))
    const answer = await get()
    expect(() => parseConfig(answer, { secure: true })).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })

  test.each([
    [401, undefined, 'forbidden', false],
    [403, undefined, 'forbidden', false],
    [401, { error: 'NO_AUTH_FOUND' }, 'forbidden', false],
    [403, { error: 'WRONG_AUTH_TYPE' }, 'forbidden', false],
    [500, { error: 'AUTHORIZE_ERROR' }, 'forbidden', false],
    [500, { error: 'SERVER_ERROR' }, 'disabled', true],
    [500, undefined, 'config-unavailable', true],
    [502, '<html>Bad Gateway</html>', 'config-unavailable', true],
    [503, { error: 'QUERY_LIMIT_EXCEEDED' }, 'config-unavailable', true],
    [404, undefined, 'config-unavailable', true],
  ])('HTTP %i with %j is %s', async (status, body, code, retryable) => {
    portal(() => (typeof body === 'string' ? HttpResponse.html(body, { status }) : HttpResponse.json(body, { status })))
    expect(await failure(get())).toMatchObject({ code, retryable, facts: { httpStatus: status } })
  })

  test.each([
    ['<!doctype html><form>login</form>', 'text/html; charset=UTF-8', /login page/],
    ['', 'application/json', /not JSON/],
    ['{"result":', 'application/json', /not JSON/],
  ])('a body that is not JSON (%j) is worth another try', async (body, type, cure) => {
    portal(() => new HttpResponse(body, { headers: { 'Content-Type': type } }))
    const error = await failure(get())
    expect(error).toMatchObject({ code: 'config-unavailable', retryable: true, facts: { httpStatus: 200 } })
    expect(error.message).toMatch(cure)
  })

  test('nothing at all is worth another try', async () => {
    portal(() => HttpResponse.error())
    const error = await failure(get())
    expect(error).toMatchObject({ code: 'config-unavailable', retryable: true })
    expect(error.cause).toBeInstanceOf(TypeError)
  })

  test('a relative URL outside of a page: the message names the cure', async () => {
    expect((await failure(restConfig()(request()))).message).toContain('absolute')
  })

  test('a failed GET does not hand out its URL with the session id in the cause', async () => {
    const error = await failure(restConfig({ method: 'GET', sessid: SESSID })(request()))
    expect(error.cause).toBeUndefined()
  })

  test('no fetch at all is final', async () => {
    expect(await failure(get({}, { fetch: null }))).toMatchObject({ code: 'bad-option', retryable: false })
  })

  test('F6: an aborted request is not dressed up as a failure of the portal', async () => {
    const abort = new AbortController()
    portal(() => {
      abort.abort(new Error('not wanted any more'))
      return config()
    })
    await expect(get({}, { signal: abort.signal })).rejects.not.toBeInstanceOf(PullError)
    await expect(get({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('F6: a session id that is refused', () => {
  test.each([200, 401, 403])('is replaced by the one that came with HTTP %i', async (status) => {
    portal(sessionFailed(status), config)
    await expect(get({ sessid: SESSID })).resolves.toHaveProperty('result')
    expect(seen.map(({ body }) => body)).toEqual([SESSID, NEXT_SESSID].map((sessid) => `CACHE=N&sessid=${sessid}`))
  })

  test('of a controller is an error that names the cure', async () => {
    portal(() => HttpResponse.json({ status: 'error', data: null, errors: [{ code: 'invalid_csrf' }] }))
    const answer = await get()
    expect(() => parseConfig(answer, { secure: true })).toThrow(/sessid/)
  })

  test('is asked for again before the next request', async () => {
    portal(sessionFailed(), config)
    let sessid = SESSID
    const source = restConfig({ url: URL_OF_PORTAL, sessid: () => sessid })
    await source(request())
    sessid = 'c'.repeat(32)
    await source(request())
    expect(seen[2]!.body).toBe(`CACHE=N&sessid=${sessid}`)
  })

  test('twice in a row is an error that is worth another try', async () => {
    portal(sessionFailed(), sessionFailed(200, 'd'.repeat(32)))
    const answer = await get({ sessid: SESSID })
    expect(seen).toHaveLength(2)
    expect(() => parseConfig(answer, { secure: true })).toThrow(
      expect.objectContaining({ code: 'config-unavailable', retryable: true }),
    )
  })

  test.each([null, '', 7, SESSID])('is not repeated with nothing new (%j)', async (sessid) => {
    portal(sessionFailed(401, sessid))
    const error = await failure(get({ sessid: SESSID }))
    expect(error).toMatchObject({ code: 'forbidden', retryable: false, facts: { httpStatus: 401 } })
    expect(error.message).toContain('sessid')
    expect(seen).toHaveLength(1)
  })
})
