/** The sources and what else they can be asked, against the local server, which was written apart from them. */
import { afterEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { PullClient } from '../entry/node'
import { type PullServer, startPullServer } from '../entry/testing'
import { openAnswer } from '../portal/answer'
import type { PortalCall } from '../portal/portal'
import { applicationConfig } from './application-source'
import type { ConfigSource } from './config'
import { parseConfig } from './parse'
import { phpConfig } from './php-source'
import { readPublicChannels } from './public-channels'
import { ajaxConfig, restConfig } from './rest-source'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(version: 0 | 2 | 4, options: Parameters<typeof startPullServer>[0] = {}): Promise<PullServer> {
  const server = await startPullServer({ ...options, version })
  closing.push(() => server.close())
  return server
}

const endpoint = (server: PullServer): string => `${server.url}/bitrix/components/bitrix/pull.request/ajax.php`

test('a portal without a queue server is polled', async () => {
  const server = await serve(0)
  const clock = createFakeClock(Date.now())
  const client = new PullClient({ config: phpConfig({ url: endpoint(server) }), platform: { clock, storage: null } })
  closing.push(() => client.stop())
  const got = new Promise((resolve) => client.on('im:message', resolve))
  await client.start()
  expect(client.transport).toBe('interval-polling')
  await server.publish({ module_id: 'im', command: 'message', params: { text: `it's "so"\n</script>` } })
  await clock.advance(60_000)
  expect(await got).toEqual({ text: `it's "so"\n</script>` })
  await client.stop()
  expect(clock.timers).toBe(0)
})

test('a queue server that the PHP endpoint names is connected to', async () => {
  const server = await serve(2)
  const client = new PullClient({ config: phpConfig({ url: endpoint(server) }) })
  closing.push(() => client.stop())
  const got = new Promise((resolve) => client.on('im:message', resolve))
  await client.start()
  expect(client.transport).toBe('websocket')
  await server.publish({ module_id: 'im', command: 'message', params: { n: 1 } })
  expect(await got).toEqual({ n: 1 })
})

describe('with a session id that is checked', () => {
  const SESSID = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
  const base = { signal: new AbortController().signal, fetch }
  const ask = async (source: ConfigSource): Promise<unknown> => {
    const request = { ...base, reason: 'start', storage: null, clock: createFakeClock(Date.now()) } as const
    return source(request)
  }
  const call = async (source: ConfigSource, method: PortalCall['method'], params: PortalCall['params']) =>
    openAnswer(await source.portal!({ ...base, method, params }))[0]

  const SOURCES: [string, (url: string) => ConfigSource][] = [
    ['restConfig', (url) => restConfig({ url: `${url}/rest/pull.config.get.json` })],
    ['restConfig by GET', (url) => restConfig({ url: `${url}/rest/pull.config.get.json`, method: 'GET' })],
    [
      'ajaxConfig',
      (url) => ajaxConfig({ url: `${url}/bitrix/services/main/ajax.php?action=pull.api.config.get`, sessid: 'stale' }),
    ],
    ['applicationConfig', (url) => applicationConfig(application(url))],
  ]

  /** As an application's own client asks: with its token, which stands for the session id. */
  function application(url: string) {
    return {
      async callMethod(method: string, params: object = {}) {
        const body = JSON.stringify({ ...params, auth: 'local.app' })
        const headers = { 'Content-Type': 'application/json' }
        const response = await fetch(`${url}/rest/${method}.json`, { method: 'POST', body, headers })
        return (await response.json()) as unknown
      },
    }
  }

  test.each(SOURCES)('%s has a configuration, and users have public channels', async (_name, create) => {
    const server = await serve(4, { sessid: SESSID })
    const source = create(server.url)
    const config = parseConfig(await ask(source), { secure: false })
    expect(config).toMatchObject({ version: 4, enabled: true })
    expect(config.channels).toHaveLength(2)
    const found = readPublicChannels(await call(source, 'pull.channel.public.list', { USERS: [1, 7] }))
    expect([...found.keys()]).toEqual([1, 7])
  })

  test.each(SOURCES)('%s renews watch tags', async (_name, create) => {
    const server = await serve(4, { sessid: SESSID })
    const source = create(server.url)
    expect(await call(source, 'pull.watch.extend', { tags: ['NOT_THERE'] })).toEqual({ NOT_THERE: false })
  })

  test('phpConfig does both, as far as the endpoint can', async () => {
    const server = await serve(0, { sessid: SESSID })
    const source = phpConfig({ url: endpoint(server) })
    const config = parseConfig(await ask(source), { secure: false })
    expect(config).toMatchObject({ version: 0, sessid: SESSID, channels: [{ type: 'private' }, { type: 'shared' }] })
    expect(await call(source, 'pull.watch.extend', { tags: ['NOT_THERE'] })).toEqual({ NOT_THERE: false })
  })

  test('polling goes on when the session id changes', async () => {
    const server = await serve(0, { sessid: SESSID })
    const clock = createFakeClock(Date.now())
    const source = phpConfig({ url: endpoint(server), sessid: SESSID })
    const client = new PullClient({ config: source, platform: { clock, storage: null } })
    closing.push(() => client.stop())
    const got = new Promise((resolve) => client.on('im:message', resolve))
    await client.start()
    server.faults.set({ sessid: 'f'.repeat(32) })
    await server.publish({ module_id: 'im', command: 'message', params: { text: 'x' } })
    await clock.advance(60_000)
    expect(await got).toEqual({ text: 'x' })
    expect(client.diagnostics().counters).toMatchObject({ lost: 0 })
  })

  test('guests may ask for a configuration, and for the time', async () => {
    const server = await serve(4, { sessid: SESSID })
    const source = restConfig({ url: `${server.url}/rest/pull.config.get.json`, guestUserId: 17 })
    expect(parseConfig(await ask(source), { secure: false }).channels).toHaveLength(2)
    expect(await call(source, 'server.time', {})).toMatch(/^\d{4}-\d\d-\d\dT/)
  })
})
