import { describe, expect, test } from 'vitest'
import { sampleConfig, SECRETS } from '../../test/support/config-sample'
import { systemCommand } from './system-command'

const OLD = `${SECRETS.sharedChannel}.${SECRETS.sharedSignature}`
const NEXT = { id: `${SECRETS.privateChannel}.${SECRETS.privateSignature}`, type: 'shared' }
const START = '2020-09-13T12:26:40+00:00'
const END = '2020-09-14T00:26:45+00:00'
const successor = { id: NEXT.id, startAtMs: Date.parse(START), endAtMs: Date.parse(END) }

function expire(params: unknown): unknown {
  return systemCommand('channel_expire', params)
}

describe('channel_expire, as it really comes', () => {
  test.each<[string, unknown, unknown]>([
    [
      'shared rotated',
      { action: 'reconnect', channel: { id: OLD, type: 'shared' }, new_channel: { ...NEXT, start: START, end: END } },
      successor,
    ],
    [
      'deleted by hand: the start in Unix seconds, another label',
      {
        action: 'reconnect',
        channel: { id: OLD, type: 'local.5f1' },
        new_channel: { ...NEXT, start: Date.parse(START) / 1000, end: END },
      },
      successor,
    ],
    ['private rotated', { action: 'get_config', channel: { id: OLD, type: 'private' } }, null],
    [
      'an application: told to fetch, with a channel all the same',
      { action: 'get_config', channel: { id: OLD, type: 'app.1' }, new_channel: { ...NEXT, start: START, end: END } },
      null,
    ],
    ['an application on older portals', { action: 'reconnect', channel: { id: OLD, type: 'app.1' } }, null],
    [
      'a successor without an end is incomplete',
      { action: 'reconnect', channel: { id: OLD, type: 'shared' }, new_channel: { ...NEXT, start: START } },
      null,
    ],
  ])('%s', (_, params, expected) => {
    expect(expire(params)).toEqual({ type: 'channel_expire', channelId: OLD, successor: expected })
  })

  test.each([null, undefined, 'x', [], {}, { channel: null }, { channel: { id: 5 } }, { channel: { id: '' } }])(
    'which channel is not told: %j',
    (params) => expect(expire(params)).toBeNull(),
  )
})

test('commands are compared without case', () => {
  expect(systemCommand('CONFIG_EXPIRE', null)).toEqual({ type: 'config_expire' })
  expect(systemCommand('Server_Restart', [])).toEqual({ type: 'server_restart' })
})

test.each(['open', 'reopen', 'open_exists', 'whatever', ''])('%j asks nothing of a client', (name) => {
  expect(systemCommand(name, sampleConfig())).toBeNull()
})
