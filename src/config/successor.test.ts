import { expect, test } from 'vitest'
import { END_AT_MS, SECRETS, START_AT_MS, sampleConfig } from '../../test/support/config-sample'
import { channelQuery, replaceChannel } from '../channel/channel-set'
import { parseConfig } from './parse'
import { parseChannelSuccessor } from './successor'

const id = `${'a'.repeat(32)}.${'b'.repeat(40)}`
const end = '2020-09-14T00:26:45+00:00'

test.each([
  ['an ISO start', '2020-09-13T12:26:40+00:00'],
  ['a start in Unix seconds, as the delete path writes it', START_AT_MS / 1000],
])('a successor with %s', (_name, start) => {
  expect(parseChannelSuccessor({ id, start, end, type: 'shared' })).toEqual({
    id,
    startAtMs: START_AT_MS,
    endAtMs: END_AT_MS,
  })
})

test('a start that says nothing is not needed', () => {
  expect(parseChannelSuccessor({ id, start: 'x', end })).toEqual({ id, startAtMs: null, endAtMs: END_AT_MS })
})

test.each([
  [undefined],
  [null],
  [[]],
  [{}],
  [false],
  ['x'],
  [{ id }],
  [{ id, end: 'never' }],
  [{ id: '', end }],
  [{ id: 7, end }],
  [{ id: 'a/b', end }],
  [{ end }],
])('incomplete: %j', (raw) => expect(parseChannelSuccessor(raw)).toBeNull())

test('it takes the place of the channel it is for, whatever its type says', () => {
  const { channels } = parseConfig(sampleConfig(), { secure: true })
  const next = replaceChannel(channels, SECRETS.sharedChannel, parseChannelSuccessor({ id, end, type: 'local.app' })!)
  expect(next!.map(({ type }) => type)).toEqual(['private', 'shared'])
  expect(channelQuery(next!).endsWith(`/${id}`)).toBe(true)
})
