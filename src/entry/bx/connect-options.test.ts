import { describe, expect, test } from 'vitest'
import { checkOptions } from '../../client/options'
import { parseConfig } from '../../config/parse'
import { PullError } from '../../core/pull-error'
import { type ConnectOptions, clientOptionsOf } from './connect-options'

const userHash =
  '46a437d2336d4a88e4e9b3cd956ecf45:6221e0eb48981fce67cf4756e82e8102.1688cda5e668568f6bae0e91bd7516ca6c58eb3c'
const shared = 'fb9f7e13dc3d595c5aefe1a0216c27a2.7830384007849f1e3b325cbd485c1150ef5701f6'

function configOf(options: ConnectOptions, secure = true): ReturnType<typeof parseConfig> {
  return parseConfig(clientOptionsOf(options).config, { secure })
}

describe('one address for all transports', () => {
  test.each([
    ['https://example.ru/bitrix/subws/', 'wss://example.ru/bitrix/subws/', 'https://example.ru/bitrix/sub/'],
    ['wss://example.ru/bitrix/subws/', 'wss://example.ru/bitrix/subws/', 'https://example.ru/bitrix/sub/'],
    ['http://example.ru:8893/sub', 'ws://example.ru:8893/subws', 'http://example.ru:8893/sub'],
    ['https://example.ru/sub/?x=1', 'wss://example.ru/subws/?x=1', 'https://example.ru/sub/?x=1'],
    ['https://example.ru/push/', 'wss://example.ru/push/', 'https://example.ru/push/'],
    ['http://sub.example.ru/sub', 'ws://sub.example.ru/subws', 'http://sub.example.ru/sub'],
    ['/bitrix/subws/', '/bitrix/subws/', '/bitrix/sub/'],
    ['https://subws.example.ru/subway/', 'wss://subws.example.ru/subway/', 'https://subws.example.ru/subway/'],
  ])('%s', (serverUrl, websocket, longPolling) => {
    expect(configOf({ serverUrl, userHash }).endpoints).toMatchObject({ websocket, longPolling, sse: null })
    expect(configOf({ serverUrl, userHash }, false).endpoints).toMatchObject({ websocket, longPolling })
  })
})

describe('userHash', () => {
  const serverUrl = 'https://example.ru/bitrix/subws/'

  test('one or more signed ids are the private and the shared channel of a Push server', () => {
    const { version, channels } = configOf({ serverUrl, userHash: `${userHash}/${shared}` })
    expect(version).toBe(4)
    expect(channels.map(({ type, id }) => [type, id.reveal()])).toEqual([
      ['private', userHash],
      ['shared', shared],
    ])
  })
  test('raw ids mean push-stream, unless the version is given', () => {
    const raw = '46a437d2336d4a88e4e9b3cd956ecf45'
    expect(configOf({ serverUrl, userHash: raw }).version).toBe(2)
    expect(configOf({ serverUrl, userHash: raw, version: 1 }).version).toBe(1)
  })
  test('a token is one of Push server 3.0, and stands for the channels', () => {
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9m_LXRoZS10b2tlbg'
    expect(configOf({ serverUrl, userHash: jwt })).toMatchObject({ version: 5, jwt, channels: [] })
    expect(configOf({ serverUrl, userHash: jwt, version: 6 }).version).toBe(6)
    expect(configOf({ serverUrl, userHash: `${userHash}/${shared}` }).jwt).toBe(null)
    expect(configOf({ serverUrl, userHash: shared }).jwt).toBe(null)
  })
  test('slashes too many change nothing', () => {
    expect(configOf({ serverUrl, userHash: `/${userHash}//${shared}/` }).channels).toHaveLength(2)
  })
})

describe('what is missing is named', () => {
  test.each([{}, { serverUrl: 'https://x/' }, { userHash }, { serverUrl: '', userHash }, { serverUrl: 5, userHash }])(
    '%j',
    (options) => {
      const act = (): unknown => clientOptionsOf(options as ConnectOptions)
      expect(act).toThrow(PullError)
      expect(act).toThrow(/serverUrl.*userHash/)
      expect(act).not.toThrow(userHash)
    },
  )
  test.each(['pigeon', 'constructor', ''])(
    'a transport that does not exist (%j) is left to the client',
    (transport) => {
      expect(() => checkOptions(clientOptionsOf({ config: {}, transport }))).toThrow(
        /transport.*websocket, sse, long-polling/,
      )
    },
  )
})

test.each([
  [undefined, 'auto'],
  ['auto', 'auto'],
  ['websocket', 'websocket'],
  ['webSocket', 'websocket'],
  ['sse', 'sse'],
  ['longPolling', 'long-polling'],
  ['long-polling', 'long-polling'],
  ['polling', 'long-polling'],
  ['interval-polling', 'interval-polling'],
])('transport %s is %s', (transport, kind) => {
  expect(clientOptionsOf({ config: {}, ...(transport === undefined ? {} : { transport }) }).transport).toBe(kind)
})

test('a configuration in place of address and hash is passed on, with all other options and none of its own', () => {
  const config = { server: {} }
  const options = clientOptionsOf({
    config,
    guestMode: true,
    userId: 7,
    serverEnabled: true,
    debug: true,
    storage: false,
  })
  expect(options).toEqual({ config, transport: 'auto', debug: true, storage: false })
  // What is not for the client must not look to it like options it does not know.
  expect(checkOptions(options)).toBe(options)
})

test('a server that is switched off says so', () => {
  const options = { serverUrl: 'https://example.ru/sub/', userHash }
  expect(configOf({ ...options, serverEnabled: false }).enabled).toBe(false)
  expect(configOf({ ...options, serverEnabled: 'N' }).enabled).toBe(false)
  expect(configOf({ ...options, serverEnabled: 'Y' }).enabled).toBe(true)
})
