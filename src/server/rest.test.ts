/** The portal's REST methods and controller actions, asked over HTTP. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readToken } from './jwt'
import type { RawConfig } from './portal-config'
import type { PullServer } from './server'
import { connect, message, useServers } from './test-bench'
import { envelopes, http, type HttpResult } from './test-client'

const start = useServers()

interface Answer {
  result?: unknown
  error?: string
  sessid?: string
  time?: { start: number; date_start: string }
}

async function rest(server: PullServer, method: string, form = '', headers: Record<string, string> = {}) {
  const answer = await post(`${server.url}/rest/${method}.json?logTag=test`, form, headers)
  return { status: answer.status, ...(JSON.parse(answer.body) as Answer) }
}

async function action(server: PullServer, name: string, form = '', headers: Record<string, string> = {}) {
  const answer = await post(`${server.url}/bitrix/services/main/ajax.php?action=${name}`, form, headers)
  const body = JSON.parse(answer.body) as { status: string; data: unknown; errors: object[] }
  return { http: answer.status, ...body }
}

function post(url: string, body: string, headers: Record<string, string>): Promise<HttpResult> {
  const type = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return http(url, { method: 'POST', body, headers: { ...type, ...headers } })
}

const configOf = async (server: PullServer, form = '') =>
  (await rest(server, 'pull.config.get', form)).result as RawConfig

describe('configuration', () => {
  test('version 4 lets clients publish and knows public channels', async () => {
    const server = await start()
    const config = await configOf(server, 'userId=7')
    expect(config.server).toMatchObject({
      version: 4,
      mode: 'personal',
      publish_enabled: true,
      publish: `${server.url}/bitrix/rest/`,
    })
    const listed = config.publicChannels === false ? undefined : config.publicChannels['7']
    expect(config.channels.private.public_id).toBe(`${listed!.public_id}.${listed!.signature}`)
    expect(config).not.toHaveProperty('exp')
    expect(config).not.toHaveProperty('jwt')
    expect(config).not.toHaveProperty('clientId')
  })

  test('version 3 does neither', async () => {
    const config = await configOf(await start({ version: 3 }))
    expect(config.server).toMatchObject({ publish_enabled: false, publish: '' })
    expect(config.publicChannels).toBe(false)
  })

  test('version 5 has a token whose end is told beside it', async () => {
    const server = await start({ version: 5, configTtlMs: 60_000 })
    const config = await configOf(server, 'userId=7')
    const claims = readToken(config.jwt!, 'test-key', Date.now())
    expect(claims).toMatchObject({ sub: '7', exp: config.exp })
    expect(claims!.chan).toBe(config.channels.shared.id.slice(0, 32))
    expect(config.exp! * 1000 - Date.now()).toBeGreaterThan(50_000)
    expect(config.exp! * 1000 - Date.now()).toBeLessThanOrEqual(60_000)
    // By hand: no code of this server has read or written it.
    const [head, body, mark] = config.jwt!.split('.')
    expect(createHmac('sha256', 'test-key').update(`${head}.${body}`).digest('base64url')).toBe(mark)
    expect(JSON.parse(Buffer.from(head!, 'base64url').toString())).toMatchObject({ alg: 'HS256' })
  })

  test('the token of a guest lists his channels, for he is no user', async () => {
    const server = await start({ version: 5 })
    const config = await configOf(server, 'pull_guest_id=-12')
    const claims = readToken(config.jwt!, 'test-key', Date.now())!
    expect(claims.sub).toBeUndefined()
    const ids = config.channels.private.id.slice(0, 65).split(':')
    expect(claims.chan.split(',')).toEqual([...ids, config.channels.shared.id.slice(0, 32)])
  })

  test('a configuration may end below version 5 as well', async () => {
    const config = await configOf(await start({ configTtlMs: 60_000 }))
    expect(config.exp! * 1000).toBeGreaterThan(Date.now())
    expect(config).not.toHaveProperty('jwt')
  })

  test('in the cloud it names the portal, and the queue server wants to hear the name', async () => {
    const server = await start({ mode: 'shared' })
    const config = await configOf(server)
    expect(config.server.mode).toBe('shared')
    expect(config.clientId).toMatch(/^[0-9a-f]{32}$/)
    const list = `${config.channels.private.id}/${config.channels.shared.id}`
    expect((await connect(server, list)).status).toBe(400)
    expect((await connect(server, list, `&clientId=${'0'.repeat(32)}`)).status).toBe(400)
    const poll = `${config.server.long_polling}?CHANNEL_ID=${list}`
    expect(await http(poll)).toMatchObject({ status: 400, body: '4010: Wrong Channel Id.' })
    const socket = await connect(server, list, `&clientId=${config.clientId}`)
    expect(socket.status).toBe(101)
    socket.close()
    await socket.ended
  })

  test('public ids stay until the channel ends', async () => {
    const server = await start({ channelTtlMs: 60_000 })
    const idOf = async () => (await configOf(server)).channels.private.public_id
    const first = await idOf()
    expect(await idOf()).toBe(first)
    server.expireChannel('private')
    expect(await idOf()).not.toBe(first)
  })

  test('an application has mailboxes of its own', async () => {
    const server = await start()
    const { result, status } = await rest(server, 'pull.application.config.get', 'auth=local.app&userId=7')
    const config = result as RawConfig
    expect(status).toBe(200)
    expect(config).not.toHaveProperty('serverTime')
    expect(config.channels.private.type).toBe('local.app')
    expect(config.channels.shared.type).toBe('local.app')
    const own = await configOf(server, 'userId=7')
    expect(own.channels.private.id).not.toBe(config.channels.private.id)
    expect(own.channels.shared.id).not.toBe(config.channels.shared.id)
    expect(await rest(server, 'pull.application.config.get')).toMatchObject({ status: 403, error: 'WRONG_AUTH_TYPE' })
    expect(await rest(server, 'pull.config.get', 'auth=x')).toMatchObject({ status: 403, error: 'WRONG_AUTH_TYPE' })
  })
})

test('server.time, unknown methods, JSON bodies and bad users', async () => {
  const server = await start()
  const { result, time } = await rest(server, 'server.time')
  expect(Date.parse(result as string)).toBeGreaterThan(Date.now() - 5000)
  expect(time!.start * 1000).toBeGreaterThan(Date.now() - 5000)
  expect(await rest(server, 'no.such')).toMatchObject({ status: 404, error: 'ERROR_METHOD_NOT_FOUND' })
  expect(await rest(server, 'constructor')).toMatchObject({ status: 404 })
  const json = { 'Content-Type': 'application/json' }
  const answer = await rest(server, 'PULL.Channel.public.get', '{"User_Id":9}', json)
  expect(answer).toMatchObject({ status: 200, result: { user_id: 9 } })
  expect(await rest(server, 'pull.config.get', 'userId=x')).toMatchObject({ status: 400, error: 'ERROR_ARGUMENT' })
})

test('public channels one by one and as a list', async () => {
  const server = await start()
  const config = await configOf(server, 'userId=7')
  const own = config.publicChannels === false ? undefined : config.publicChannels['7']
  expect((await rest(server, 'pull.channel.public.get', 'USER_ID=7')).result).toEqual(own)
  const list = await rest(server, 'pull.channel.public.list', 'users[]=7&users[]=8')
  expect(list.result).toMatchObject({ 7: own, 8: { user_id: 8 } })
  expect((await rest(server, 'im.call.channel.public.list', 'users[0]=7&CALL_CHAT_ID=1')).result).toEqual({ 7: own })
  expect(await rest(server, 'pull.channel.public.list', 'users=x')).toMatchObject({
    status: 400,
    error: 'INVALID_FORMAT',
  })
  expect(await rest(server, 'pull.channel.public.list', 'users[]=1&auth=app')).toMatchObject({
    error: 'WRONG_AUTH_TYPE',
  })
  const apps = await rest(server, 'pull.channel.public.list', 'users[]=7&APPLICATION=Y&auth=app')
  expect(apps.result).toMatchObject({ 7: { user_id: 7 } })
  expect(apps.result).not.toMatchObject({ 7: own })
  const third = await start({ version: 3 })
  expect(await rest(third, 'pull.channel.public.get', 'USER_ID=7')).toMatchObject({
    status: 500,
    error: 'SERVER_ERROR',
  })
})

describe('pull.application.event.add', () => {
  test('reaches everybody of the application, or the users named', async () => {
    const server = await start()
    const { result } = await rest(server, 'pull.application.config.get', 'auth=app&userId=7')
    const { channels } = result as RawConfig
    const socket = await connect(server, `${channels.private.id}/${channels.shared.id}`)
    const bystander = await connect(server)
    await rest(server, 'pull.application.event.add', 'auth=app&userId=7&COMMAND=one&PARAMS[n]=1')
    expect(envelopes(await socket.next())[0]!.text).toMatchObject({
      module_id: 'application',
      command: 'one',
      params: { n: '1' },
    })
    const form = 'auth=app&userId=1&COMMAND=two&USER_ID[]=7&MODULE_ID=my.app'
    expect((await rest(server, 'pull.application.event.add', form)).result).toBe(true)
    expect(envelopes(await socket.next())[0]!.text).toMatchObject({ module_id: 'my.app', command: 'two', params: [] })
    server.publish(message(1))
    expect(envelopes(await bystander.next()).map((each) => each.text.command)).toEqual(['message'])
    socket.close()
    bystander.close()
    await Promise.all([socket.ended, bystander.ended])
  })

  test.each([
    ['auth=app&userId=7&COMMAND=x&USER_ID=8', 'USER_ID_ACCESS_ERROR', 400],
    ['auth=app&COMMAND=x&MODULE_ID=Bad', 'MODULE_ID_ERROR', 400],
    ['auth=app&COMMAND=a%20b', 'COMMAND_ERROR', 400],
    ['auth=app', 'COMMAND_ERROR', 400],
    ['auth=app&COMMAND=x&PARAMS=text', 'PARAMS_ERROR', 400],
    ['COMMAND=x', 'WRONG_AUTH_TYPE', 403],
  ])('%s: %s', async (form, error, status) => {
    expect(await rest(await start(), 'pull.application.event.add', form)).toMatchObject({ status, error })
  })
})

describe('who may ask', () => {
  test('a POST without the session id is told the right one, and works with it', async () => {
    const server = await start({ sessid: 'fresh' })
    expect(await rest(server, 'pull.config.get', 'sessid=stale')).toMatchObject({
      status: 401,
      error: 'session_failed',
      sessid: 'fresh',
    })
    expect((await rest(server, 'pull.config.get', 'SESSID=fresh')).status).toBe(200)
    expect((await rest(server, 'pull.config.get', '', { 'X-Bitrix-Csrf-Token': 'fresh' })).status).toBe(200)
    // Guests and applications have no session.
    expect((await rest(server, 'pull.config.get', 'pull_guest_id=-1')).status).toBe(200)
    expect((await rest(server, 'pull.application.config.get', 'auth=app')).status).toBe(200)
  })

  test('a session may end while pages are open', async () => {
    const server = await start({ sessid: 'first' })
    expect((await rest(server, 'pull.watch.extend', 'sessid=first')).status).toBe(200)
    server.faults.set({ sessid: 'second' })
    expect(await rest(server, 'pull.watch.extend', 'sessid=first')).toMatchObject({ status: 401, sessid: 'second' })
    expect((await rest(server, 'pull.watch.extend', 'sessid=second')).status).toBe(200)
  })

  test('with logins required nobody is refused and a guest may do little', async () => {
    const server = await start({ login: 'required' })
    expect(await rest(server, 'pull.config.get')).toMatchObject({ status: 403, error: 'AUTHORIZE_ERROR' })
    expect((await rest(server, 'pull.config.get', 'userId=3')).status).toBe(200)
    expect((await rest(server, 'server.time')).status).toBe(200)
    const guest = 'pull_guest_id=-5'
    const config = await configOf(server, guest)
    expect(config.publicChannels).toHaveProperty('-5')
    expect(await rest(server, 'pull.watch.extend', `${guest}&tags[]=a`)).toMatchObject({ error: 'AUTHORIZE_ERROR' })
    expect(await action(server, 'pull.api.config.get')).toMatchObject({
      http: 401,
      errors: [{ code: 'invalid_authentication' }],
    })
  })

  test('a fault befalls one method so many times', async () => {
    const server = await start()
    server.faults.set({ rest: { method: 'pull.watch.extend', status: 503, times: 1 } })
    expect((await rest(server, 'server.time')).status).toBe(200)
    expect(await rest(server, 'pull.watch.extend')).toMatchObject({ status: 503, error: 'FAULT_503' })
    expect((await rest(server, 'pull.watch.extend')).status).toBe(200)
    const body = '{"error":"AUTHORIZE_ERROR"}'
    server.faults.set({ rest: { status: 401, body } })
    expect(await rest(server, 'pull.config.get')).toEqual({ status: 401, error: 'AUTHORIZE_ERROR' })
  })
})

describe('watch tags', () => {
  test('a page renews what the portal gave and nothing else', async () => {
    const server = await start()
    server.watchTags.add(7, 'TASK_1')
    const extend = async (form: string) => (await rest(server, 'pull.watch.extend', form)).result
    expect(await extend('userId=7&tags[0]=TASK_1&tags[1]=TASK_2')).toEqual({ TASK_1: true, TASK_2: false })
    expect(await extend('userId=8&TAGS[]=TASK_1')).toEqual({ TASK_1: false })
    expect(await extend('userId=7')).toEqual([])
    const calls = server.log.filter((record) => record.kind === 'rest').map((record) => record.call)
    expect(calls).toEqual(['pull.watch.extend', 'pull.watch.extend', 'pull.watch.extend'])
  })

  test('a row dies unless it is renewed', async () => {
    const server = await start({ watchTagTtlMs: 40 })
    server.watchTags.add(1, 'A')
    await expect.poll(() => server.watchTags.holders('A')).toEqual([])
    expect((await rest(server, 'pull.watch.extend', 'tags[]=A')).result).toEqual({ A: false })
  })

  test('a message to a tag reaches who holds it, once', async () => {
    const server = await start()
    const socket = await connect(server)
    const other = await connect(server, server.config(2).channels.private.id)
    server.watchTags.add(1, 'A')
    server.watchTags.add(2, 'B')
    server.publish(message(1), { tag: 'A', users: [1] })
    server.publish(message(2), { tag: 'B' })
    server.publish(message(3), { tag: 'nobody' })
    server.publish(message(4), { users: [1, 2] })
    const read = async (from: typeof socket) =>
      (await from.until((pieces) => pieces.flatMap(envelopes).some((each) => each.text.params.n === 4)))
        .flatMap(envelopes)
        .map((each) => each.text.params.n)
    expect(await read(socket)).toEqual([1, 4])
    expect(await read(other)).toEqual([2, 4])
    socket.close()
    other.close()
    await Promise.all([socket.ended, other.ended])
  })
})

describe('controller actions', () => {
  test('answer in their own frame', async () => {
    const server = await start()
    const config = await action(server, 'pull.api.config.get', 'userId=7')
    expect(config).toMatchObject({ http: 200, status: 'success', errors: [] })
    expect(config.data).toMatchObject({ publicChannels: { 7: {} } })
    expect(config.data).not.toHaveProperty('serverTime')
    server.watchTags.add(1, 'A')
    expect((await action(server, 'pull.api.config.extendWatch', 'tags[]=A')).data).toEqual({ A: true })
    expect((await action(server, 'pull.api.channel.getPublicIds', 'users[]=7')).data).toMatchObject({
      7: { user_id: 7 },
    })
    expect(await action(server, 'no.such')).toMatchObject({ http: 404, status: 'error', data: null })
  })

  test('last seen: 0 for who is connected, absent for who never was', async () => {
    const server = await start()
    const socket = await connect(server)
    const seen = await action(server, 'pull.api.user.getLastSeen', 'userIds[]=1&userIds[]=99')
    expect(seen.data).toEqual({ 1: 0 })
    expect((await action(server, 'pull.api.user.getLastSeen', 'userIds[]=99')).data).toEqual([])
    expect(await action(server, 'pull.api.user.getLastSeen', 'userIds=x')).toMatchObject({ http: 400 })
    socket.close()
    await socket.ended
  })

  test('a missing token is answered with the right one', async () => {
    const server = await start({ sessid: 'fresh' })
    expect(await action(server, 'pull.api.config.get')).toMatchObject({
      http: 401,
      status: 'error',
      errors: [{ code: 'invalid_csrf', customData: { csrf: 'fresh' } }],
    })
    expect((await action(server, 'pull.api.config.get', '', { 'X-Bitrix-Csrf-Token': 'fresh' })).http).toBe(200)
    expect((await action(server, 'pull.api.config.get', 'sessid=fresh')).http).toBe(200)
  })
})

test('user_params below version 5: everybody gets a message of his own', async () => {
  const server = await start()
  const one = await connect(server, server.config(1).channels.private.id)
  const two = await connect(server, server.config(2).channels.private.id)
  const user_params = { 1: { n: 11 }, 2: { n: 22 } }
  server.publish(
    { module_id: 'im', command: 'x', params: { n: 0 }, dictionary: { d: 1, n: 1 }, user_params },
    { users: [1, 2] },
  )
  const paramsOf = async (socket: typeof one) => envelopes(await socket.next()).map((each) => each.text.params)
  expect(await paramsOf(one)).toEqual([{ n: 11, d: 1 }])
  expect(await paramsOf(two)).toEqual([{ n: 22, d: 1 }])
  one.close()
  two.close()
  await Promise.all([one.ended, two.ended])
})
