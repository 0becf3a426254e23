/** The close codes 4010 to 4036, over WebSocket and as HTTP answers: one table of what a client does about each. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import { type Follower, numbered, scene } from '../support/follow'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 60 })

/**
 * `reload`: the configuration is fetched again. `wait`: nothing is tried for 15 s. `again`: reconnected at once; the
 * server failed. `stop`: reconnected at once; the request that caused it is given up and not repeated, and an `error`
 * says so. `split`: as `stop`; requests are cut to the limits before they are sent, so this is never our doing.
 */
type Reaction = 'reload' | 'wait' | 'again' | 'stop' | 'split'

const TABLE: readonly (readonly [code: number, name: string, Reaction])[] = [
  [4010, 'wrong channel id', 'reload'],
  [4011, 'could not get last messages', 'again'],
  [4012, 'public channel required', 'stop'],
  [4013, 'wrong request data', 'stop'],
  [4014, 'command not allowed', 'stop'],
  [4015, 'wrong command', 'stop'],
  [4016, 'too many messages', 'split'],
  [4017, 'no channels', 'stop'],
  [4018, 'too many channels', 'split'],
  [4019, 'invalid channel id', 'stop'],
  [4020, 'private id not allowed', 'stop'],
  [4021, 'invalid signature', 'stop'],
  // Nobody explains these: perhaps what we hold is out of date.
  ...[4022, 4023, 4024, 4025, 4026, 4027, 4028].map((code) => [code, 'not explained', 'reload'] as const),
  [4029, 'too many connections', 'wait'],
  ...[4030, 4031, 4032, 4033, 4034, 4035, 4036].map((code) => [code, 'not explained', 'reload'] as const),
]

async function expectReaction(follower: Follower, reaction: Reaction, isClose: boolean): Promise<void> {
  const waits = (): number[] =>
    follower.client.diagnostics().timeline.flatMap((entry) => ('delayMs' in entry ? [Number(entry.delayMs)] : []))
  await follower.until('the loss', () => follower.counters().lost > 0)
  await follower.until('a plan', () => waits().length > 0)
  if (reaction === 'wait') {
    expect(waits()[0]).toBeGreaterThanOrEqual(15_000)
    expect(follower.configLoadsAtMs).toHaveLength(1)
    return
  }
  expect(waits()[0]).toBeLessThanOrEqual(2000)
  if (reaction === 'reload') {
    await follower.until('another configuration', () => follower.configLoadsAtMs.length > 1)
    // Never in a tight loop.
    expect(follower.configLoadsAtMs[1]! - follower.configLoadsAtMs[0]!).toBeGreaterThanOrEqual(4990)
  }
  await follower.until('the connection', () => follower.client.status === 'connected')
  if (reaction !== 'reload') expect(follower.configLoadsAtMs).toHaveLength(1)
  const refusals = follower.errors.filter(({ code }) => code === 'server-refused')
  expect(refusals).toHaveLength(isClose && (reaction === 'stop' || reaction === 'split') ? 1 : 0)
}

test('the table has every code once', () => {
  expect(TABLE.map(([code]) => code)).toEqual(Array.from({ length: 27 }, (_, at) => 4010 + at))
})

describe.concurrent('H7: a WebSocket closed', () => {
  test.each(TABLE)('with %i (%s): %s', (code, name, reaction) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, batchWindowMs: 20 })
      const follower = await follow(server, { transport: 'websocket', expectErrors: ['server-refused'] })
      const messages = numbered(server)
      messages.publish()
      await follower.until('the first event', () => follower.events.length === 1)
      expect(server.faults.cut({ graceful: true, code })).toBe(1)
      await expectReaction(follower, reaction, true)
      // Only where the client stays away nothing can be checked: what was missed comes in all other cases.
      if (reaction !== 'wait') await messages.check(follower)
      expect(JSON.stringify(follower.client.diagnostics())).not.toContain(name)
    }),
  )
})

describe.concurrent('H7: a long poll answered', () => {
  test.each(TABLE)('with the code %i (%s): %s', (code, name, reaction) =>
    scene(async ({ server: start, follow }) => {
      let refuse = false
      const handler = (request: IncomingMessage, response: ServerResponse): boolean => {
        if (!refuse || !request.url!.startsWith('/bitrix/sub/')) return false
        refuse = false
        response.writeHead(code === 4029 ? 429 : 400, { 'Access-Control-Allow-Origin': '*' })
        response.end(`${code}: ${name}`)
        return true
      }
      const server = await start({ version: 4, batchWindowMs: 20, handler })
      const follower = await follow(server, { transport: 'long-polling' })
      const messages = numbered(server)
      messages.publish()
      await follower.until('the first event', () => follower.events.length === 1)
      refuse = true
      // Ends the poll that waits; the next one is refused.
      messages.publish()
      await follower.until('the loss', () => follower.counters().lost > 0)
      const { timeline } = follower.client.diagnostics()
      const lost = timeline.findIndex(({ what, ...told }) => what === 'lost' && 'code' in told && told.code !== null)
      const wait = timeline.slice(lost).find(({ what }) => what === 'wait')
      const delayMs = wait && 'delayMs' in wait ? Number(wait.delayMs) : Number.NaN
      if (reaction === 'wait') {
        expect(delayMs).toBeGreaterThanOrEqual(15_000)
        return
      }
      expect(delayMs).toBeLessThanOrEqual(2500)
      if (reaction === 'reload') {
        await follower.until('another configuration', () => follower.configLoadsAtMs.length > 1)
      } else expect(follower.configLoadsAtMs).toHaveLength(1)
      await messages.check(follower)
    }),
  )
})
