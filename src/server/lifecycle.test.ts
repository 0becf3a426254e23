/** Faults, restarts and channel changes, seen from outside. Every wait is for a fact. */
import { afterEach, describe, expect, test } from 'vitest'
import type { PullServerOptions } from './options'
import { startPullServer, type PullServer } from './server'
import { envelopes, http, numbers, openStream, openWebSocket, type Opened } from './test-client'

const started: PullServer[] = []

async function start(options: PullServerOptions = {}): Promise<PullServer> {
  const server = await startPullServer({ pollHoldMs: 10_000, batchWindowMs: 1, ...options })
  started.push(server)
  return server
}

afterEach(async () => {
  for (const server of started.splice(0)) {
    await server.close()
    expect(server.connections()).toEqual([])
  }
})

const both: PullServerOptions[] = [{ version: 2, pushStream: '0.5.5' }, { version: 4 }]
const message = (n: number) => ({ module_id: 'im', command: 'message', params: { n } })

function ids(server: PullServer, userId = 1): string {
  const { channels } = server.config(userId)
  return `${channels.private.id}/${channels.shared.id}`
}

async function connect(server: PullServer, list = ids(server), extra = ''): Promise<Opened> {
  const before = server.connections().length
  const socket = await openWebSocket(`${server.url}/bitrix/subws/?CHANNEL_ID=${list}${extra}`)
  if (socket.status === 101) await expect.poll(() => server.connections().length).toBe(before + 1)
  return socket
}

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

describe.each(both)('restart, %o', (options) => {
  test('every socket ends, the port refuses, then the same port listens again', async () => {
    const server = await start(options)
    const { port } = server
    const socket = await connect(server)
    const restarting = server.restart({ downMs: 60 })
    expect((await socket.ended).code).toBe(1006)
    await expect(http(server.configUrl)).rejects.toThrow(/ECONNREFUSED/)
    await restarting
    expect(server.port).toBe(port)
    expect((await http(server.configUrl)).status).toBe(200)
    expect(server.connections()).toEqual([])
  })

  test('without history nothing is left; with it everything is', async () => {
    const server = await start(options)
    const list = ids(server)
    const cursor =
      options.version === 4
        ? `&mid=${'0'.repeat(26)}`
        : `&tag=0&time=${encodeURIComponent(new Date(Date.now() - 5000).toUTCString())}`
    const url = `${server.url}/bitrix/sub/?CHANNEL_ID=${list}${cursor}`
    server.publish(message(1))
    const before = (await http(url)).body
    await server.restart({ keepHistory: true })
    expect(numbers((await http(url)).body).filter((n) => n > 0)).toEqual([1])
    await server.restart()
    if (options.version === 4) {
      const poll = http(url)
      await expect.poll(() => server.connections().length).toBe(1)
      server.publish(message(2))
      const after = envelopes((await poll).body)[0]!
      expect(after.mid!.slice(10)).toBe('0'.repeat(15) + '1')
      expect(Number(after.mid!.slice(0, 10))).toBeGreaterThan(Number(envelopes(before).at(-1)!.mid!.slice(0, 10)))
    } else {
      // push-stream knows no channel until the portal has opened it again.
      expect((await http(url)).status).toBe(403)
      expect(ids(server)).toBe(list)
      expect((await http(url)).status).toBe(200)
    }
  })
})

describe.each(both)('channels, %o', (options) => {
  test('an expired shared channel names its successor, a private one asks for a new config', async () => {
    const server = await start(options)
    const { channels } = server.config()
    const socket = await connect(server)
    server.expireChannel('shared')
    const shared = envelopes(await socket.next())[0]!.text
    const next = server.config().channels
    expect(shared).toMatchObject({
      module_id: 'pull',
      command: 'channel_expire',
      params: { action: 'reconnect', channel: { id: channels.shared.id, type: 'shared' }, new_channel: next.shared },
    })
    expect(next.shared.id).not.toBe(channels.shared.id)
    server.expireChannel('private')
    expect(envelopes(await socket.next())[0]!.text.params).toEqual({
      action: 'get_config',
      channel: { id: channels.private.id, type: 'private' },
    })
    // The successors can be listened to at once.
    const again = await connect(server)
    expect(again.status).toBe(101)
    again.close()
    socket.close()
    await Promise.all([socket.ended, again.ended])
  })

  test('a channel that has lived its time is replaced when somebody asks', async () => {
    const server = await start({ ...options, channelTtlMs: 30 })
    const first = server.config().channels.private.id
    await expect.poll(() => server.config().channels.private.id).not.toBe(first)
  })

  test('portal announcements go to the shared channel', async () => {
    const server = await start(options)
    const socket = await connect(server)
    server.expireConfig()
    expect(envelopes(await socket.next())[0]!.text).toMatchObject({ module_id: 'pull', command: 'config_expire' })
    expect(server.config().server.config_timestamp).toBeGreaterThan(0)
    server.announceRestart()
    expect(envelopes(await socket.next())[0]!.text).toMatchObject({ command: 'server_restart' })
    socket.close()
    await socket.ended
  })
})

test('deleting a channel: push-stream says so and closes when it was the last', async () => {
  const server = await start({ version: 2 })
  const { channels } = server.config()
  const one = await connect(server, channels.private.id)
  const two = await connect(server)
  server.deleteChannel('private')
  expect(envelopes(await one.next())[0]!.text.command).toBe('channel_expire')
  expect(await one.next()).toContain('"id":-2,')
  expect((await one.ended).code).toBe(1005)
  server.publish(message(1), { shared: true })
  const frames = await two.until((pieces) => pieces.length === 3)
  expect(numbers(frames[2]!)).toEqual([1])
  two.close()
  await two.ended
})

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
      const more = await Promise.all(Array.from({ length: 100 }, () => connectNow(server, list, '')))
      expect(await poll).toMatchObject({ status: 429, body: '4029: Too many connections' })
      expect(more).toHaveLength(100)
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

test('a storage that comes back empty starts its mids again under the same prefix', async () => {
  const server = await start()
  const socket = await connect(server)
  server.publish(message(1))
  server.publish(message(2))
  const before = (await socket.until((pieces) => pieces.flatMap(numbers).length === 2)).flatMap(envelopes).at(-1)!.mid!
  server.loseStorage()
  server.publish(message(3))
  const after = envelopes(await socket.next())[0]!.mid!
  expect(after).toBe(before.slice(0, 25) + '1')
  socket.close()
  await socket.ended
})

test('the control address does what the API does', async () => {
  const server = await start({ version: 2 })
  const post = (value: object) =>
    http(`${server.url}/bx-pull/control`, {
      method: 'POST',
      body: JSON.stringify(value),
      headers: { Origin: 'http://x' },
    })
  const socket = await connect(server)
  const answer = await post({
    action: 'publish',
    module_id: 'im',
    command: 'x',
    params: { n: 1 },
    to: { shared: true },
  })
  expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': 'http://x' } })
  expect(numbers(await socket.next())).toEqual([1])
  await post({ action: 'faults', upgradeStatus: 503 })
  const state = JSON.parse((await http(`${server.url}/bx-pull/state`)).body) as {
    faults: object
    connections: object[]
  }
  expect(state).toMatchObject({ version: 2, faults: { upgradeStatus: 503 }, connections: [{ kind: 'websocket' }] })
  await post({ action: 'clear' })
  expect(server.faults.current).toEqual({})
  expect((await post({ action: 'nonsense' })).status).toBe(400)
  expect((await post([])).status).toBe(400)
  expect((await post({ action: 'publish' })).body).toContain('module_id')
  expect(JSON.parse((await post({ action: 'cut' })).body)).toEqual({ ok: true, connections: 1 })
  expect((await socket.ended).code).toBe(1006)
})

test('own routes come first', async () => {
  const server = await start({
    handler: (request, response) => {
      if (request.url !== '/page') return false
      response.end('mine')
      return true
    },
  })
  expect((await http(`${server.url}/page`)).body).toBe('mine')
  expect((await http(server.configUrl)).status).toBe(200)
})

test('impossible options are refused in plain words', async () => {
  await expect(startPullServer({ version: 5 as never })).rejects.toThrow(/version 5/)
  await expect(startPullServer({ version: 4, pushStream: '0.4.0' })).rejects.toThrow(/versions 1 and 2/)
  await expect(startPullServer({ version: 2, pushStream: '0.3.4' })).rejects.toThrow(/0\.4\.0 or 0\.5\.5/)
  await expect(startPullServer({ version: 3, sse: true })).rejects.toThrow(/event-stream/)
  const server = await start()
  await expect(startPullServer({ port: server.port })).rejects.toThrow(/EADDRINUSE/)
})

test('the clock may be wrong', async () => {
  const server = await start({ clockSkewMs: 3_600_000 })
  const ahead = Date.parse(server.config().serverTime) - Date.now()
  expect(ahead).toBeGreaterThan(3_590_000)
  expect(ahead).toBeLessThan(3_610_000)
})
