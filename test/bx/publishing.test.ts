/** What goes up: to other pages, to the push server, to the portal. */
import { describe, expect, test } from 'vitest'
import { until } from '../e2e/until'
import { connected } from './behaviours'
import { createLegacyWorld } from './legacy-world'
import { onEachServer } from './publishing-behaviours'

describe('X9: watch tags', () => {
  const asked = ({ core }: ReturnType<typeof createLegacyWorld>): unknown[] =>
    core.calls.filter(({ method }) => method === 'pull.watch.extend').map(({ params }) => params)

  test('those of a page that has not started yet are asked for then, and outlive a stop', async () => {
    const world = createLegacyWorld()
    world.core.answers['pull.watch.extend'] = () => ({ A: true })
    world.client.extendWatch('A')
    await world.advance(60_000)
    expect(asked(world)).toEqual([])
    void world.client.start()
    await world.advance(6000)
    expect(asked(world)).toEqual([{ tags: ['A'] }])
    world.client.stop()
    await world.advance(60 * 60_000)
    expect(asked(world)).toHaveLength(1)
    void world.client.start()
    await world.advance(6000)
    expect(asked(world)).toHaveLength(2)
    world.client.stop()
  })

  test('a page that calls it over and over asks once', async () => {
    const world = await connected()
    world.core.answers['pull.watch.extend'] = () => ({ A: true })
    for (let count = 0; count < 100; count++) {
      world.client.extendWatch('A')
      await world.advance(1000)
    }
    expect(asked(world)).toHaveLength(1)
    world.client.stop()
  })
})

describe('X10: publishing and presence', () => {
  test('to channels, and several at once', () =>
    onEachServer(async ({ open, server }) => {
      const [sender, receiver] = [await open(1), await open(2)]
      const got: unknown[] = []
      receiver.subscribe({ type: 'client', moduleId: 'im', callback: ({ command }) => got.push(command) })
      const channels = Object.values(server.config(2).publicChannels || {}).map(({ public_id, signature }) => ({
        publicId: public_id,
        signature,
      }))
      await sender.sendMessageToChannels(channels, 'im', 'one', {}, 60)
      const two = { userList: [2], body: { module_id: 'im', command: 'two', params: {} } }
      const three = { channelList: channels, body: { module_id: 'im', command: 'three' }, expiry: 60 }
      await sender.sendMessageBatch([two, three])
      await until('three messages', 3000, () => got.length > 2)
      expect(got).toEqual(['one', 'two', 'three'])
    }))

  test('version 5 tells who comes and goes, answers a ping and names the channels; version 4 says that it cannot', () =>
    onEachServer(async ({ open }, version) => {
      const client = await open(1)
      const changes: unknown[] = []
      const [note, other] = [(change: object) => changes.push(change), () => changes.push('other')]
      await client.subscribeUserStatusChange(2, note)
      await client.subscribeUserStatusChange(2, other)
      await client.unsubscribeUserStatusChange(2, other)
      if (version === 4) {
        await expect(client.ping()).rejects.toMatchObject({ code: expect.stringMatching(/not-(supported|connected)/) })
        return
      }
      await expect(client.ping()).resolves.toBeDefined()
      expect(Array.isArray(await client.listChannels())).toBe(true)
      const second = await open(2)
      await until('an arrival', 3000, () => changes.length > 0)
      second.stop()
      await until('a departure', 3000, () => changes.length > 1)
      expect(changes).toEqual([
        { userId: 2, isOnline: true },
        { userId: 2, isOnline: false },
      ])
    }))

  test('what cannot be sent is a rejection, and what is no list an error at once', async () => {
    const world = await connected()
    const { client } = world
    await expect(client.sendMessage([2], 'im', 'x')).rejects.toMatchObject({ code: 'not-supported' })
    await expect(client.ping()).rejects.toMatchObject({ code: 'not-supported' })
    expect(() => client.sendMessage('2' as never, 'im', 'x')).toThrow(TypeError)
    expect(() => client.sendMessageToChannels({} as never, 'im', 'x')).toThrow(TypeError)
    expect(() => client.getUsersLastSeen(2 as never)).toThrow(TypeError)
    client.stop()
    await expect(client.ping()).rejects.toMatchObject({ code: 'not-connected' })
  })
})
