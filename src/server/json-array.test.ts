/** `format=json`: arrays of envelopes where the option says so, else the text template as on the recorded 2.0. */
import { expect, test } from 'vitest'
import type { PullServer } from './server'
import { message, useServers } from './test-bench'
import { http, openWebSocket } from './test-client'

const start = useServers({ version: 4 })

function address(server: PullServer, path: string, extra = '&format=json'): string {
  const { channels } = server.config()
  return `${path}?CHANNEL_ID=${channels.private.id}/${channels.shared.id}${extra}`
}

interface Envelope {
  readonly id: number
  readonly mid: string
  readonly channel: string
  readonly text: unknown
}

test('frames and polls are arrays; what is no JSON is a text in them', async () => {
  const server = await start({ jsonArray: true, batchWindowMs: 40 })
  const opened = await openWebSocket(address(server, `ws://127.0.0.1:${server.port}/bitrix/subws/`))
  await expect.poll(() => server.connections().length, { interval: 3 }).toBe(1)
  server.publish(message(1))
  server.publishRaw('plain "text"')
  server.publishRaw(' {"module_id":"im",\n"command":"x"} ', { shared: true })
  const [first] = JSON.parse(await opened.next()) as Envelope[]
  expect(first).toMatchObject({ channel: '-', text: { module_id: 'im', params: { n: 1 } } })
  expect(first!.mid).toMatch(/^\d{26}$/)
  const rest = JSON.parse(await opened.next()) as Envelope[]
  expect(rest.map(({ text }) => text)).toEqual(['plain "text"', { module_id: 'im', command: 'x' }])
  opened.close()
  await opened.ended
  const poll = await http(address(server, `${server.url}/bitrix/sub/`, `&format=json&mid=${first!.mid}`))
  expect((JSON.parse(poll.body) as Envelope[]).map(({ mid }) => mid)).toEqual(rest.map(({ mid }) => mid))
})

test('binary wins over it, and without the option it is nothing', async () => {
  const strict = await start()
  strict.publish(message(1))
  const zero = '0'.repeat(26)
  const text = await http(address(strict, `${strict.url}/bitrix/sub/`, `&format=json&mid=${zero}`))
  expect(text.body).toMatch(/^#!NGINXNMS!#/)
  const server = await start({ jsonArray: true })
  server.publish(message(1))
  const binary = await http(address(server, `${server.url}/bitrix/sub/`, `&format=json&binaryMode=true&mid=${zero}`))
  expect(binary.headers['content-type']).toBe('application/octet-stream')
})
