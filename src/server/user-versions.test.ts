/** One server that speaks several generations, each user on the one he was given. */
import { expect, test } from 'vitest'
import type { PullServer } from './server'
import { message, useServers } from './test-bench'
import { envelopes, http, openWebSocket, type Opened } from './test-client'

const start = useServers()

interface Incoming {
  method?: string
  params?: { mid: string; body: { params: { n: number } }; user_params?: object; dictionary?: object }
}

/** As a page of the user would. */
async function open(server: PullServer, userId: number): Promise<Opened> {
  const { jwt, channels, server: urls } = server.config(userId)
  const who =
    jwt === undefined ? `CHANNEL_ID=${channels.private.id}/${channels.shared.id}` : `token=${jwt}&jsonRpc=true`
  const socket = await openWebSocket(`${urls.websocket}?${who}`)
  expect(socket.status).toBe(101)
  await expect.poll(() => server.connections().some((each) => each.userId === userId), { interval: 3 }).toBe(true)
  return socket
}

/** Version 5 frames are JSON, the others the text template. */
function read(frame: string): { n: number }[] {
  if (frame.startsWith('#!')) return envelopes(frame).map((each) => each.text.params)
  if (frame === 'ping') return []
  const requests = [JSON.parse(frame) as Incoming | Incoming[]].flat()
  return requests.map((each) => each.params!.body.params)
}

async function readUntil(socket: Opened, n: number): Promise<number[]> {
  const last = (pieces: readonly string[]) => pieces.flatMap(read).at(-1)?.n === n
  return (await socket.until(last)).flatMap(read).map((each) => each.n)
}

test('users of different generations get the same messages', async () => {
  const server = await start({ userVersions: { 2: 2, 5: 5 } })
  expect([1, 2, 5].map((userId) => server.config(userId).server.version)).toEqual([4, 2, 5])
  expect(server.config(5).server.websocket).toBe(`ws://127.0.0.1:${server.port}/v5/bitrix/subws/`)
  expect(server.config(2).server.sse).toContain('/v2/bitrix/subsse/')
  const sockets = [await open(server, 1), await open(server, 2), await open(server, 5)]
  server.publish(message(1), { users: [1, 2, 5] })
  server.publish(message(2), { shared: true })
  server.publish(message(3), { users: [5] })
  server.watchTags.add(2, 'A')
  server.publish(message(4), { tag: 'A' })
  server.publish(message(9), { users: [1, 2, 5] })
  const got = await Promise.all(sockets.map((socket) => readUntil(socket, 9)))
  expect(got).toEqual([
    [1, 2, 9],
    [1, 2, 4, 9],
    [1, 2, 3, 9],
  ])
  for (const socket of sockets) socket.close()
  await Promise.all(sockets.map((socket) => socket.ended))
})

test('a channel named by its id is served by its own generation', async () => {
  const server = await start({ version: 4, userVersions: { 2: 2 } })
  const socket = await open(server, 2)
  server.publish(message(1), { users: [2] })
  server.publish(message(2), { channels: [server.config(2).channels.private.id] })
  server.publish(message(3), { users: [2] })
  const frames = await socket.until((pieces) => pieces.flatMap(envelopes).length === 3)
  // push-stream counts per channel; a Node server would have numbered the second one by itself.
  expect(frames.flatMap(envelopes).map((each) => each.id)).toEqual([2, 3, 4])
  socket.close()
  await socket.ended
})

test('channels end on the generation they belong to', async () => {
  const server = await start({ version: 4, userVersions: { 2: 2 } })
  const socket = await open(server, 2)
  const before = server.config(2).channels
  server.expireChannel('shared')
  server.expireChannel('private', 2)
  const frames = await socket.until((pieces) => pieces.flatMap(envelopes).length === 2)
  const after = server.config(2).channels
  expect(frames.flatMap(envelopes).map((each) => each.text.params)).toMatchObject([
    { action: 'reconnect', channel: { id: before.shared.id }, new_channel: { id: after.shared.id } },
    { action: 'get_config', channel: { id: before.private.id } },
  ])
  expect(before.shared.id).toMatch(/^[0-9a-f]{32}$/)
  socket.close()
  await socket.ended
})

test('a user without a queue server polls the same portal', async () => {
  const server = await start({ userVersions: { 3: 0 } })
  const { server: urls, channels } = server.config(3)
  expect(urls.interval_polling).toBe(`${server.url}/bitrix/components/bitrix/pull.request/ajax.php?userId=3`)
  server.publish(message(1), { users: [1, 3] })
  const body = `PULL_UPDATE_STATE=Y&CHANNEL_ID=${channels.private.id}`
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const answer = await http(urls.interval_polling!, { method: 'POST', body, headers })
  expect(answer.body).toContain("'n':'1'")
  expect((await http(`${server.url}/v0/bitrix/sub/?CHANNEL_ID=x`)).status).toBe(404)
  // A version nobody was given is no address of this server.
  expect((await http(`${server.url}/v5/bitrix/subws/?token=x`)).status).toBe(404)
})

test('faults, the log and a restart are common', async () => {
  const server = await start({ userVersions: { 5: 5 } })
  server.faults.set({ upgradeStatus: 503 })
  const { jwt, server: urls } = server.config(5)
  const url = `${urls.websocket}?token=${jwt!}&jsonRpc=true`
  expect((await openWebSocket(url)).status).toBe(503)
  server.faults.clear()
  expect(server.log.at(-1)).toMatchObject({ kind: 'websocket', path: '/v5/bitrix/subws/', status: 503 })
  const socket = await open(server, 5)
  await server.restart()
  expect((await socket.ended).code).toBe(1006)
  const again = await open(server, 5)
  again.close()
  await again.ended
})

test('from version 5 on each receiver gets his own part beside the params', async () => {
  const server = await start({ version: 5 })
  const one = await open(server, 1)
  const two = await open(server, 2)
  const parts = { user_params: { 1: { n: 11 } }, dictionary: { d: 1 } }
  server.publish({ ...message(0), ...parts }, { users: [1, 2] })
  const next = async (socket: Opened): Promise<Incoming['params']> => {
    const frame = await socket.next()
    return frame === 'ping' ? next(socket) : (JSON.parse(frame) as Incoming).params
  }
  expect(await next(one)).toMatchObject({ body: { params: { n: 0 } }, user_params: { n: 11 }, dictionary: { d: 1 } })
  const other = await next(two)
  expect(other).toMatchObject({ body: { params: { n: 0 } }, dictionary: { d: 1 } })
  expect(other!.user_params).toBeUndefined()
  one.close()
  two.close()
  await Promise.all([one.ended, two.ended])
})
