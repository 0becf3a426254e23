import { describe, expect, test } from 'vitest'
import { SECRETS, START_AT_MS, sampleConfig } from '../../test/support/config-sample'
import { createFakeClock, promiseJobs } from '../../test/support/fake-platform'
import { channelQuery } from '../channel/channel-set'
import type { FetchLike } from '../platform/platform'
import { applicationConfig } from './application-source'
import type { ConfigRequest, ConfigSource } from './config'
import { parseConfig } from './parse'
import { phpConfig } from './php-source'
import { ajaxConfig, restConfig } from './rest-source'
import { toConfigSource } from './source'
import { staticConfig } from './static-source'

function request(changes: Partial<ConfigRequest> = {}): ConfigRequest {
  const signal = new AbortController().signal
  return { reason: 'config-expired', signal, fetch: null, storage: null, clock: createFakeClock(), ...changes }
}

/** Answers when the test says so. */
function network() {
  const sent: { url: string; init: RequestInit; answer: (body: unknown) => void }[] = []
  const fetch: FetchLike = (url, init = {}) =>
    new Promise((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
      const answer = (body: unknown): void =>
        resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body)))
      sent.push({ url, init, answer })
    })
  return { sent, fetch }
}

describe('each asks its own way', () => {
  test.each<[string, ConfigSource, string, string]>([
    ['restConfig', restConfig(), '/rest/pull.config.get.json?logTag=config_expired', 'CACHE=N'],
    [
      'ajaxConfig',
      ajaxConfig({ cache: 'Y' }),
      '/bitrix/services/main/ajax.php?action=pull.api.config.get&logTag=config_expired',
      'cache=Y',
    ],
    [
      'phpConfig',
      phpConfig(),
      '/bitrix/components/bitrix/pull.request/ajax.php?GET_CHANNEL&V=17&CODE=config_expired',
      'PULL_GET_CHANNEL=Y&MOBILE=N&CACHE=N&PULL_AJAX_CALL=Y',
    ],
  ])('%s', async (_name, source, url, body) => {
    const { sent, fetch } = network()
    const asked = source(request({ fetch }))
    sent[0]!.answer({ result: sampleConfig() })
    await asked
    expect([sent[0]!.url, sent[0]!.init.body]).toEqual([url, body])
  })

  test('applicationConfig', async () => {
    const calls: unknown[] = []
    const client = {
      callMethod: (...told: unknown[]) => Promise.resolve(calls.push(told.slice(0, 2)) && sampleConfig()),
    }
    const answer = await applicationConfig(client)(request())
    expect(calls).toEqual([['pull.application.config.get', { CACHE: 'N' }]])
    expect(parseConfig(answer, { secure: true }).channels).toHaveLength(2)
  })

  test('what the PHP endpoint answers can be parsed', async () => {
    const { sent, fetch } = network()
    const asked = phpConfig({ sessid: () => 'abc', siteId: 's1' })(request({ fetch }))
    const ids = `${SECRETS.privateChannel}.${SECRETS.privateSignature}/${SECRETS.sharedChannel}.${SECRETS.sharedSignature}`
    const dates = `${START_AT_MS / 1000}/${START_AT_MS / 1000}`
    sent[0]!.answer(`{'CHANNEL_ID':'${ids}','CHANNEL_DT':'${dates}','LAST_ID':'465','METHOD':'PULL','ERROR':''}`)
    const config = parseConfig(await asked, { secure: true })
    expect(config).toMatchObject({
      version: 0,
      enabled: true,
      endpoints: { intervalPolling: '/bitrix/components/bitrix/pull.request/ajax.php', longPolling: null },
      sessid: 'abc',
      siteId: 's1',
      lastMid: '00000000000000000000000465',
      publicId: null,
      expiresAtMs: null,
    })
    expect(channelQuery(config.channels)).toBe(ids)
    expect(config.channels.map(({ startAtMs, endAtMs }) => [startAtMs, endAtMs])).toEqual(
      Array(2).fill([START_AT_MS, START_AT_MS + 43_200_000]),
    )
  })

  test('a queue server of the PHP endpoint is used like any other', async () => {
    const { sent, fetch } = network()
    const asked = phpConfig()(request({ fetch }))
    sent[0]!.answer(
      `{'CHANNEL_ID':'${SECRETS.privateChannel}','CHANNEL_DT':'','PATH':'http://portal.example/bitrix/sub/','PATH_WS':'','METHOD':'LONG'}`,
    )
    expect(parseConfig(await asked, { secure: false })).toMatchObject({
      version: 2,
      endpoints: { websocket: null, longPolling: 'http://portal.example/bitrix/sub/' },
      channels: [{ type: 'private', startAtMs: null, endAtMs: null }],
    })
  })
})

describe('the portal behind a source', () => {
  test('is there for whoever has more to ask, also through toConfigSource', () => {
    for (const source of [restConfig(), ajaxConfig(), phpConfig(), applicationConfig({ callMethod: () => 1 })]) {
      expect(source.portal).toBeTypeOf('function')
      expect(toConfigSource(source).portal).toBe(source.portal)
    }
    expect(toConfigSource(() => Promise.resolve({})).portal).toBeUndefined()
    expect(staticConfig({}).portal).toBeUndefined()
  })
})

describe('calls at one time', () => {
  test('F3: are one request; the next one is another', async () => {
    const { sent, fetch } = network()
    const source = toConfigSource(restConfig())
    const asked = [1, 2, 3].map(() => source(request({ fetch })))
    await promiseJobs()
    expect(sent).toHaveLength(1)
    sent[0]!.answer({ result: 1 })
    expect(await Promise.all(asked)).toEqual([{ result: 1 }, { result: 1 }, { result: 1 }])
    const again = source(request({ fetch }))
    await promiseJobs()
    sent[1]!.answer({ result: 2 })
    expect(await again).toEqual({ result: 2 })
  })

  test('share a failure, and the next one is another request', async () => {
    const { sent, fetch } = network()
    const source = restConfig()
    const asked = [1, 2].map(() => source(request({ fetch })))
    sent[0]!.answer('<html>')
    for (const one of asked) await expect(one).rejects.toMatchObject({ code: 'config-unavailable' })
    const again = source(request({ fetch }))
    expect(sent).toHaveLength(2)
    sent[1]!.answer({ result: 2 })
    expect(await again).toEqual({ result: 2 })
  })

  test('who does not want it any more leaves alone; the last one ends the request', async () => {
    const { sent, fetch } = network()
    const source = restConfig()
    const aborts = [new AbortController(), new AbortController()]
    const asked = aborts.map(({ signal }) => source(request({ fetch, signal })))
    aborts[0]!.abort(new Error('first'))
    await expect(asked[0]).rejects.toThrow('first')
    expect(sent[0]!.init.signal!.aborted).toBe(false)
    aborts[1]!.abort(new Error('second'))
    await expect(asked[1]).rejects.toThrow('second')
    expect(sent[0]!.init.signal!.aborted).toBe(true)
    // A new one does not join what has been given up.
    const again = source(request({ fetch }))
    expect(sent).toHaveLength(2)
    sent[1]!.answer({ result: 2 })
    expect(await again).toEqual({ result: 2 })
  })

  test('a signal that was aborted after the answer ends nothing', async () => {
    const { sent, fetch } = network()
    const source = restConfig()
    const abort = new AbortController()
    const asked = source(request({ fetch, signal: abort.signal }))
    sent[0]!.answer({ result: 1 })
    await asked
    const next = source(request({ fetch }))
    abort.abort()
    expect(sent[1]!.init.signal!.aborted).toBe(false)
    sent[1]!.answer({ result: 2 })
    expect(await next).toEqual({ result: 2 })
  })
})
