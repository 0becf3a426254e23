/** The PHP endpoint of portals without a queue server, asked over HTTP. Answers are read by evaluating them. */
import { describe, expect, test } from 'vitest'
import type { PullServer } from './server'
import { message, useServers } from './test-bench'
import { http } from './test-client'

const start = useServers({ version: 0 })

type Answer = Record<string, unknown> & { MESSAGE?: { id?: string; command: string; params: Record<string, string> }[] }

async function ask(server: PullServer, form: string, query = ''): Promise<Answer> {
  const url = `${server.url}/bitrix/components/bitrix/pull.request/ajax.php${query}`
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const answer = await http(url, { method: 'POST', body: `PULL_AJAX_CALL=Y&${form}`, headers })
  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toMatch(/^application\/x-javascript/)
  return new Function(`return ${answer.body}`)() as Answer
}

const poll = (server: PullServer, list: unknown, after: unknown = 0) =>
  ask(server, `PULL_UPDATE_STATE=Y&CHANNEL_ID=${String(list)}&CHANNEL_LAST_ID=${String(after)}`)
const numbersOf = (answer: Answer) => answer.MESSAGE!.map((each) => each.params['n'])

test('the configuration of version 0 has an address to poll and none to connect to', async () => {
  const server = await start()
  const config = server.config(7)
  expect(config.server).toMatchObject({
    version: 0,
    server_enabled: true,
    websocket_enabled: false,
    websocket: '',
    long_polling: '',
    publish_enabled: false,
    interval_polling: `${server.url}/bitrix/components/bitrix/pull.request/ajax.php?userId=7`,
  })
  expect(config.server).not.toHaveProperty('sse')
  expect(config.publicChannels).toBe(false)
  expect(server.config(1).server.interval_polling).not.toContain('?')
})

test('there is nothing to connect to', async () => {
  const server = await start()
  const list = server.config().channels.private.id
  expect((await http(`${server.url}/bitrix/sub/?CHANNEL_ID=${list}`)).status).toBe(404)
  expect((await http(`${server.url}/bitrix/pub/?CHANNEL_ID=${list}`, { method: 'POST', body: 'x' })).status).toBe(404)
})

test('getting the channel', async () => {
  const server = await start()
  const answer = await ask(server, 'PULL_GET_CHANNEL=Y&SITE_ID=s1&CACHE=N&MOBILE=N', '?GET_CHANNEL&V=17&CR=1&CODE=0')
  const { channels } = server.config()
  expect(answer).toMatchObject({
    CHANNEL_ID: `${channels.private.id}/${channels.shared.id}`,
    CHANNEL_PUBLIC_ID: '',
    USER_ID: '1',
    LAST_ID: '0',
    PATH: server.config().server.interval_polling,
    PATH_WS: '',
    METHOD: 'PULL',
    REVISION: '19',
    ERROR: '',
  })
  const started = Math.floor(Date.parse(channels.private.start) / 1000)
  expect(answer['CHANNEL_DT']).toBe(`${started}/${started}`)
})

test('polling brings what came after the last id, private and shared', async () => {
  const server = await start()
  const list = (await ask(server, 'PULL_GET_CHANNEL=Y'))['CHANNEL_ID']
  expect(await poll(server, list)).toEqual({ MESSAGE: [], ERROR: '' })
  server.publish(message(1))
  server.publish(message(2), { shared: true, expiry: 0 })
  server.publish(message(3), { users: [2] })
  const first = await poll(server, list)
  expect(numbersOf(first)).toEqual(['1', '2'])
  expect(first.MESSAGE![0]).toMatchObject({
    id: '1',
    module_id: 'im',
    command: 'message',
    extra: { revision_web: '19' },
  })
  expect(numbersOf(await poll(server, list, 1))).toEqual(['2'])
  expect(numbersOf(await poll(server, list, 2))).toEqual([])
  server.publish({ module_id: 'im', command: 'odd', params: { t: `'"\\\n</script>\u2028*/` } })
  const odd = await poll(server, list, 2)
  // The line separator comes out as a line feed: that is how PHP prints it.
  expect(odd.MESSAGE!.map((each) => each.params['t'])).toEqual([`'"\\\n</script>\n*/`])
  // The next page begins where this one was.
  expect((await ask(server, 'PULL_GET_CHANNEL=Y'))['LAST_ID']).toBe('4')
})

test('what is stored too long is gone', async () => {
  const server = await start({ historyTtlMs: 40 })
  const list = server.config().channels.private.id
  server.publish(message(1))
  await expect.poll(async () => (await poll(server, list)).MESSAGE).toEqual([])
  server.publish(message(2))
  expect((await poll(server, list)).MESSAGE).toMatchObject([{ id: '2' }])
})

test('an expired channel says so on the old one', async () => {
  const server = await start()
  const old = server.config().channels.shared.id
  server.expireChannel('shared')
  const { MESSAGE } = await poll(server, old)
  expect(MESSAGE).toMatchObject([
    {
      command: 'channel_expire',
      params: { action: 'reconnect', new_channel: { id: server.config().channels.shared.id } },
    },
  ])
})

test('older PHP adds the counters to every answer', async () => {
  const server = await start({ counters: { im: 3 } })
  const { MESSAGE } = await poll(server, server.config().channels.private.id)
  expect(MESSAGE).toMatchObject([{ module_id: 'main', command: 'user_counter', params: { im: '3' } }])
  expect(MESSAGE![0]).not.toHaveProperty('id')
})

test('tags are renewed here too', async () => {
  const server = await start()
  server.watchTags.add(1, 'A')
  expect(await ask(server, 'PULL_UPDATE_WATCH=Y&WATCH[]=A&WATCH[]=B', '?UPDATE_WATCH&V=17')).toEqual({
    RESULT: { A: true, B: false },
    ERROR: '',
  })
  expect(await ask(server, 'PULL_UPDATE_WATCH=Y')).toEqual({ RESULT: [], ERROR: '' })
})

test('only the body says what is asked', async () => {
  const server = await start()
  expect(await ask(server, 'PULL_UPDATE_STATE=N', '?UPDATE_STATE')).toEqual({ ERROR: 'UNKNOWN_ERROR' })
  expect(await ask(server, 'PULL_UPDATE_WATCH=Y&WATCH[]=A', '?UPDATE_STATE')).toMatchObject({ RESULT: { A: false } })
  expect(server.log.map((record) => [record.kind, record.call])).toEqual([
    ['rest', ''],
    ['rest', 'PULL_UPDATE_WATCH'],
  ])
})

describe('errors', () => {
  test('a stale session id is answered with a fresh one', async () => {
    const server = await start({ sessid: 'fresh' })
    expect(await ask(server, 'PULL_GET_CHANNEL=Y&sessid=stale')).toEqual({
      BITRIX_SESSID: 'fresh',
      ERROR: 'SESSION_ERROR',
    })
    expect(await ask(server, 'PULL_GET_CHANNEL=Y&sessid=fresh')).toMatchObject({ ERROR: '' })
  })

  test('so is a missing login', async () => {
    const server = await start({ sessid: 'fresh', login: 'required' })
    expect(await ask(server, 'PULL_UPDATE_STATE=Y&sessid=fresh')).toEqual({
      BITRIX_SESSID: 'fresh',
      ERROR: 'AUTHORIZE_ERROR',
    })
    expect(await ask(server, 'PULL_GET_CHANNEL=Y&sessid=fresh', '?userId=4')).toMatchObject({ USER_ID: '4' })
  })
})

test('with a queue server the endpoint leads there', async () => {
  const server = await start({ version: 4 })
  const answer = await ask(server, 'PULL_GET_CHANNEL=Y')
  const { channels, server: urls } = server.config()
  const list = `${channels.private.id}/${channels.shared.id}`
  expect(answer).toMatchObject({
    METHOD: 'LONG',
    CHANNEL_PUBLIC_ID: channels.private.public_id,
    PATH: `${urls.long_polling}?CHANNEL_ID=${list}`,
    PATH_WS: `${urls.websocket}?CHANNEL_ID=${list}`,
    PATH_PUB: `${urls.publish}?CHANNEL_ID=${list}`,
  })
})
