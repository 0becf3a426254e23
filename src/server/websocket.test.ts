/** Pings, close frames, gathering and limits of open connections, per generation. */
import { expect, test } from 'vitest'
import type { PullServerOptions } from './options'
import type { PullServer } from './server'
import { connect, ids, message, useServers } from './test-bench'
import { http, numbers, openStream, openWebSocket, type Opened } from './test-client'

const start = useServers()

function connectNow(server: PullServer, list: string, extra: string): Promise<Opened> {
  return openWebSocket(`${server.url}/bitrix/subws/?CHANNEL_ID=${list}${extra}`)
}

test('more than 100 connections on a channel with a public id: the oldest goes, on 2.0 only', async () => {
  for (const [version, code] of [[4, 4029] as const, [3, 1005] as const]) {
    const server = await start({ version })
    const list = server.config().channels.private.id
    const sockets: Opened[] = []
    for (let n = 0; n < 101; n += 1) sockets.push(await connectNow(server, list, ''))
    if (version === 4) expect(await sockets[0]!.ended).toEqual({ code, reason: '4029: Too many connections' })
    await expect.poll(() => server.connections().length).toBe(version === 4 ? 100 : 101)
    if (version === 4) {
      // A poll that is the oldest gets the HTTP form.
      server.faults.cut()
      const poll = http(`${server.url}/bitrix/sub/?CHANNEL_ID=${list}`)
      await expect.poll(() => server.connections().length).toBe(1)
      const more: Opened[] = []
      for (let n = 0; n < 100; n += 1) more.push(await connectNow(server, list, ''))
      expect(await poll).toMatchObject({ status: 429, body: '4029: Too many connections' })
      await Promise.all(Array.from({ length: 5 }, () => connectNow(server, list, '')))
      const gone = await Promise.all(more.slice(0, 5).map((socket) => socket.ended))
      expect(gone.map((end) => end.code)).toEqual([4029, 4029, 4029, 4029, 4029])
      await expect.poll(() => server.connections().length).toBe(100)
    }
  }
})

test('what comes between a ping of 2.0 and the pong is dropped; 1.0 delivers it', async () => {
  for (const [version, wanted] of [[4, [2]] as const, [3, [1, 2]] as const]) {
    const server = await start({ version, pingIntervalMs: 150 })
    const url = `${server.url}/bitrix/subws/?CHANNEL_ID=${ids(server)}`
    const { socket, until, ended, close } = await openWebSocket(url, {}, { autoPong: false })
    const payload = await new Promise((resolve) => socket!.once('ping', (data) => resolve(data.toString())))
    expect(payload).toBe('ws ping')
    server.publish(message(1))
    socket!.pong()
    // The server has read the pong once it answers a ping sent behind it.
    const answered = new Promise((resolve) => socket!.once('pong', resolve))
    socket!.ping()
    await answered
    server.publish(message(2))
    const frames = await until((pieces) => pieces.flatMap(numbers).includes(2))
    expect(frames.flatMap(numbers)).toEqual(wanted)
    close()
    await ended
  }
})

test('a client that never answers is cut: 2.0 at the second interval, 1.0 at the third, push-stream never', async () => {
  for (const [version, pings] of [[4, 1] as const, [3, 2] as const]) {
    const server = await start({ version, pingIntervalMs: 30 })
    const url = `${server.url}/bitrix/subws/?CHANNEL_ID=${ids(server)}`
    const deaf = await openWebSocket(url, {}, { autoPong: false })
    let seen = 0
    deaf.socket!.on('ping', () => (seen += 1))
    expect((await deaf.ended).code).toBe(1006)
    expect(seen).toBe(pings)
  }
  const server = await start({ version: 2, pingIntervalMs: 20 })
  const url = `${server.url}/bitrix/subws/?CHANNEL_ID=${ids(server)}`
  const deaf = await openWebSocket(url, {}, { autoPong: false })
  let seen = 0
  deaf.socket!.on('ping', () => (seen += 1))
  await expect.poll(() => seen).toBeGreaterThan(4)
  deaf.close()
  await deaf.ended
})

test('an event stream is kept alive by comments, each in the line ends of its release', async () => {
  for (const [pushStream, hello, ping] of [
    ['0.3.4', ':\r\n', ': -1\r\n'] as const,
    ['0.4.0', ': \r\n', ': -1\r\n'] as const,
    ['0.5.5', ': \n', ': -1\n'] as const,
  ]) {
    const server = await start({ pushStream, pingIntervalMs: 20 })
    const stream = await openStream(`${server.url}/bitrix/subsse/?CHANNEL_ID=${ids(server)}`)
    expect((await stream.until((pieces) => pieces.join('').length > 8)).join('').startsWith(hello + ping)).toBe(true)
    stream.close()
    await expect.poll(() => server.connections().length).toBe(0)
  }
})

test('how a client’s close frame is answered', async () => {
  const cases: [PullServerOptions, number | undefined, number][] = [
    [{ version: 1 }, 1000, 1005],
    [{ version: 2, pushStream: '0.4.0' }, 1000, 1005],
    [{ version: 2, pushStream: '0.5.5' }, 1000, 1006],
    [{ version: 2, pushStream: '0.5.5' }, undefined, 1005],
    [{ version: 3 }, 3000, 3000],
    [{ version: 4 }, 4000, 4000],
  ]
  for (const [options, code, wanted] of cases) {
    const server = await start(options)
    const socket = await connect(server)
    socket.close(code)
    expect((await socket.ended).code, JSON.stringify(options)).toBe(wanted)
  }
})

test('Node servers send the first message at once and gather what follows', async () => {
  const server = await start({ batchWindowMs: 80 })
  const socket = await connect(server)
  for (let n = 1; n <= 50; n += 1) server.publish(message(n))
  const frames = await socket.until((pieces) => pieces.flatMap(numbers).length === 50)
  expect(frames.map((frame) => numbers(frame).length)).toEqual([1, 49])
  // The window opens again with every frame sent.
  server.publish(message(51))
  server.publish(message(52))
  expect(numbers(await socket.next())).toEqual([51, 52])
  socket.close()
  await socket.ended
})
