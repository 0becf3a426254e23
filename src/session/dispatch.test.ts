import { describe, expect, test } from 'vitest'
import { SECRETS, sampleConfig } from '../../test/support/config-sample'
import { messageOf } from '../../test/support/message'
import type { Message, MessageBody } from '../codec/codec'
import { parseConfig } from '../config/parse'
import { eventOf } from './dispatch'

const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
const { channels } = parseConfig(sampleConfig(), { secure: true })

function event(body: Partial<MessageBody>, told: Partial<Message> = {}): ReturnType<typeof eventOf> {
  const message = messageOf({ body: { module_id: 'im', command: 'message', ...body }, ...told })
  // The local clock is half a second ahead.
  const clock = { shiftMs: 500, uncertaintyMs: 0 }
  return eventOf(message, { channels, openedAtMs: NOW_MS - 59_500 }, clock, NOW_MS)
}

describe('an event', () => {
  test('has the module in lower case, the command and the payload as they are', () => {
    const params = { ID: 5 }
    expect(event({ module_id: 'IM', command: 'messageAdd', params })).toMatchObject({
      module: 'im',
      command: 'messageAdd',
    })
    expect(event({ params }).params).toBe(params)
  })
  test('has an empty payload where none was sent, and null where null was', () => {
    expect(event({}).params).toEqual({})
    expect(event({ params: null }).params).toBeNull()
    expect(event({ params: [] }).params).toEqual([])
  })
  test('has the mid as its id, or null', () => {
    expect(event({}).id).toBeNull()
    expect(event({}, { mid: '1'.repeat(26) }).id).toBe('1'.repeat(26))
  })
  test('names the type of its channel, never its id', () => {
    expect(event({}, { channel: SECRETS.sharedChannel }).channel).toBe('shared')
    expect(event({}, { channel: SECRETS.privateChannel }).channel).toBe('private')
    expect(event({}, { channel: 'f'.repeat(32) }).channel).toBeNull()
    expect(event({}).channel).toBeNull()
  })
  test('tells how long ago it was published, by the clock of the server, and keeps what modules add', () => {
    const extra = { server_time_unix: (NOW_MS - 2500) / 1000, revision_web: 19, own: { x: 1 } }
    expect(event({ extra }).extra).toEqual({ ...extra, server_time_ago: 2 })
    expect(event({ extra: { server_time_unix: (NOW_MS + 60_000) / 1000 } }).extra.server_time_ago).toBe(0)
  })
  test.each([undefined, null, [], 'x', { server_time_unix: 'soon' }, { server_time_unix: -1 }])(
    'is dated by nobody: %j',
    (extra) => {
      expect(event({ extra }).extra.server_time_ago).toBeNull()
      expect(event({ extra }).replayed).toBe(false)
    },
  )
  test('was missed and fetched again when it was published well before the connection opened', () => {
    expect(event({ extra: { server_time_unix: (NOW_MS - 120_000) / 1000 } }).replayed).toBe(true)
    expect(event({ extra: { server_time_unix: (NOW_MS - 1000) / 1000 } }).replayed).toBe(false)
  })
})

describe('the sender', () => {
  test.each([
    [undefined, { type: 'unknown', id: null }],
    [
      { type: 1, id: 'a1' },
      { type: 'client', id: 'a1' },
    ],
    [{ type: '2' }, { type: 'backend', id: null }],
    [{ type: 0 }, { type: 'unknown', id: null }],
    [
      { type: 99, id: 5 },
      { type: 'unknown', id: null },
    ],
    ['x', { type: 'unknown', id: null }],
    [[1], { type: 'unknown', id: null }],
  ])('%j', (sender, expected) => {
    expect(event({ extra: { sender } }).sender).toEqual(expected)
  })
})
