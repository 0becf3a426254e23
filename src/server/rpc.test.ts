/** Version 5 by hand: tokens, notifications, calls, pings and presence, with a client that knows only `ws` and JSON. */
import { expect, test } from 'vitest'
import { signToken } from './jwt'
import type { PullServer } from './server'
import { message, useServers } from './test-bench'
import { http, openWebSocket, type Opened } from './test-client'

const start = useServers({ version: 5 })

interface Note {
  readonly method: string
  readonly params: {
    readonly mid: string
    readonly body: { module_id: string; command: string; params: Record<string, unknown> }
    readonly sender: unknown
    readonly user_params?: unknown
    readonly dictionary?: unknown
  }
}

interface Client {
  /** The next frame that is no ping. */
  next(): Promise<unknown>
  notes(count: number): Promise<Note[]>
  call(method: string, params?: unknown, id?: number | string): Promise<unknown>
  send(text: string): void
  end(): Promise<void>
  readonly opened: Opened
}

function address(server: PullServer, userId = 1, extra = ''): string {
  return `${server.url}/bitrix/subws/?token=${server.config(userId).jwt}&jsonRpc=true${extra}`
}

async function join(server: PullServer, userId = 1, extra = ''): Promise<Client> {
  const before = server.connections().length
  const opened = await openWebSocket(address(server, userId, extra))
  expect(opened.status).toBe(101)
  await expect.poll(() => server.connections().length, { interval: 3 }).toBe(before + 1)
  const send = (text: string): void => opened.socket!.send(text)
  const next = async (): Promise<unknown> => {
    const frame = await opened.next()
    if (frame !== 'ping') return JSON.parse(frame)
    send('pong')
    return next()
  }
  return {
    opened,
    next,
    send,
    async notes(count) {
      const found: Note[] = []
      while (found.length < count) found.push(...([await next()].flat() as Note[]))
      return found
    },
    call(method, params = {}, id = 1) {
      send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
      return next()
    },
    async end() {
      opened.close()
      await opened.ended
    },
  }
}

/** Waits until the server has forgotten connections that were closed. */
const settled = (server: PullServer, count: number) =>
  expect.poll(() => server.connections().length, { interval: 3 }).toBe(count)

const n = (note: Note) => note.params.body.params.n

test('a message arrives as a notification, a burst as one and a list', async () => {
  const server = await start({ batchWindowMs: 80 })
  const client = await join(server)
  for (const each of [1, 2, 3]) server.publish(message(each))
  const first = (await client.next()) as Note
  expect(first).toMatchObject({
    jsonrpc: '2.0',
    method: 'incoming.message',
    params: { body: { module_id: 'im', command: 'message', params: { n: 1 } }, sender: { type: 2 } },
  })
  expect(first.params.mid).toMatch(/^\d{26}$/)
  expect('id' in first).toBe(false)
  const rest = (await client.next()) as Note[]
  expect(rest.map(n)).toEqual([2, 3])
  await client.end()
})

test('user_params and dictionary travel beside the body', async () => {
  const server = await start()
  const client = await join(server)
  server.publish({ ...message(1), user_params: { 1: { mine: true } }, dictionary: { shared: 5 } })
  const [note] = await client.notes(1)
  expect(note!.params.body.params).toEqual({ n: 1 })
  expect(note!.params.user_params).toEqual({ mine: true })
  expect(note!.params.dictionary).toEqual({ shared: 5 })
  await client.end()
})

test('both channels are heard, and a mid brings back what was missed', async () => {
  const server = await start()
  const client = await join(server)
  server.publish(message(1), { users: [1] })
  server.publish(message(2), { shared: true })
  const notes = await client.notes(2)
  expect(notes.map(n)).toEqual([1, 2])
  await client.end()
  await settled(server, 0)
  server.publish(message(3))
  server.publish(message(4), { expiry: 0 })
  server.publish(message(5), { shared: true })
  const again = await join(server, 1, `&mid=${notes[0]!.params.mid}`)
  expect(((await again.next()) as Note[]).map(n)).toEqual([2, 3, 5])
  await again.end()
})

test('what is no JSON travels as a text', async () => {
  const server = await start()
  const client = await join(server)
  server.publishRaw('no json')
  expect((await client.notes(1))[0]!.params.body).toBe('no json')
  await client.end()
})

test('a token that is missing, foreign or over is refused with 401', async () => {
  const server = await start()
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: 'x', iat: now, exp: now + 60, sub: '1', chan: 'a'.repeat(32) }
  for (const query of [
    '',
    'token=',
    `token=${signToken(claims, 'another')}`,
    `token=${signToken({ ...claims, exp: now - 1 }, 'test-key')}`,
    `CHANNEL_ID=${server.config().channels.private.id}`,
  ]) {
    const refused = await openWebSocket(`${server.url}/bitrix/subws/?${query}`)
    expect([query, refused.status, await refused.next()]).toEqual([query, 401, 'Unauthorized'])
  }
})

test('there is nothing but the WebSocket', async () => {
  const server = await start()
  const { jwt } = server.config()
  for (const path of ['/bitrix/sub/', '/bitrix/subws/', '/bitrix/rest/']) {
    expect((await http(`${server.url}${path}?token=${jwt}`)).status, path).toBe(404)
  }
})

test('a visitor hears the channels his token lists', async () => {
  const server = await start()
  const [privateId, shared] = ['a'.repeat(32), server.config().channels.shared.id.slice(0, 32)]
  const exp = Math.floor(Date.now() / 1000) + 60
  const token = signToken({ iss: 'x', iat: 0, exp, chan: `${privateId},${shared}` }, 'test-key')
  const opened = await openWebSocket(`${server.url}/bitrix/subws/?token=${token}&jsonRpc=true`)
  await settled(server, 1)
  server.publish(message(1), { channels: [privateId] })
  server.publish(message(2), { shared: true })
  const frames = await opened.until((pieces) => pieces.join('').includes('"n":2'))
  expect(frames.join('')).toContain('"n":1')
  opened.close()
  await opened.ended
})

test('calls and their errors', async () => {
  const server = await start()
  const client = await join(server)
  const ok = (result: unknown, id: number | string = 1) => ({ jsonrpc: '2.0', id, result })
  const failed = (code: number, id: number | null = 1) => ({ jsonrpc: '2.0', id, error: { code } })
  expect(await client.call('ping', {}, 'a')).toEqual(ok({}, 'a'))
  const { channels } = server.config()
  const own = [channels.private, channels.shared].map((channel) => channel.id.slice(0, 32))
  expect(await client.call('listChannels')).toEqual(ok(own))
  expect(await client.call('nothing')).toMatchObject(failed(-32601))
  expect(await client.call('updateUsersLastSeen', { 1: 2 })).toMatchObject(failed(-32601))
  expect(await client.call('getUsersLastSeen', { userList: 1 })).toMatchObject(failed(-32602))
  expect(await client.call('subscribeStatusChange', {})).toMatchObject(failed(-32602))
  expect(await client.call('ping', [])).toMatchObject(failed(-32602))
  client.send('{')
  expect(await client.next()).toMatchObject(failed(-32700, null))
  client.send(Buffer.from('{}').toString())
  expect(await client.next()).toMatchObject(failed(-32600, null))
  client.send('[]')
  expect(await client.next()).toMatchObject(failed(-32600, null))
  client.send(JSON.stringify({ jsonrpc: '2.0', id: 9 }))
  expect(await client.next()).toMatchObject(failed(-32600, 9))
  await client.end()
})

test('a batch is answered with one list; notifications and answers of the client with nothing', async () => {
  const server = await start()
  const client = await join(server)
  const call = (id: number | undefined, method: string) => ({ jsonrpc: '2.0', id, method, params: {} })
  client.send(JSON.stringify({ jsonrpc: '2.0', id: 5, result: {} }))
  client.send(JSON.stringify([call(undefined, 'ping')]))
  client.send(JSON.stringify([call(1, 'ping'), call(undefined, 'ping'), call(2, 'nothing'), 7]))
  expect(await client.next()).toMatchObject([
    { id: 1, result: {} },
    { id: 2, error: { code: -32601 } },
    { id: null, error: { code: -32600 } },
  ])
  client.send(JSON.stringify([call(3, 'ping')]))
  expect(await client.next()).toMatchObject([{ id: 3 }])
  await client.end()
})

test('publishing to users and to public ids, in the name of the user', async () => {
  const server = await start()
  const [one, two] = [await join(server, 1), await join(server, 2)]
  const { public_id: publicId, signature } = (
    server.config(2).publicChannels as Record<string, { public_id: string; signature: string }>
  )[2]!
  const body = { module_id: 'im', command: 'typing', params: { n: 1 } }
  for (const to of [
    { userList: [2] },
    { channelList: [`${publicId}.${signature}`] },
    { channelList: [{ publicId, signature }] },
  ]) {
    expect(await one.call('publish', { ...to, body, expiry: 10 })).toMatchObject({ result: {} })
    const [note] = await two.notes(1)
    expect(note!.params).toMatchObject({ body, sender: { type: 1, id: '1' } })
  }
  for (const params of [
    { body },
    { userList: [2] },
    { userList: [2], body: { module_id: 'im' } },
    { channelList: [`${publicId}.${'0'.repeat(40)}`], body },
    { channelList: [publicId], body },
    { userList: [2], body, expiry: -1 },
    { userList: Array.from({ length: 101 }, () => 2), body },
  ]) {
    expect(await one.call('publish', params), JSON.stringify(params)).toMatchObject({ error: { code: -32602 } })
  }
  // Stored for the ten seconds that were asked for.
  await two.end()
  await settled(server, 1)
  const again = await join(server, 2, `&mid=${'0'.repeat(26)}`)
  expect((await again.next()) as Note[]).toHaveLength(3)
  await again.end()
  await one.end()
})

test('confirmed messages are remembered', async () => {
  const server = await start()
  const client = await join(server)
  server.publish(message(1))
  server.publish(message(2))
  const mids = (await client.notes(2)).map((note) => note.params.mid)
  for (const mid of mids) client.send(`mack:${mid}`)
  await expect.poll(() => server.acknowledged(), { interval: 3 }).toEqual(mids)
  await client.end()
})

test('bare pings; a client that answers stays, one that does not is cut after two', async () => {
  const server = await start({ rpcPingIntervalMs: 30 })
  const deaf = await openWebSocket(address(server))
  expect((await deaf.ended).code).toBe(1006)
  expect([await deaf.next(), await deaf.next()]).toEqual(['ping', 'ping'])
  await expect(deaf.next()).rejects.toThrow('ended with 1006')
  const alive = await openWebSocket(address(server))
  for (let count = 0; count < 6; count += 1) {
    expect(await alive.next()).toBe('ping')
    alive.socket!.send('pong')
  }
  expect(alive.socket!.readyState).toBe(alive.socket!.OPEN)
  alive.close()
  await alive.ended
})

test('a silent server sends no pings and keeps the connection', async () => {
  const silent = await start({ rpcPingIntervalMs: 20 })
  silent.faults.set({ rpcSilent: true })
  const opened = await openWebSocket(address(silent))
  const frames: string[] = []
  opened.socket!.on('message', (data: Buffer) => frames.push(data.toString()))
  // By the time another server has given up its deaf client, this one had as many chances.
  const usual = await openWebSocket(address(await start({ rpcPingIntervalMs: 20 })))
  expect((await usual.ended).code).toBe(1006)
  expect(frames).toEqual([])
  expect(opened.socket!.readyState).toBe(opened.socket!.OPEN)
  silent.faults.clear()
  await expect.poll(() => frames, { interval: 3 }).toContain('ping')
  opened.close()
  await opened.ended
})

test('presence: the first connection brings a user online, the last one takes him off', async () => {
  const server = await start()
  const watcher = await join(server, 1)
  expect(await watcher.call('getUsersLastSeen', { userList: [1, 2, 3] })).toMatchObject({ result: { 1: 0 } })
  expect(await watcher.call('subscribeStatusChange', { userId: 2 })).toMatchObject({ result: {} })
  const first = await join(server, 2)
  const second = await join(server, 2)
  await first.end()
  await second.end()
  const changes = await watcher.notes(2)
  expect(changes.map((each) => each.params.body)).toEqual([
    { module_id: 'online', command: 'userStatusChange', params: { user_id: 2, online: true } },
    { module_id: 'online', command: 'userStatusChange', params: { user_id: 2, online: false } },
  ])
  const seen = (await watcher.call('getUsersLastSeen', { userList: [1, 2, 3] })) as { result: Record<string, number> }
  expect(Object.keys(seen.result)).toEqual(['1', '2'])
  expect(await watcher.call('unsubscribeStatusChange', { userId: 2 })).toMatchObject({ result: {} })
  const third = await join(server, 2)
  server.publish(message(9))
  expect((await watcher.notes(1)).map(n)).toEqual([9])
  await third.end()
  await watcher.end()
})

test('faults reach JSON-RPC connections: doubled messages, a cut after a frame', async () => {
  const server = await start()
  server.faults.set({ duplicate: 1 })
  const client = await join(server)
  server.publish(message(1))
  expect((await client.notes(2)).map(n)).toEqual([1, 1])
  await client.end()
  server.faults.clear()
  server.faults.set({ closeAfterFrames: 1 })
  const cut = await join(server)
  server.publish(message(2))
  expect((await cut.notes(1)).map(n)).toEqual([2])
  expect((await cut.opened.ended).code).toBe(1006)
})
