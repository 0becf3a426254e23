/** The server has to keep ahead of the clients that are tested against it: thousands of messages a second. */
import { describe, expect, test } from 'vitest'
import type { PullServer } from './server'
import { ids, message, useServers } from './test-bench'
import { envelopes, http, numbers, openStream, openWebSocket } from './test-client'
import type { PullServerOptions } from './options'

const COUNT = 10_000
const startServer = useServers({ historyCount: COUNT + 10, batchWindowMs: 400 })

async function start(options: PullServerOptions): Promise<{ server: PullServer; list: string }> {
  const server = await startServer(options)
  return { server, list: ids(server) }
}

function publishAll(server: PullServer): void {
  for (let n = 1; n <= COUNT; n += 1) server.publish(message(n))
}

function inOrder(list: readonly number[]): boolean {
  return list.length === COUNT && list.every((n, index) => n === index + 1)
}

describe.each<PullServerOptions>([{ version: 1 }, { version: 2 }, { version: 3 }, { version: 4 }])('%o', (options) => {
  test('10 000 messages on a WebSocket', async () => {
    const { server, list } = await start(options)
    const socket = await openWebSocket(`${server.url}/bitrix/subws/?CHANNEL_ID=${list}`)
    publishAll(server)
    const got: number[] = []
    while (got.length < COUNT) got.push(...numbers(await socket.next()))
    expect(inOrder(got)).toBe(true)
    socket.close()
    await socket.ended
  }, 10_000)

  test('10 000 messages in long polls', async () => {
    const { server, list } = await start(options)
    const url = `${server.url}/bitrix/sub/?CHANNEL_ID=${list}`
    publishAll(server)
    const first = new Date(Date.now() - 60_000).toUTCString()
    const got: number[] = []
    let query = options.version! >= 3 ? `&mid=${'0'.repeat(26)}` : `&tag=0&time=${encodeURIComponent(first)}`
    while (got.length < COUNT) {
      const answer = await http(url + query, options.version === 1 ? { headers: { 'If-Modified-Since': first } } : {})
      const messages = envelopes(answer.body).filter((each) => each.text.module_id === 'im')
      got.push(...messages.map((each) => each.text.params.n))
      const last = messages.at(-1)!
      query = last.mid ? `&mid=${last.mid}` : `&tag=${last.tag}&time=${encodeURIComponent(last.time)}`
    }
    expect(inOrder(got)).toBe(true)
  }, 10_000)
})

test.each<PullServerOptions>([{ version: 1 }, { version: 2 }])(
  '10 000 messages in an event stream, %o',
  async (options) => {
    const { server, list } = await start(options)
    const stream = await openStream(`${server.url}/bitrix/subsse/?CHANNEL_ID=${list}`)
    await stream.next()
    publishAll(server)
    const pieces: string[] = []
    // A message may be cut between two pieces, so the end is looked for in the last two.
    while (!pieces.slice(-2).join('').includes(`"n":${COUNT}}`)) pieces.push(await stream.next())
    while (!pieces.slice(-2).join('').endsWith('\r\n\r\n')) pieces.push(await stream.next())
    expect(inOrder(numbers(pieces.join('')))).toBe(true)
    stream.close()
  },
  10_000,
)
