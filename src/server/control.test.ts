/** The HTTP control of the development server, and routes of one’s own. */
import { expect, test } from 'vitest'
import { connect, useServers } from './test-bench'
import { http, numbers } from './test-client'

const start = useServers()

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

test('tags and parts of receivers can be given from outside', async () => {
  const server = await start()
  const post = (value: object) => http(`${server.url}/bx-pull/control`, { method: 'POST', body: JSON.stringify(value) })
  const socket = await connect(server)
  expect((await post({ action: 'watch-tag', tag: 'A' })).status).toBe(200)
  expect((await post({ action: 'watch-tag' })).body).toContain('tag must be a text')
  expect(server.watchTags.holders('A')).toEqual([1])
  const message = { module_id: 'im', command: 'x', params: {}, dictionary: { n: 1 }, user_params: { 1: { n: 2 } } }
  await post({ action: 'publish', message, to: { tag: 'A' } })
  expect(numbers(await socket.next())).toEqual([2])
  await post({ action: 'watch-tag', tag: 'A', remove: true })
  expect(server.watchTags.holders('A')).toEqual([])
  socket.close()
  await socket.ended
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
