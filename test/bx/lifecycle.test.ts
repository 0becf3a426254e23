import { describe, expect, test } from 'vitest'
import { createLegacyWorld } from './legacy-world'

describe('a page of the portal', () => {
  test('start, receive, stop', async () => {
    const world = createLegacyWorld()
    const { client, core, advance, publish, platform, network } = world
    const got: unknown[] = []
    client.subscribe({ moduleId: 'im', callback: (data) => got.push(data) })
    const started = client.start()
    await advance(1000)
    await expect(started).resolves.toBe(true)
    expect(client.isConnected()).toBe(true)
    publish('im', 'message', { n: 1 })
    await advance(100)
    expect(got).toEqual([{ command: 'message', params: { n: 1 }, extra: expect.anything() }])
    expect(core.fired.map(([name]) => name)).toEqual(['onPullStatus', 'onPullStatus', 'onPullEvent-im', 'onPullEvent'])
    client.stop()
    await advance(6000)
    expect([platform.clock.timers, network.openSockets, network.pendingRequests]).toEqual([0, 0, 0])
    expect(core.fired.at(-1)).toEqual(['onPullStatus', 'offline'])
  })
})
