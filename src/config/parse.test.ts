import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  END_AT_MS,
  SECRETS,
  START_AT_MS,
  type SampleConfig,
  sampleConfig,
  sampleInlineConfig,
  sampleTokenConfig,
} from '../../test/support/config-sample'
import { channelQuery } from '../channel/channel-set'
import { PullError } from '../core/pull-error'
import type { PullConfig } from './config'
import { type ConfigIssue, parseConfig } from './parse'

const SECURE = { secure: true } as const

/** The sample after a change, read as a secure page does. */
function parsed(
  change: (config: SampleConfig) => unknown,
  options: Parameters<typeof parseConfig>[1] = SECURE,
): PullConfig {
  const config = sampleConfig()
  change(config)
  return parseConfig(config, options)
}

function failure(act: () => unknown): PullError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof PullError) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

function issuesOf(error: PullError): readonly ConfigIssue[] {
  return error.facts['issues'] as readonly ConfigIssue[]
}

describe('a complete configuration', () => {
  test('is read whole', () => {
    const config = parseConfig(sampleConfig(), SECURE)
    expect({
      ...config,
      channels: config.channels.map(({ type, startAtMs, endAtMs }) => ({ type, startAtMs, endAtMs })),
    }).toEqual({
      version: 4,
      enabled: true,
      mode: 'personal',
      hostname: 'portal.example',
      endpoints: {
        websocket: 'wss://portal.example/bitrix/subws/',
        sse: null,
        longPolling: 'https://portal.example/bitrix/sub/',
        intervalPolling: null,
        publish: 'https://portal.example/bitrix/rest/',
      },
      publicChannels: new Map([
        [1, { id: SECRETS.publicChannel, signature: SECRETS.publicSignature, endAtMs: END_AT_MS }],
      ]),
      publicId: config.publicId,
      sessid: null,
      siteId: null,
      lastMid: null,
      channels: [
        { type: 'private', startAtMs: START_AT_MS, endAtMs: END_AT_MS },
        { type: 'shared', startAtMs: START_AT_MS, endAtMs: END_AT_MS },
      ],
      clientId: null,
      jwt: null,
      expiresAtMs: null,
      serverTimeAtMs: START_AT_MS,
    })
    expect(config.publicId?.reveal()).toBe(`${SECRETS.publicChannel}.${SECRETS.publicSignature}`)
    expect(channelQuery(config.channels)).toBe(
      `${SECRETS.privateChannel}:${SECRETS.publicChannel}.${SECRETS.privateSignature}/${SECRETS.sharedChannel}.${SECRETS.sharedSignature}`,
    )
  })

  test('printed into the page, with every number quoted, means the same but for the server time', () => {
    const inline = parseConfig(sampleInlineConfig(), SECURE)
    const rest = parseConfig(sampleConfig(), SECURE)
    expect(inline.serverTimeAtMs).toBeNull()
    expect(JSON.stringify({ ...inline, serverTimeAtMs: START_AT_MS })).toBe(JSON.stringify(rest))
    expect(channelQuery(inline.channels)).toBe(channelQuery(rest.channels))
  })

  test.each([END_AT_MS / 1000, String(END_AT_MS / 1000)])('of version 5 has a token that ends (exp %j)', (exp) => {
    const config = parseConfig({ ...sampleTokenConfig(), exp }, SECURE)
    expect(config).toMatchObject({ version: 5, jwt: SECRETS.jwt, expiresAtMs: END_AT_MS, channels: [] })
  })

  test('of the shared mode carries the client id', () => {
    const clientId = '0123456789abcdef0123456789abcdef'
    const config = parsed((raw) => Object.assign(raw, { clientId }) && Object.assign(raw.server, { mode: 'shared' }))
    expect(config).toMatchObject({ mode: 'shared', clientId })
  })

  test('is not changed by being read', () => {
    const raw = sampleConfig()
    parseConfig(raw, SECURE)
    expect(raw).toEqual(sampleConfig())
  })

  test('H1: prints no channel id', () => {
    const config = parseConfig(sampleConfig(), SECURE)
    expect(leaks(JSON.stringify(config) + config.channels.map(({ id }) => `${id}`).join())).toEqual([])
  })
})

describe('F1: how portals really print it', () => {
  test.each(['4', ' 4 ', 4, '4.0'])('version %j', (version) => {
    expect(parsed(({ server }) => (server['version'] = version)).version).toBe(4)
  })

  test.each([true, 'Y', 'y', 'true', 1, '1'])('switches that are on: %j', (on) => {
    const { enabled, endpoints } = parsed(({ server }) =>
      Object.assign(server, { server_enabled: on, websocket_enabled: on, publish_enabled: on }),
    )
    expect(enabled).toBe(true)
    expect(endpoints.websocket).not.toBeNull()
    expect(endpoints.publish).not.toBeNull()
  })

  test.each([false, 'N', 'false', 0, '0', ''])('switches that are off: %j', (off) => {
    const { enabled, endpoints } = parsed(({ server }) =>
      Object.assign(server, { server_enabled: off, websocket_enabled: off, publish_enabled: off }),
    )
    expect(enabled).toBe(false)
    expect(endpoints).toMatchObject({ websocket: null, publish: null })
  })

  test.each([undefined, null, 'perhaps', 2, {}])('switches that say neither (%j): enabled, but no WebSocket', (odd) => {
    const { enabled, endpoints } = parsed(({ server }) =>
      Object.assign(server, { server_enabled: odd, websocket_enabled: odd }),
    )
    expect(enabled).toBe(true)
    expect(endpoints.websocket).toBeNull()
    expect(endpoints.longPolling).not.toBeNull()
  })

  test.each([[[]], [{}], [false], [null], [undefined], ['x'], [7]])('publicChannels %j', (publicChannels) => {
    const config = parsed((raw) => (raw['publicChannels'] = publicChannels))
    expect(config.channels).toHaveLength(2)
    expect(config.publicChannels.size).toBe(0)
  })

  test('public channels by user id, also of guests, and without those that cannot be read', () => {
    const good = {
      public_id: SECRETS.publicChannel,
      signature: SECRETS.publicSignature,
      end: '2020-09-14T00:26:45+00:00',
    }
    const publicChannels = {
      2: { ...good, user_id: '2' },
      '-7': { ...good, end: '' },
      3: { ...good, public_id: 'x' },
      4: { ...good, signature: 'no hex' },
      5: { ...good, signature: '' },
      6: null,
      me: good,
      1.5: good,
      8: { ...good, public_id: { toString: null } },
    }
    const found = parsed((config) => (config['publicChannels'] = publicChannels)).publicChannels
    expect([...found].map(([user, { endAtMs }]) => [user, endAtMs])).toEqual([
      [2, END_AT_MS],
      [5, END_AT_MS],
      [-7, null],
    ])
  })

  test('public channels of users numbered from 0 on are a list in PHP', () => {
    const good = { public_id: SECRETS.publicChannel, signature: SECRETS.publicSignature }
    const publicChannels = [{ ...good, user_id: 9 }]
    expect([...parsed((config) => (config['publicChannels'] = publicChannels)).publicChannels.keys()]).toEqual([9])
  })

  test.each([undefined, '', null, 7, 'a b', 'a/b', []])('a public id that is none: %j', (publicId) => {
    const config = parsed(({ channels }) => Object.assign(channels['private']!, { public_id: publicId }))
    expect(config.publicId).toBeNull()
  })

  test.each([[[]], [{}], [false], [null], [undefined]])('channels %j beside a token', (channels) => {
    expect(parseConfig({ ...sampleTokenConfig(), channels }, SECURE).channels).toEqual([])
  })

  test.each([[[]], [false], [null], [''], [{}], [{ id: '' }], [{ id: null }]])(
    'a channel that is not there: %j',
    (shared) => {
      expect(types(parsed(({ channels }) => Object.assign(channels, { shared })))).toEqual(['private'])
    },
  )

  test.each(['long_pooling_secure', 'long_polling_secure'])('%s', (key) => {
    const { endpoints } = parsed(({ server }) => {
      delete server['long_pooling_secure']
      server[key] = 'https://other.example/sub/'
    })
    expect(endpoints.longPolling).toBe('https://other.example/sub/')
  })

  test('an empty right spelling does not hide the real key', () => {
    const { endpoints } = parsed(({ server }) => (server['long_polling_secure'] = ''))
    expect(endpoints.longPolling).toBe('https://portal.example/bitrix/sub/')
  })

  test('keys that are none of ours are dropped', () => {
    const config = parsed((raw) => Object.assign(raw, { skipReconnectToLastSession: true, __extra: SECRETS.jwt }))
    expect(Object.keys(config)).toEqual(Object.keys(parseConfig(sampleConfig(), SECURE)))
  })

  test('a key named __proto__ does nothing', () => {
    const raw = JSON.stringify(sampleConfig()).replace('{', '{"__proto__":{"jwt":"evil","polluted":1},')
    const config = parseConfig(JSON.parse(raw), SECURE)
    expect(config.jwt).toBeNull()
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test.each([
    [1599999600, 1599999600_000],
    ['1599999600', 1599999600_000],
    ['2020-09-13T15:20:00+03:00', 1599999600_000],
    ['2020-09-13T15:20:00+0300', 1599999600_000],
    ['2020-09-13T12:20:00Z', 1599999600_000],
    ['2020-09-13 12:20:00.250Z', 1599999600_250],
  ])('an end written as %j', (end, expected) => {
    const { channels } = parsed((config) => Object.assign(config.channels['private']!, { start: end, end }))
    expect(channels[0]).toMatchObject({ startAtMs: expected, endAtMs: expected })
  })

  test.each([
    undefined,
    null,
    '',
    0,
    '0',
    -5,
    'soon',
    '13.09.2020',
    '2020-09-13T12:20:00',
    '-0001-11-30T00:00:00+00:00',
    '2020-13-45T12:20:00Z',
    1e20,
    [],
    {},
    true,
  ])('an end that says nothing (%j) is no end', (end) =>
    expect(parsed(({ channels }) => Object.assign(channels['private']!, { end })).channels[0]!.endAtMs).toBeNull(),
  )

  test.each([undefined, null, '', 'x', [], -1])('other optional fields that say nothing (%j)', (odd) => {
    const config = parsed((raw) => {
      Object.assign(raw, { exp: odd, serverTime: odd, clientId: odd === 'x' ? '' : odd, jwt: odd === 'x' ? '' : odd })
      Object.assign(raw.server, {
        mode: odd,
        hostname: odd === 'x' ? ' ' : odd,
      })
    })
    expect(config).toMatchObject({
      mode: 'personal',
      hostname: null,
      clientId: null,
      jwt: null,
      expiresAtMs: null,
      serverTimeAtMs: null,
    })
  })

  test('channels of an application: both have its type, and the order comes from the keys', () => {
    const type = 'local.5c8bb1b0891cf2.87252039'
    const config = parsed(({ channels }) =>
      Object.values(channels).forEach((channel) => Object.assign(channel, { type })),
    )
    expect(types(config)).toEqual([type, type])
    expect(channelQuery(config.channels).indexOf(SECRETS.privateChannel)).toBe(0)
  })

  test('a channel without a type has that of its key; one listed twice counts once', () => {
    const config = parsed(({ channels }) => {
      delete channels['private']!['type']
      channels['copy'] = { ...channels['private'] }
      channels['other'] = { id: 'a'.repeat(32) }
    })
    expect(types(config)).toEqual(['private', 'shared', 'other'])
  })
})

describe('which URLs', () => {
  const urls = (server: Record<string, unknown>, secure: boolean): PullConfig['endpoints'] =>
    parsed((config) => Object.assign(config.server, server), { secure }).endpoints

  test('plain for a plain page', () => {
    expect(urls({ sse: 'http://portal.example/sse/', sse_secure: 'https://portal.example/sse/' }, false)).toEqual({
      websocket: 'ws://portal.example/bitrix/subws/',
      sse: 'http://portal.example/sse/',
      longPolling: 'http://portal.example/bitrix/sub/',
      intervalPolling: null,
      publish: 'http://portal.example/bitrix/rest/',
    })
  })

  test('secure for a secure page', () => {
    expect(urls({ sse: 'http://portal.example/sse/', sse_secure: 'https://portal.example/sse/' }, true)).toEqual({
      websocket: 'wss://portal.example/bitrix/subws/',
      sse: 'https://portal.example/sse/',
      longPolling: 'https://portal.example/bitrix/sub/',
      intervalPolling: null,
      publish: 'https://portal.example/bitrix/rest/',
    })
  })

  test.each([
    '',
    '  ',
    null,
    undefined,
    false,
    5,
    'ftp://portal.example/',
    'http://#DOMAIN#/bitrix/sub/',
    'https://',
    'https:///x',
    'ws:/portal',
    'javascript:alert(1)',
    'constructor://x/',
    'http://a b/',
    'https://portal.example/sub/#top',
  ])('the other one where the wanted one is %j', (unusable) => {
    expect(urls({ long_polling: unusable }, false).longPolling).toBe('https://portal.example/bitrix/sub/')
    expect(urls({ websocket_secure: unusable }, true).websocket).toBe('ws://portal.example/bitrix/subws/')
    expect(urls({ websocket: unusable, websocket_secure: unusable }, true).websocket).toBeNull()
  })

  test.each([
    ['http://portal.example/subws/', 'ws://portal.example/subws/'],
    ['HTTPS://portal.example:8894/subws/?a=1', 'wss://portal.example:8894/subws/?a=1'],
    ['//portal.example/subws/', '//portal.example/subws/'],
    ['/bitrix/subws/', '/bitrix/subws/'],
    ['../subws/', '../subws/'],
  ])('WebSocket %s becomes %s', (given, expected) => {
    expect(urls({ websocket_secure: given }, true).websocket).toBe(expected)
  })

  test.each([
    ['ws://portal.example/sub/', 'http://portal.example/sub/'],
    ['WSS://portal.example/sub/', 'https://portal.example/sub/'],
    ['//portal.example/sub/', '//portal.example/sub/'],
    ['/bitrix/sub/', '/bitrix/sub/'],
  ])('long polling %s becomes %s', (given, expected) => {
    expect(urls({ long_pooling_secure: given }, true).longPolling).toBe(expected)
  })
})

describe('F1: what lies around it', () => {
  const time = { date_start: '2020-09-13T12:26:39+00:00', date_finish: '2020-09-13T12:26:41+00:00' }

  test('a REST envelope', () => {
    const config = parseConfig({ result: sampleConfig(), time }, SECURE)
    expect(config).toMatchObject({ version: 4, serverTimeAtMs: START_AT_MS })
  })

  test('a REST envelope tells the time where the configuration does not', () => {
    const result = { ...sampleConfig(), serverTime: undefined }
    expect(parseConfig({ result, time }, SECURE).serverTimeAtMs).toBe(START_AT_MS + 1000)
    expect(parseConfig({ result, time: [] }, SECURE).serverTimeAtMs).toBeNull()
  })

  test('a controller envelope', () => {
    const raw = { status: 'success', data: sampleConfig(), errors: [] }
    expect(parseConfig(raw, SECURE).channels).toHaveLength(2)
  })

  test.each([
    ['AUTHORIZE_ERROR', 'forbidden', false],
    ['WRONG_AUTH_TYPE', 'forbidden', false],
    ['SERVER_ERROR', 'disabled', true],
    ['session_failed', 'config-unavailable', true],
    ['QUERY_LIMIT_EXCEEDED', 'config-unavailable', true],
  ])('the error %s is %s', (portalCode, code, retryable) => {
    const rest = failure(() => parseConfig({ error: portalCode, error_description: SECRETS.jwt }, SECURE))
    expect(rest).toMatchObject({ code, retryable, facts: { portalCode } })
    expect(rest.message).toContain(portalCode)
    expect(leaksOf(rest)).toEqual([])
    const errors = [{ message: SECRETS.jwt, code: portalCode, customData: null }]
    const controller = failure(() => parseConfig({ status: 'error', data: null, errors }, SECURE))
    expect(controller).toMatchObject({ code, retryable, facts: { portalCode } })
  })

  test.each([SECRETS.jwt, SECRETS.sharedChannel, 17, {}, 'Some words'])(
    'an error code that may be anything (%j) is not printed',
    (error) => {
      const thrown = failure(() => parseConfig({ error }, SECURE))
      expect(thrown).toMatchObject({ code: 'config-unavailable', facts: { portalCode: null } })
      expect(leaksOf(thrown)).toEqual([])
    },
  )

  test('a refused controller call without a code', () => {
    expect(failure(() => parseConfig({ status: 'denied', data: null, errors: [] }, SECURE)).code).toBe(
      'config-unavailable',
    )
  })

  test('a configuration with its own key named error or status is a configuration', () => {
    expect(parsed((config) => Object.assign(config, { error: 'X', status: 'error', data: 1 })).version).toBe(4)
  })
})

describe('what is unusable', () => {
  const unusable = (raw: unknown): readonly string[] => {
    const error = failure(() => parseConfig(raw, SECURE))
    expect(error.code).toBe('bad-config')
    expect(error.retryable).toBe(false)
    expect(leaksOf(error)).toEqual([])
    for (const { path, message } of issuesOf(error)) expect(error.message).toContain(`${path} ${message}`)
    return issuesOf(error).map(({ path }) => path)
  }
  const changed = (change: (config: SampleConfig) => unknown): readonly string[] => {
    const config = sampleConfig()
    change(config)
    return unusable(config)
  }

  test.each([
    [undefined],
    [null],
    [false],
    [true],
    [4],
    ['{}'],
    [[]],
    [[sampleConfig()]],
    [() => 1],
    [{ result: null }],
    [{ result: 'x' }],
  ])('not an object: %j', (raw) => expect(unusable(raw)).toEqual(['(root)']))

  test.each([undefined, null, false, 'x', 7])('no server: %j', (server) => {
    expect(unusable({ ...sampleConfig(), server })).toEqual(['server'])
  })

  test('an empty object lacks everything at once', () => expect(unusable({})).toEqual(['server', 'channels']))

  test.each([undefined, null, '', 'four', -1, '1.5', 4.5, NaN, Infinity, [], {}, true])('version %j', (version) => {
    expect(changed(({ server }) => (server['version'] = version))).toEqual(['server.version'])
  })

  test.each([[[]], [{}], [false], [undefined], [{ private: [] }], [{ private: { id: '' } }]])(
    'no channel id: %j',
    (channels) => {
      expect(unusable({ ...sampleConfig(), channels })).toEqual(['channels'])
    },
  )

  test.each([7, true, [], {}, ' ', 'a b', 'one/two', 'ключ'])(
    'an id that cannot stand in a URL (%j) names its channel',
    (id) => {
      expect(changed(({ channels }) => Object.assign(channels['shared']!, { id }))).toEqual(['channels.shared.id'])
    },
  )

  test('the key of a foreign channel is not printed', () => {
    const key = SECRETS.privateChannel
    expect(changed(({ channels }) => Object.assign(channels, { [key]: { id: 7 } }))).toEqual(['channels.*.id'])
  })

  test('no URL at all', () => {
    const keys = ['websocket', 'websocket_secure', 'long_polling', 'long_pooling_secure']
    expect(changed(({ server }) => keys.forEach((key) => (server[key] = '')))).toEqual(['server'])
  })

  test('only a WebSocket that is switched off: the message says so', () => {
    const raw = sampleConfig()
    Object.assign(raw.server, { long_polling: '', long_pooling_secure: '', websocket_enabled: false })
    expect(failure(() => parseConfig(raw, SECURE)).message).toContain('websocket_enabled')
  })

  test('F2: everything that is wrong is listed', () => {
    expect(unusable({ server: { version: 'x' }, channels: { shared: { id: 1 } } })).toEqual([
      'server.version',
      'server',
      'channels.shared.id',
    ])
  })

  test.each([0, '0'])('version %j needs neither URLs nor channels', (version) => {
    expect(parseConfig({ server: { version } }, SECURE)).toMatchObject({ version: 0, enabled: true, channels: [] })
  })

  test.each([0, '0'])('version %j is polled where every portal can be, or where it says', (version) => {
    const endpoint = (server: object): unknown =>
      parseConfig({ server: { version, ...server } }, SECURE).endpoints.intervalPolling
    expect(endpoint({})).toBe('/bitrix/components/bitrix/pull.request/ajax.php')
    expect(endpoint({ interval_polling: '' })).toBe('/bitrix/components/bitrix/pull.request/ajax.php')
    expect(endpoint({ interval_polling: 'https://portal.example/poll.php' })).toBe('https://portal.example/poll.php')
    expect(endpoint({ interval_polling: 'javascript:alert(1)' })).toBe(
      '/bitrix/components/bitrix/pull.request/ajax.php',
    )
  })

  test.each([
    ['465', '00000000000000000000000465'],
    [0, '00000000000000000000000000'],
    ['', null],
    ['x', null],
    [-1, null],
    [1.5, null],
  ])('the last id %j', (last_id, expected) => {
    const config = parseConfig({ server: { version: 0 }, last_id, sessid: 'abc', site_id: 's1' }, SECURE)
    expect(config).toMatchObject({ lastMid: expected, sessid: 'abc', siteId: 's1' })
  })

  test.each([undefined, -1, 1.5, 'x'])(
    'a server that is switched off needs nothing, no version either (%j)',
    (version) => {
      const config = parseConfig({ server: { server_enabled: false, version } }, SECURE)
      expect(config).toMatchObject({ version: 0, enabled: false })
    },
  )
})

describe('whatever comes', () => {
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(null, undefined, [], {}, false, '', 0, -1, 'Y', 'N', '5', 'http://x', NaN, 1e300),
    fc.constantFrom<unknown>(...Object.values(SECRETS)),
    fc.anything(),
  )
  /** Replaces, moves or removes random nodes of a good configuration, and wraps it at times. */
  const mutated = fc
    .record({
      base: fc.constantFrom(sampleConfig, sampleTokenConfig, sampleInlineConfig),
      edits: fc.array(fc.tuple(fc.nat(), leaf, fc.boolean()), { minLength: 1, maxLength: 6 }),
      wrap: fc.constantFrom('none', 'none', 'result', 'controller', 'error'),
    })
    .map(({ base, edits, wrap }) => {
      const config: unknown = base()
      for (const [at, value, remove] of edits) {
        const places = placesOf(config)
        const place = places[at % places.length]
        // The edits before this one took everything away.
        if (!place) break
        if (remove) Reflect.deleteProperty(place.holder, place.key)
        else
          Object.defineProperty(place.holder, place.key, {
            value,
            enumerable: true,
            configurable: true,
            writable: true,
          })
      }
      if (wrap === 'result') return { result: config, time: edits[0]![1] }
      if (wrap === 'controller') return { status: 'success', data: config, errors: edits[0]![1] }
      return wrap === 'error' ? { error: edits[0]![1], error_description: config } : config
    })

  test('it is read or refused with a PullError, and refusing gives no secret away', () => {
    fc.assert(
      fc.property(
        fc.oneof({ weight: 9, arbitrary: mutated }, { weight: 1, arbitrary: fc.anything() }),
        fc.boolean(),
        (raw, secure) => {
          try {
            expect(isPullConfig(parseConfig(raw, { secure }))).toBe(true)
          } catch (thrown) {
            if (!(thrown instanceof PullError)) throw thrown
            expect(leaksOf(thrown)).toEqual([])
          }
        },
      ),
      { numRuns: 3000 },
    )
  })
})

function types({ channels }: PullConfig): readonly string[] {
  return channels.map(({ type }) => type)
}

function isPullConfig({ version, endpoints, channels, jwt, ...rest }: PullConfig): boolean {
  const isUrl = (url: string | null): boolean =>
    url === null || (url.length > 0 && !/\s|^(?!(wss?|https?):)[a-z]+:/.test(url))
  return (
    Number.isInteger(version) &&
    version >= 0 &&
    Object.values(endpoints).every(isUrl) &&
    channels.every(({ id, endAtMs }) => id.reveal() !== '' && (endAtMs === null || endAtMs > 0)) &&
    (!rest.enabled || version === 0 || channels.length > 0 || jwt !== null)
  )
}

function leaks(text: string): readonly string[] {
  return Object.values(SECRETS).filter((secret) => text.includes(secret))
}

function leaksOf(error: PullError): readonly string[] {
  const { message, facts, stack, cause } = error
  return leaks(`${error} ${message} ${stack} ${JSON.stringify({ ...error, facts, cause })}`)
}

interface Place {
  readonly holder: object
  readonly key: string
}

/** Every key of every object in a tree, two levels below a replaced value at most. */
function placesOf(tree: unknown, depth = 0): readonly Place[] {
  if (typeof tree !== 'object' || tree === null || depth > 4 || !Object.isExtensible(tree)) return []
  const holder: object = tree
  return Object.entries(holder).flatMap(([key, value]) => [{ holder, key }, ...placesOf(value, depth + 1)])
}
