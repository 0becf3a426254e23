/**
 * Replays requests recorded from real servers against this one: same status, same headers, same bytes once channel ids,
 * dates, tags and mids are made equal. The expectations were cut from the recordings, not from this server.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PullServerOptions } from './options'
import type { PullServer } from './server'
import { useServers } from './test-bench'
import { http, openStream, openWebSocket, type Reader } from './test-client'

interface Ask {
  readonly method: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

interface Recorded {
  readonly name: string
  readonly kind: 'http' | 'stream' | 'websocket'
  /** Cases of one sequence share a server. */
  readonly sequence?: string
  readonly before: readonly Ask[]
  readonly ask: Ask
  readonly during: readonly Ask[]
  readonly expect: {
    readonly status: number
    readonly headers: Record<string, string>
    readonly pieces: readonly string[] | null
    readonly close?: { code: number; reason: string }
  }
}

const SERVERS: Record<string, PullServerOptions> = {
  'push-stream-0.3.4': { version: 1 },
  'push-stream-0.4.0': { version: 2 },
  'push-stream-0.5.5': { version: 2, pushStream: '0.5.5' },
  'push-server-1.x': { version: 3, signatureKey: 'test-secret' },
  'push-server-2.0': { version: 4, signatureKey: 'test-secret' },
}

/** What the transport adds, and what names a process rather than a protocol. */
const IGNORED = new Set(['server', 'date', 'connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

const start = useServers({ pollHoldMs: 150, batchWindowMs: 5 })

describe.each(Object.entries(SERVERS))('%s', (name, options) => {
  const url = new URL(`../../test/fixtures/server/${name}.json`, import.meta.url)
  const cases = JSON.parse(readFileSync(url, 'utf8')) as readonly Recorded[]

  test.each(cases.filter((each) => each.sequence === undefined))('$name', async (recorded) => {
    await check(await start(options), recorded)
  })

  test('one publisher’s exchange, in order', async () => {
    const server = await start(options)
    for (const recorded of cases) if (recorded.sequence !== undefined) await check(server, recorded)
  })
})

async function check(server: PullServer, recorded: Recorded): Promise<void> {
  for (const ask of recorded.before) await send(server, ask)
  const actual = await exchange(server, recorded)
  expect(actual.status, recorded.name).toBe(recorded.expect.status)
  if (actual.status !== 101 || name101(recorded)) {
    expect(comparable(actual.headers), recorded.name).toEqual(recorded.expect.headers)
  }
  if (recorded.expect.pieces !== null) {
    // Chunk boundaries mean nothing, and Node servers gather what was published close together into one frame.
    const joined = recorded.kind !== 'websocket' || server.version >= 3
    const wanted = joined ? [recorded.expect.pieces.join('')] : recorded.expect.pieces
    expect(joined ? [actual.pieces.map(anonymous).join('')] : actual.pieces.map(anonymous), recorded.name).toEqual(
      wanted,
    )
  }
  if (recorded.expect.close !== undefined) expect(actual.close).toEqual(recorded.expect.close)
}

/** push-stream adds headers to an upgrade; what `ws` itself writes there is not of interest. */
function name101(recorded: Recorded): boolean {
  return Object.keys(recorded.expect.headers).length > 0
}

interface Actual {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly pieces: readonly string[]
  readonly close?: { code: number; reason: string }
}

async function exchange(server: PullServer, recorded: Recorded): Promise<Actual> {
  const { ask, during, expect: wanted } = recorded
  const path = server.url + filled(ask.path)
  const headers = Object.fromEntries(Object.entries(ask.headers ?? {}).map(([name, value]) => [name, filled(value)]))
  const publish = async (): Promise<void> => {
    for (const each of during) await send(server, each)
  }
  if (recorded.kind === 'http') {
    const answer = http(path, { method: ask.method, headers, ...(ask.body === undefined ? {} : { body: ask.body }) })
    if (during.length > 0) {
      await Promise.race([expect.poll(() => server.connections().length, { interval: 3 }).toBe(1), answer])
      await publish()
    }
    const { status, headers: got, body } = await answer
    return { status, headers: got, pieces: [body] }
  }
  const opened = await (recorded.kind === 'stream' ? openStream : openWebSocket)(path, headers)
  if (opened.status === 101 && during.length > 0)
    await expect.poll(() => server.connections().length, { interval: 3 }).toBe(1)
  await publish()
  const length = (wanted.pieces ?? []).join('').length
  const byLength = recorded.kind === 'stream' || server.version >= 3
  const pieces = byLength ? await readLength(opened, length) : await readFrames(opened, wanted)
  if (wanted.close === undefined) opened.close()
  const close = opened.socket === null ? { code: 0, reason: '' } : await opened.ended
  return { status: opened.status, headers: opened.headers, pieces, close }
}

async function readFrames(reader: Reader, wanted: Recorded['expect']): Promise<string[]> {
  const pieces: string[] = []
  while (pieces.length < (wanted.pieces ?? []).length) pieces.push(await reader.next())
  return pieces
}

async function readLength(reader: Reader, length: number): Promise<readonly string[]> {
  return reader.until((pieces) => anonymous(pieces.join('')).length >= length)
}

async function send(server: PullServer, ask: Ask): Promise<void> {
  const headers = ask.headers ?? {}
  await http(server.url + ask.path, { method: ask.method, headers, ...(ask.body ? { body: ask.body } : {}) })
}

/** A position behind everything that is stored: only what comes later answers. */
function filled(text: string): string {
  const now = new Date().toUTCString()
  return text.replace('<tag>', '99999').replace('<time>', encodeURIComponent(now)).replace('<date>', now)
}

function comparable(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (IGNORED.has(name) || name.startsWith('sec-websocket')) continue
    const text = Array.isArray(value) ? (value[0] ?? '') : (value ?? '')
    if (name === 'content-length' && text !== '0') continue
    if (name === 'last-modified') kept[name] = '<date>'
    else if (name === 'etag') kept[name] = text.replace(/[1-9]\d*/, '<tag>')
    else if (name === 'last-message-id') kept[name] = text.startsWith('17') ? '<mid>' : text
    else kept[name] = text
  }
  return kept
}

function anonymous(text: string): string {
  return text
    .replace(/\b[0-9a-f]{32}\b/g, '<channel>')
    .replace(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d GMT/g, '<date>')
    .replace(/"tag":"\d+"/g, '"tag":"<tag>"')
    .replace(/"mid":"\d{26}"/g, '"mid":"<mid>"')
    .replace(/("id":)\d+(,"mid")/g, '$1<id>$2')
    .replace(/("params":\{"n":6,"text":"~id~ ~channel~ )\d+ /g, '$1<tag> ')
}
