/** Faults, seen from outside. Every wait is for a fact. */
import { describe, expect, test } from 'vitest'
import type { PullServer } from './server'
import { connect, ids, message, useServers } from './test-bench'
import { http, numbers, openStream, openWebSocket, type Opened } from './test-client'

const start = useServers()

describe('faults', () => {
  test('handshakes are refused with a status, a given number of times', async () => {
    const server = await start()
    server.faults.set({ upgradeStatus: 502, times: 2 })
    expect((await connect(server)).status).toBe(502)
    expect((await connect(server)).status).toBe(502)
    const third = await connect(server)
    expect(third.status).toBe(101)
    third.close()
    await third.ended
    expect(server.log.map((record) => record.status)).toEqual([502, 502, 101])
  })

  test('a black hole accepts the connection and never answers; closing the server ends it', async () => {
    const server = await start()
    server.faults.set({ upgradeHang: true, poll: 'hang' })
    const outcome = Promise.allSettled([connect(server), http(`${server.url}/bitrix/sub/?CHANNEL_ID=${ids(server)}`)])
    await expect.poll(() => server.log.length).toBe(2)
    expect(server.log.map((record) => record.status)).toEqual([0, 0])
    await server.close()
    expect((await outcome).map((each) => each.status)).toEqual(['rejected', 'rejected'])
  })

  test('a cut drops the TCP connection; a graceful one closes with a code', async () => {
    const server = await start()
    const [first, second] = [await connect(server), await connect(server)]
    const poll = http(`${server.url}/bitrix/sub/?CHANNEL_ID=${ids(server)}`)
    const failed = expect(poll).rejects.toThrow()
    await expect.poll(() => server.connections().length).toBe(3)
    expect(server.faults.cut({ kind: 'long-polling' })).toBe(1)
    await failed
    expect(server.faults.cut({ graceful: true, code: 1012 })).toBe(2)
    expect(await first.ended).toEqual({ code: 1012, reason: '' })
    expect((await second.ended).code).toBe(1012)
    const third = await connect(server)
    server.faults.cut()
    expect((await third.ended).code).toBe(1006)
  })

  test('stalled connections stay open and deaf, later ones work', async () => {
    const server = await start()
    const stalled = await connect(server)
    expect(server.faults.stall()).toBe(1)
    const fresh = await connect(server)
    server.publish(message(1))
    expect(numbers(await fresh.next())).toEqual([1])
    // Not even a ping is answered.
    let answered = false
    stalled.socket!.on('pong', () => (answered = true))
    stalled.socket!.ping()
    server.publish(message(2))
    expect(numbers(await fresh.next())).toEqual([2])
    expect(answered).toBe(false)
    expect(server.connections().length).toBe(2)
    server.faults.cut()
    expect((await stalled.ended).code).toBe(1006)
    await expect(stalled.next()).rejects.toThrow()
  })

  test('a stall may end; what came meanwhile is lost', async () => {
    const server = await start()
    const socket = await connect(server)
    server.faults.stall({ ms: 50 })
    server.publish(message(1))
    const pong = new Promise((resolve) => socket.socket!.once('pong', resolve))
    socket.socket!.ping()
    await pong
    server.publish(message(2))
    expect(numbers(await socket.next())).toEqual([2])
    socket.close()
    await socket.ended
  })

  test('messages come twice or swapped, but all of them', async () => {
    const server = await start()
    server.faults.set({ duplicate: 0.3, reorder: 0.3, seed: 7 })
    const socket = await connect(server)
    for (let n = 1; n <= 50; n += 1) server.publish(message(n))
    const frames = await socket.until((pieces) => new Set(pieces.flatMap(numbers)).size === 50)
    const got = frames.flatMap(numbers)
    expect(got.length).toBeGreaterThan(50)
    expect(got).not.toEqual([...got].sort((a, b) => a - b))
    socket.close()
    await socket.ended
  })

  test('a slow connection is late but in order', async () => {
    const server = await start()
    server.faults.set({ slowMs: { websocket: 30 } })
    const socket = await connect(server)
    const sentAtMs = performance.now()
    for (let n = 1; n <= 20; n += 1) server.publish(message(n))
    const frames = await socket.until((pieces) => pieces.flatMap(numbers).length === 20)
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(28)
    expect(frames.flatMap(numbers)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    socket.close()
    await socket.ended
  })

  test('connections that open and then die', async () => {
    const server = await start()
    server.faults.set({ closeAfterMs: { websocket: 20 } })
    const socket = await openWebSocket(`${server.url}/bitrix/subws/?CHANNEL_ID=${ids(server)}`)
    expect((await socket.ended).code).toBe(1006)
  })

  test('a replay is cut in the middle', async () => {
    const server = await start({ version: 2, pushStream: '0.5.5' })
    const list = ids(server)
    for (let n = 1; n <= 9; n += 1) server.publish(message(n))
    server.faults.set({ closeAfterFrames: 4 })
    const cursor = `&tag=0&time=${encodeURIComponent(new Date(Date.now() - 5000).toUTCString())}`
    const socket = await openWebSocket(`${server.url}/bitrix/subws/?CHANNEL_ID=${list}${cursor}`)
    expect((await socket.ended).code).toBe(1006)
    const pieces = await socket.until((read) => read.length === 4)
    expect(pieces.flatMap(numbers).slice(1)).toEqual([1, 2, 3]) // behind the message that opened the channel
    await expect(socket.next()).rejects.toThrow()
    const stream = await openStream(`${server.url}/bitrix/subsse/?CHANNEL_ID=${list}${cursor}`)
    expect((await stream.ended).code).toBe(1006)
    await expect(http(`${server.url}/bitrix/sub/?CHANNEL_ID=${list}${cursor}`)).rejects.toThrow()
  })

  test('the end of a replay may come again', async () => {
    const server = await start({ version: 2 })
    const list = server.config().channels.private.id
    for (let n = 1; n <= 3; n += 1) server.publish(message(n))
    server.faults.set({ replayEcho: 2 })
    const cursor = `&tag=0&time=${encodeURIComponent(new Date(Date.now() - 5000).toUTCString())}`
    const socket = await connect(server, list, cursor)
    const pieces = await socket.until((read) => read.filter((piece) => numbers(piece)[0] === 3).length === 2)
    expect(pieces.flatMap(numbers).filter((n) => n > 0)).toEqual([1, 2, 3, 2, 3])
    socket.close()
    await socket.ended
  })

  test('a buffering proxy holds even the response head until 4 KB have gathered', async () => {
    const server = await start({ version: 2 })
    server.faults.set({ sse: 'buffer' })
    const opening = openStream(`${server.url}/bitrix/subsse/?CHANNEL_ID=${ids(server)}`)
    await expect.poll(() => server.connections().length).toBe(1)
    server.publish(message(1))
    server.publish(message(2))
    expect(server.log.at(-1)).toMatchObject({ kind: 'sse', status: 0 })
    for (let n = 3; n <= 20; n += 1) server.publish(message(n))
    const stream = await opening
    const text = (await stream.until((pieces) => numbers(pieces.join('')).length > 10)).join('')
    expect(numbers(text).slice(0, 3)).toEqual([1, 2, 3])
    stream.close()
    await expect.poll(() => server.connections().length).toBe(0)
  })

  test('the configuration fails by status, garbage or delay', async () => {
    const server = await start()
    server.faults.set({ config: { status: 403 }, times: 1 })
    expect((await http(server.configUrl)).status).toBe(403)
    server.faults.set({ config: { body: '<html>' }, times: 1 })
    expect(await http(server.configUrl)).toMatchObject({ status: 200, body: '<html>' })
    server.faults.set({ config: { delayMs: 40 }, times: undefined })
    const askedAtMs = performance.now()
    expect((await http(server.configUrl)).status).toBe(200)
    expect(performance.now() - askedAtMs).toBeGreaterThanOrEqual(38)
    server.faults.clear()
    expect(server.faults.current).toEqual({})
  })

  test('what is published between reading the history and listening is lost on Node servers', async () => {
    const server = await start()
    const list = ids(server)
    server.publish(message(1))
    server.faults.set({ listenDelayMs: 60 })
    const socket = await connectNow(server, list, `&mid=${'0'.repeat(26)}`)
    expect(numbers(await socket.next())).toEqual([1])
    server.publish(message(2))
    await expect.poll(() => server.connections().length).toBe(1)
    server.publish(message(3))
    expect(numbers(await socket.next())).toEqual([3])
    socket.close()
    await socket.ended
  })
})

function connectNow(server: PullServer, list: string, extra: string): Promise<Opened> {
  return openWebSocket(`${server.url}/bitrix/subws/?CHANNEL_ID=${list}${extra}`)
}

test('a proxy that strips the upgrade: a long poll on Node servers, 400 on push-stream', async () => {
  const node = await start()
  node.faults.set({ upgradeStripped: true })
  const eaten = openWebSocket(`${node.url}/bitrix/subws/?CHANNEL_ID=${ids(node)}`)
  await expect.poll(() => node.connections()).toMatchObject([{ kind: 'long-polling' }])
  node.publish(message(1))
  const answer = await eaten
  expect(answer.status).toBe(200)
  expect(numbers(await answer.next())).toEqual([1])
  const pushStream = await start({ version: 2 })
  pushStream.faults.set({ upgradeStripped: true })
  expect((await connect(pushStream)).status).toBe(400)
  expect(pushStream.log.at(-1)).toMatchObject({ kind: 'websocket', status: 400 })
})
