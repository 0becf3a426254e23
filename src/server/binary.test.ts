/** Binary framing of version 4 where no recording is at hand: gathering, size, habits under faults, who may publish. */
import { expect, test } from 'vitest'
import type { PullServer } from './server'
import { connect, ids, message, useServers } from './test-bench'
import { http, openWebSocket, numbers, type Opened } from './test-client'
import { askingForStats, decodeBatch, messagesOf, publishing, type Target } from './test-protobuf'

const start = useServers({ version: 4 })
const BINARY = '&binaryMode=true'

const batch = (frame: string) => decodeBatch(Buffer.from(frame, 'base64'))
const sent = (frames: readonly string[]) => messagesOf(frames).map((each) => bodyOf(each.body).params.n)
const bodyOf = (text: string) => JSON.parse(text) as { params: { n: number; text?: string } }

function publicOf(server: PullServer, userId: number): Target {
  const { publicChannels } = server.config(userId)
  const { public_id: id, signature } = (publicChannels as Exclude<typeof publicChannels, boolean>)[userId]!
  return { id, signature }
}

test('live: one response for each message; replayed: one response for all of them', async () => {
  const server = await start({ batchWindowMs: 80 })
  const socket = await connect(server, ids(server), BINARY)
  for (let n = 1; n <= 50; n += 1) server.publish(message(n))
  const live = await socket.until((frames) => sent(frames).length === 50)
  expect(live.map((frame) => batch(frame).map((each) => each.outgoingMessages!.messages.length))).toEqual([
    [1],
    Array.from({ length: 49 }, () => 1),
  ])
  const again = await openWebSocket(
    `${server.url}/bitrix/subws/?CHANNEL_ID=${ids(server)}${BINARY}&mid=${'0'.repeat(26)}`,
  )
  const replay = await again.next()
  expect(batch(replay).map((each) => each.outgoingMessages!.messages.length)).toEqual([50])
  expect(messagesOf([replay])).toEqual(messagesOf(live))
  for (const each of [socket, again]) {
    each.close()
    await each.ended
  }
})

test('two connections of one channel, each in the framing it asked for', async () => {
  const server = await start()
  const text = await connect(server)
  const binary = await connect(server, ids(server), BINARY)
  server.publish(message(1))
  expect(numbers(await text.next())).toEqual([1])
  expect(sent([await binary.next()])).toEqual([1])
  for (const each of [text, binary]) {
    each.close()
    await each.ended
  }
})

test('200 KB in one frame, and in one long-poll answer', async () => {
  const server = await start()
  const socket = await connect(server, ids(server), BINARY)
  const text = 'ж'.repeat(100_000)
  server.publish({ ...message(1), params: { n: 1, text } })
  const frame = await socket.next()
  expect(bodyOf(messagesOf([frame])[0]!.body).params.text).toBe(text)
  socket.close()
  await socket.ended
  const poll = await http(`${server.url}/bitrix/sub/?CHANNEL_ID=${ids(server)}${BINARY}&mid=${'0'.repeat(26)}`)
  expect(poll.headers['content-type']).toBe('application/octet-stream')
  expect(poll.bytes.toString('base64')).toBe(frame)
})

test('more than 100 receivers over all messages are too many; 100 are not', async () => {
  const server = await start()
  const to = publicOf(server, 2)
  const listener = await connect(server, server.config(2).channels.private.id, BINARY)
  for (const [each, code] of [[50, 0] as const, [51, 4018] as const]) {
    const socket = await connect(server, ids(server), BINARY)
    const many = Array.from({ length: each }, () => to)
    socket.socket!.send(
      publishing([
        { to: many, body: '{"params":{"n":1}}' },
        { to: many, body: '{"params":{"n":2}}' },
      ]),
    )
    if (code === 0) {
      expect(sent(await listener.until((frames) => sent(frames).length === 100))).toHaveLength(100)
      socket.close()
    } else expect((await socket.ended).code).toBe(code)
    await socket.ended
  }
  listener.close()
  await listener.ended
})

test('a private id cannot be reached by calling it public', async () => {
  const server = await start()
  const privateId = server.config(2).channels.private.id.slice(0, 32)
  const victim = await connect(server, server.config(2).channels.private.id, BINARY)
  const socket = await connect(server, ids(server), BINARY)
  socket.socket!.send(publishing([{ to: [{ id: privateId, signature: '00'.repeat(20) }], body: '{}' }]))
  expect((await socket.ended).code).toBe(4021)
  server.publish(message(7), { users: [2] })
  expect(sent([await victim.next()])).toEqual([7])
  victim.close()
  await victim.ended
})

test('what a client publishes over its WebSocket is told to those who watch the server', async () => {
  const server = await start()
  const seen: string[] = []
  server.watch((event) => event.type === 'published' && seen.push(event.body))
  const socket = await connect(server, ids(server), BINARY)
  socket.socket!.send(publishing([{ to: [publicOf(server, 1)], body: '{"params":{"n":3}}' }]))
  expect(sent([await socket.next()])).toEqual([3])
  expect(seen).toEqual(['{"params":{"n":3}}'])
  socket.close()
  await socket.ended
})

test('a request over 1 MiB: 413 by HTTP, a cut connection by WebSocket', async () => {
  const server = await start()
  const body = Buffer.alloc(1_048_577, 1)
  const answer = await http(`${server.url}/bitrix/rest/?CHANNEL_ID=${ids(server)}`, { method: 'POST', body })
  expect(answer.status).toBe(413)
  const socket = await connect(server, ids(server), BINARY)
  socket.socket!.on('error', () => {})
  socket.socket!.send(body)
  expect((await socket.ended).code).toBe(1006)
})

test('statistics follow who is there', async () => {
  const server = await start()
  const asking = await connect(server, ids(server), BINARY)
  const ask = async (socket: Opened) => {
    socket.socket!.send(askingForStats([publicOf(server, 2)]))
    return batch(await socket.next())[0]!.channelStats!.channels.map((each) => each.isOnline)
  }
  expect(await ask(asking)).toEqual([false])
  const other = await connect(server, server.config(2).channels.private.id)
  expect(await ask(asking)).toEqual([true])
  server.loseStorage() // forgets messages, not who listens
  expect(await ask(asking)).toEqual([true])
  other.close()
  await other.ended
  await expect.poll(() => server.connections().length, { interval: 3 }).toBe(1)
  expect(await ask(asking)).toEqual([false])
  asking.close()
  await asking.ended
})

test('faults reach binary connections: doubled messages, a cut after a frame, an echoed replay', async () => {
  const server = await start()
  server.faults.set({ duplicate: 1 })
  const doubled = await connect(server, ids(server), BINARY)
  server.publish(message(1))
  expect(sent(await doubled.until((frames) => sent(frames).length === 2))).toEqual([1, 1])
  doubled.close()
  await doubled.ended
  server.faults.clear()
  server.faults.set({ replayEcho: 1, closeAfterFrames: 2 })
  const url = `${server.url}/bitrix/subws/?CHANNEL_ID=${ids(server)}${BINARY}&mid=${'0'.repeat(26)}`
  const echoed = await openWebSocket(url)
  expect(sent([await echoed.next(), await echoed.next()])).toEqual([1, 1])
  expect((await echoed.ended).code).toBe(1006)
})
