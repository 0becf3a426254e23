import { describe, expect, test } from 'vitest'
import type { PullServer } from './server'
import { ids, useServers } from './test-bench'
import type { PullServerOptions } from './options'
import { envelopes, http, numbers, openStream, openWebSocket } from './test-client'

const start = useServers({ pollHoldMs: 300 })

const generations: PullServerOptions[] = [
  { version: 1 },
  { version: 2, pushStream: '0.4.0' },
  { version: 2, pushStream: '0.5.5' },
  { version: 3 },
  { version: 4 },
]

describe.each(generations)('generation %o', (options) => {
  const message = (n: number) => ({ module_id: 'IM', command: 'message', params: { n } })

  test('a WebSocket gets what is published to its user and to everybody', async () => {
    const server = await start({ ...options, batchWindowMs: 1 })
    const socket = await openWebSocket(`${server.url}/bitrix/subws/?CHANNEL_ID=${ids(server)}`)
    server.publish(message(1))
    server.publish(message(2), { shared: true })
    server.publish(message(3), { users: [2] })
    server.publish(message(4), { users: [2, 1] })
    const frames = await socket.until((pieces) => pieces.flatMap(numbers).length >= 3)
    expect(frames.flatMap(numbers)).toEqual([1, 2, 4])
    expect(envelopes(frames[0]!)[0]!.text).toMatchObject({ module_id: 'im', extra: { revision_web: 19 } })
    expect(server.connections()).toMatchObject([{ kind: 'websocket', userId: 1 }])
    socket.close()
    await socket.ended
  })

  test('a long poll is answered by the first live message, else by 304', async () => {
    const server = await start(options)
    const url = `${server.url}/bitrix/sub/?CHANNEL_ID=${ids(server)}`
    const early = options.version === 1 ? { 'If-Modified-Since': new Date(Date.now() + 5000).toUTCString() } : {}
    const empty = await http(url, { headers: early })
    expect(empty.status).toBe(304)
    const waiting = http(url, { headers: early })
    await expect.poll(() => server.connections().length).toBe(1)
    server.publish(message(7))
    server.publish(message(8))
    const answer = await waiting
    expect(answer.status).toBe(200)
    expect(numbers(answer.body)).toEqual([7])
  })

  test('the configuration is in the vendor’s shape and opens the channels', async () => {
    const server = await start(options)
    const answer = await http(`${server.configUrl}?userId=5`)
    const { result } = JSON.parse(answer.body) as { result: ReturnType<PullServer['config']> }
    expect(result.server.version).toBe(server.version)
    expect(result.server.long_pooling_secure).toBe('')
    expect(result.publicChannels === false).toBe(server.version < 4)
    expect('sse' in result.server).toBe(server.version < 3)
    const list = `${result.channels.private.id}/${result.channels.shared.id}`
    const socket = await openWebSocket(`${result.server.websocket}?CHANNEL_ID=${list}`)
    await expect.poll(() => server.connections()).toMatchObject([{ userId: 5 }])
    socket.close()
    await socket.ended
  })
})

test('an event stream of push-stream delivers live messages', async () => {
  const server = await start({ version: 2 })
  const stream = await openStream(`${server.config().server.sse}?CHANNEL_ID=${ids(server)}`)
  expect(await stream.next()).toBe(': \r\n')
  server.publish({ module_id: 'im', command: 'x', params: { n: 1 } })
  expect(numbers(await stream.next())).toEqual([1])
  stream.close()
  await expect.poll(() => server.connections().length).toBe(0)
})
