/** Restarts, channel changes and options, seen from outside. */
import { describe, expect, test } from 'vitest'
import type { PullServerOptions } from './options'
import { startPullServer } from './server'
import { connect, ids, message, useServers } from './test-bench'
import { envelopes, http, numbers } from './test-client'

const start = useServers()
const both: PullServerOptions[] = [{ version: 2, pushStream: '0.5.5' }, { version: 4 }]

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

test('impossible options are refused in plain words', async () => {
  await expect(startPullServer({ version: 6 as never })).rejects.toThrow(/version 6/)
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
