import { describe, expect, test } from 'vitest'
import { SECRETS, sampleConfig } from '../../test/support/config-sample'
import type { Framing } from '../codec/codec'
import type { PullConfig } from '../config/config'
import { parseConfig } from '../config/parse'
import type { TransportKind } from '../core/transport-kind'
import type { CursorQuery } from '../replay/numbering'
import { addressOf, isBinary, publishAddressOf } from './address'
import { candidatesOf } from './candidates'

function config(server: object = {}, rest: object = {}): PullConfig {
  const sample = sampleConfig()
  return parseConfig({ ...sample, ...rest, server: { ...sample.server, ...server } }, { secure: true })
}
const address = (of: PullConfig, kind: TransportKind, cursor: CursorQuery = {}, href: string | null = null): string =>
  addressOf(of, kind, { framing: 'text', cursor, href }).url

const PRIVATE = `${SECRETS.privateChannel}:${SECRETS.publicChannel}.${SECRETS.privateSignature}`
const SHARED = `${SECRETS.sharedChannel}.${SECRETS.sharedSignature}`
const CHANNELS = encodeURIComponent(`${PRIVATE}/${SHARED}`)

describe('what a request says', () => {
  test('parameters in the order of the original, private channel first', () => {
    expect(address(config(), 'websocket', { mid: '1'.repeat(26) })).toBe(
      `wss://portal.example/bitrix/subws/?CHANNEL_ID=${CHANNELS}&hostname=portal.example&mid=${'1'.repeat(26)}&revision=19`,
    )
    expect(address(config(), 'long-polling', { tag: 0, time: 'Fri, 20 Nov 2026 09:31:06 GMT' })).toBe(
      `https://portal.example/bitrix/sub/?CHANNEL_ID=${CHANNELS}&hostname=portal.example&tag=0&time=Fri%2C%2020%20Nov%202026%2009%3A31%3A06%20GMT&revision=19`,
    )
  })
  test('the client id goes along with a shared server only', () => {
    const clientId = 'c'.repeat(32)
    expect(address(config({}, { clientId }), 'websocket')).not.toContain('clientId')
    expect(address(config({ mode: 'shared' }, { clientId }), 'websocket')).toContain(`&clientId=${clientId}&hostname`)
    expect(address(config({ mode: 'shared', hostname: null }), 'websocket')).toContain(`${CHANNELS}&revision`)
  })
  test('an event stream without an address of its own is asked for at the long-poll address', () => {
    expect(address(config(), 'sse')).toMatch(/^https:\/\/portal\.example\/bitrix\/sub\/\?/)
    expect(address(config({ sse_secure: 'https://portal.example/sse/' }), 'sse')).toMatch(
      /^https:\/\/portal\.example\/sse\//,
    )
  })
  test('a base with a query keeps it, and its own channels give way', () => {
    const websocket_secure = 'wss://portal.example/subws/?zone=1&CHANNEL_ID=old'
    expect(address(config({ websocket_secure }), 'websocket')).toMatch(
      /^wss:\/\/portal\.example\/subws\/\?zone=1&CHANNEL_ID=46a4/,
    )
  })
  test('a relative address is resolved against the page; WebSockets get their own scheme', () => {
    const of = config({ websocket_secure: '/subws/', long_pooling_secure: '/sub/' })
    expect(address(of, 'websocket', {}, 'https://portal.example/company/')).toMatch(
      /^wss:\/\/portal\.example\/subws\/\?/,
    )
    expect(address(of, 'long-polling', {}, 'https://portal.example/x')).toMatch(/^https:\/\/portal\.example\/sub\/\?/)
  })
})

describe('V1, V4: framings and tokens', () => {
  const of = (framing: Framing, told: object = {}, kind: TransportKind = 'websocket'): string =>
    addressOf(config({}, told), kind, { framing, cursor: {}, href: null }).url

  test('are asked for by name', () => {
    expect(of('protobuf')).toContain(`CHANNEL_ID=${CHANNELS}&binaryMode=true&hostname`)
    expect(of('protobuf', {}, 'long-polling')).toContain('&binaryMode=true&')
    expect(of('json')).toContain(`CHANNEL_ID=${CHANNELS}&format=json&hostname`)
    expect(of('text')).not.toMatch(/binaryMode|format|jsonRpc/)
  })
  test('a token stands for the channels', () => {
    expect(of('json-rpc', { jwt: SECRETS.jwt })).toContain(`/?token=${SECRETS.jwt}&jsonRpc=true&hostname`)
  })
  test('an event stream of its own is text', () => {
    const own = config({ sse_secure: 'https://portal.example/sse/' })
    expect(addressOf(own, 'sse', { framing: 'protobuf', cursor: {}, href: null }).url).not.toContain('binaryMode')
    expect([isBinary(own, 'sse', 'protobuf'), isBinary(config(), 'sse', 'protobuf')]).toEqual([false, true])
  })
  test('the portal itself is polled with a form', () => {
    const polled = config(
      { version: 0, interval_polling: 'https://portal.example/ajax.php' },
      { sessid: 's', site_id: 'en' },
    )
    const cursor = { mid: '42'.padStart(26, '0') }
    expect(addressOf(polled, 'interval-polling', { framing: 'php', cursor, href: null })).toEqual({
      url: 'https://portal.example/ajax.php?UPDATE_STATE',
      form: {
        PULL_UPDATE_STATE: 'Y',
        CHANNEL_ID: `${PRIVATE}/${SHARED}`,
        CHANNEL_LAST_ID: '42',
        SITE_ID: 'en',
        PULL_AJAX_CALL: 'Y',
        sessid: 's',
      },
    })
  })
  test('publishing names the channels of the publisher, and the client of a shared server', () => {
    const clientId = 'c'.repeat(32)
    expect(publishAddressOf(config({ mode: 'shared' }, { clientId }), null)).toBe(
      `https://portal.example/bitrix/rest/?CHANNEL_ID=${CHANNELS}&clientId=${clientId}&hostname=portal.example`,
    )
    expect(publishAddressOf(config({ publish_enabled: false }), null)).toBeNull()
  })
})

describe('push-stream 0.3.4', () => {
  const old = config({ version: 1 })
  const cursor = { tag: 3, time: 'Fri, 20 Nov 2026 09:31:06 GMT' }

  test('does not decode slashes', () => {
    expect(address(old, 'websocket')).toContain(`/${encodeURIComponent(SHARED)}&`)
    expect(address(old, 'websocket')).not.toContain('%2F')
  })
  test('reads the time of a poll from a header, which costs others a preflight', () => {
    for (const kind of ['sse', 'long-polling'] as const)
      expect(addressOf(old, kind, { framing: 'text', cursor, href: null }).headers).toEqual({
        'If-Modified-Since': cursor.time,
      })
    expect(addressOf(old, 'websocket', { framing: 'text', cursor, href: null }).headers).toBeUndefined()
    expect(addressOf(old, 'long-polling', { framing: 'text', cursor: {}, href: null }).headers).toBeUndefined()
    for (const version of [2, 3, 4])
      expect(
        addressOf(config({ version }), 'long-polling', { framing: 'text', cursor, href: null }).headers,
      ).toBeUndefined()
  })
})

describe('candidates', () => {
  const all = ['websocket', 'sse', 'long-polling', 'interval-polling'] as const
  const built = { codec: {}, factories: { websocket: {}, sse: {}, 'long-polling': {}, 'interval-polling': {} } }
  const platform = { webSocket: (() => {}) as never, fetch: (() => {}) as never }
  const kinds = (of: PullConfig, has: object = platform): readonly unknown[] => {
    const { usable, missing } = candidatesOf(of, all, has as typeof platform, built)
    return [usable.map(({ kind }) => kind), missing]
  }

  test('are what is asked for, configured and supported, in order; the others have a reason', () => {
    expect(kinds(config())).toEqual([['websocket', 'sse', 'long-polling'], { 'interval-polling': 'not-spoken' }])
    expect(kinds(config({ websocket_enabled: false }))).toEqual([
      ['sse', 'long-polling'],
      { websocket: 'not-configured', 'interval-polling': 'not-spoken' },
    ])
    expect(kinds(config(), { webSocket: null, fetch: platform.fetch })).toEqual([
      ['sse', 'long-polling'],
      { websocket: 'unsupported', 'interval-polling': 'not-spoken' },
    ])
    expect(kinds(config(), { webSocket: platform.webSocket, fetch: null })[0]).toEqual(['websocket'])
    expect(
      candidatesOf(config(), ['long-polling', 'websocket'], platform, built).usable.map(({ kind }) => kind),
    ).toEqual(['long-polling', 'websocket'])
  })
  test('an event stream at an address of its own is told apart', () => {
    const own = (server: object): unknown => candidatesOf(config(server), ['sse'], platform, built).usable
    expect(own({})).toEqual([{ kind: 'sse', ownAddress: false }])
    expect(own({ sse_secure: 'https://portal.example/sse/' })).toEqual([{ kind: 'sse', ownAddress: true }])
  })
  test('a generation offers what it speaks', () => {
    const none = { sse: 'not-spoken', 'long-polling': 'not-spoken', 'interval-polling': 'not-spoken' }
    expect(kinds(config({ version: 5 }))).toEqual([['websocket'], none])
    expect(kinds(config({ version: 1 }))[0]).toEqual(['websocket', 'sse', 'long-polling'])
  })
  test('without a queue server the portal is polled, unless one other transport was asked for', () => {
    const of = config({ version: 0, interval_polling: '/ajax.php' })
    expect(kinds(of)[0]).toEqual(['interval-polling'])
    expect(candidatesOf(of, ['websocket', 'sse'], platform, built).usable).toMatchObject([{ kind: 'interval-polling' }])
    expect(candidatesOf(of, ['websocket'], platform, built).usable).toEqual([])
  })
  test('what a client was built without is told', () => {
    const { missing } = candidatesOf(config(), ['websocket', 'sse'], platform, { codec: {}, factories: { sse: {} } })
    expect(missing).toEqual({ websocket: 'not-built-in' })
  })
})
