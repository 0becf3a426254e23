/**
 * Replays what real servers sent and compares with what was published to them. The expectation is made from the
 * published bodies and by plain counting on the wire, or by the vendor's own reading of a binary frame, not by another
 * parser of the same kind. How an exchange ended is compared with what the client makes of it.
 */
import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import type { Decoded, Message } from '../src/codec/codec'
import { jsonArrayCodec } from '../src/codec/json-array'
import { jsonRpcCodec } from '../src/codec/json-rpc'
import { protobufCodec } from '../src/codec/protobuf'
import { pushStreamText } from '../src/codec/push-stream-text'
import { lossFromClose, lossFromStatus } from '../src/core/loss'
import { createPosition } from '../src/replay/position'
import { createEventParser } from '../src/transport/event-parser'
import { createEventParser as createEventParserLite } from '../src/transport/event-parser-lite'
import { RequestBatch } from './support/push-server-model'
import {
  type BinaryMessage,
  type BinaryResponse,
  cutAtRandom,
  type Ending,
  type Exchange,
  loadRecording,
  type Published,
  type Recording,
  recordingNames,
} from './support/recordings'

/** Cuts of an event stream tried per recording; the seed stands in the message of a failure. */
const SEEDS = [1, 2, 3, 20, 300]

/** All that is not a delivered message, by scenario. A scenario that is not named here has nothing of the kind. */
const NOT_DELIVERED: Record<string, Record<string, number>> = {
  'lp-channel-deleted': { 'channel-deleted': 1 },
  'lp-channel-deleted-one-of-two': { 'channel-deleted': 1 },
  'sse-channel-deleted': { 'channel-deleted': 1 },
  'ws-channel-deleted': { 'channel-deleted': 1 },
  'ws-channel-deleted-body': { 'channel-deleted': 1 },
  'ws-channel-deleted-cursor': { 'channel-deleted': 1 },
  'ws-channel-deleted-one-of-two': { 'channel-deleted': 1 },
  // `cb([` before and `,]);` behind: nobody asks for JSONP, it must only not hide the message.
  'lp-callback': { 'no-marks': 2 },
  // The second location of these has the template `~text~`: bodies without marks are not for this codec.
  'sse-live-pretty-json': { 'no-marks': 1 },
  'sse-live-text-only': { 'no-marks': 6 },
  // plain text, cut JSON; string, array, null
  'ws-text-live-odd-bodies': { 'not-json': 2, 'not-a-message': 3 },
}

/** The same of what came as protobuf. */
const BINARY_BAD: Record<string, Record<string, number>> = {
  'ws-binary-live-odd-bodies': { 'not-json': 2, 'not-a-message': 3 },
  // A body made to look like a frame of the text template is no JSON.
  'ws-text-body-injection': { 'not-json': 1 },
}

/** What ended otherwise than by the client, in the order of the file: with which number, and what the client makes of it. */
const ENDINGS: Record<string, readonly string[]> = {
  'push-server-1.x/http-plain-get-on-ws-path': ['404 not-found'],
  'push-server-1.x/lp-304-no-mid-empty': ['poll on from the beginning'],
  'push-server-1.x/lp-304-no-mid-stored': ['poll on from the place told'],
  'push-server-1.x/lp-304-no-mid-stored-direct': ['poll on from the place told'],
  'push-server-1.x/lp-304-with-foreign-mid': ['poll on from the place told'],
  'push-server-1.x/lp-304-with-mid': ['poll on from the place told'],
  'push-server-1.x/lp-no-channel-id': ['400 bad-channel', '400 bad-channel', '400 bad-channel'],
  'push-server-1.x/lp-wrong-signature': ['400 bad-channel', '400 bad-channel'],
  'push-server-1.x/ws-binary-mode-param': ['1006 refused', '400 bad-channel', '404 not-found'],
  'push-server-1.x/ws-handshake-variants': ['1006 refused', '1006 refused'],
  'push-server-1.x/ws-no-channel-id': ['1006 refused', '1006 refused', '1006 refused'],
  'push-server-1.x/ws-no-pong': ['1006 dropped'],
  'push-server-1.x/ws-one-bad-of-two-channels': ['1006 refused', '400 bad-channel'],
  'push-server-1.x/ws-protocol-violations': ['1006 dropped', '1002 dropped'],
  'push-server-1.x/ws-tag-time': ['no answer'],
  'push-server-1.x/ws-uri-encoding': ['1006 refused', '1006 refused'],
  'push-server-1.x/ws-wrong-path': ['1006 refused', '1006 refused', '404 not-found', '400 bad-channel'],
  'push-server-1.x/ws-wrong-signature': ['1006 refused', '1006 refused'],
  'push-server-2.0/http-plain-get-on-ws-path': ['404 not-found'],
  'push-server-2.0/http-rest': [
    '400 bad-request',
    '400 bad-request',
    '400 bad-request',
    '400 bad-request',
    '400 bad-request',
    '400 bad-request',
    '400 bad-request',
    '400 bad-request',
    '400 bad-request',
    '404 not-found',
    '404 not-found',
    '400 bad-request',
  ],
  'push-server-2.0/lp-304-binary-no-mid-stored': ['poll on from the place told'],
  'push-server-2.0/lp-304-no-mid-empty': ['poll on from the beginning'],
  'push-server-2.0/lp-304-no-mid-stored': ['poll on from the place told'],
  'push-server-2.0/lp-304-no-mid-stored-direct': ['poll on from the place told'],
  'push-server-2.0/lp-304-with-foreign-mid': ['poll on from the place told'],
  'push-server-2.0/lp-304-with-mid': ['poll on from the place told'],
  'push-server-2.0/lp-429': ['429 too-many'],
  'push-server-2.0/lp-gap-without-mid': ['poll on from the place told', 'poll on from the beginning', 'no answer'],
  'push-server-2.0/lp-no-channel-id': ['400 bad-channel', '400 bad-channel', '400 bad-channel'],
  'push-server-2.0/lp-wrong-signature': ['400 bad-channel', '400 bad-channel'],
  'push-server-2.0/ws-binary-empty-request': ['4012 bad-request', '4013 bad-request'],
  'push-server-2.0/ws-close-4011': ['4011 server-error', '400 server-error'],
  'push-server-2.0/ws-close-4029': ['4029 too-many'],
  'push-server-2.0/ws-close-codes': [
    '4012 bad-request',
    '4013 bad-request',
    '4013 bad-request',
    '4013 bad-request',
    '4013 bad-request',
    '4012 bad-request',
    '4014 bad-request',
    '4016 bad-request',
    '4017 bad-request',
    '4018 bad-request',
    '4018 bad-request',
    '4017 bad-request',
    '4020 bad-request',
    '4021 bad-request',
    '4021 bad-request',
    '1006 dropped',
  ],
  'push-server-2.0/ws-handshake-variants': ['1006 refused', '1006 refused'],
  'push-server-2.0/ws-nginx-read-timeout': ['1006 dropped', '504 server-error'],
  'push-server-2.0/ws-no-channel-id': ['1006 refused', '1006 refused', '1006 refused'],
  'push-server-2.0/ws-no-pong': ['1006 dropped'],
  'push-server-2.0/ws-one-bad-of-two-channels': ['1006 refused', '400 bad-channel'],
  'push-server-2.0/ws-protocol-violations': ['1006 dropped', '1006 dropped', '1006 dropped', '1006 dropped'],
  'push-server-2.0/ws-proxy-without-upgrade': ['1006 refused'],
  'push-server-2.0/ws-server-killed': [
    '1006 dropped',
    '1006 dropped',
    '502 server-error',
    'no answer',
    '1006 refused',
    '502 server-error',
  ],
  'push-server-2.0/ws-tag-time': ['no answer'],
  'push-server-2.0/ws-uri-encoding': ['1006 refused', '1006 refused'],
  'push-server-2.0/ws-wrong-path': ['1006 refused', '1006 refused', '404 not-found', '400 bad-channel'],
  'push-server-2.0/ws-wrong-signature': ['1006 refused', '1006 refused'],
}

/** Recordings that do not list everything that was published: there the body must stand on the wire as it was read. */
const PUBLISHED_ELSEWHERE = new Set([
  'limit-ttl-long-idle-subscriber',
  'lp-304-same-second',
  'server-reload',
  'ws-channel-deleted-cursor',
  'cluster-ws-text-order-two-publishers',
  'http-pub-binary',
  'lp-gap-without-mid',
  'ws-101-connections-no-public-channel',
  'ws-binary-client-publish',
  'ws-text-body-injection',
  'ws-text-order-stored-and-transient',
  'ws-text-replay-150',
])
const BINARY_PUBLISHED_ELSEWHERE = new Set(['http-pub-binary', 'ws-binary-replay-150', 'ws-close-4029'])

/** These servers replace template tokens inside bodies too. A client cannot undo it: the one expected difference. */
const REPLACES_TOKENS = new Set(['nginx-push-stream-0.3.4', 'nginx-push-stream-0.4.0'])

const HEAD = /#!NGINXNMS!#\{\s*"id":-?\d+,/g
const SPLIT_LINE = /^(#!NGINXNMS!#\{.*?"text":)(.*)\}#!NGINXNME!#$/

describe('text template: recordings of real servers', () => {
  const total: Record<string, number> = {}
  afterAll(() => console.log(`recordings replayed, by outcome: ${JSON.stringify(total)}`))

  it.each(recordingNames())('%s', (name) => {
    const recording = loadRecording(name)
    const scenario = scenarioOf(name)
    const notDelivered: Record<string, number> = {}
    for (const exchange of recording.exchanges) {
      const frames = framesOf(exchange, 0)
      const decoded = decode(frames)
      for (const seed of exchange.kind === 'event-stream' ? SEEDS : []) {
        expect(decode(framesOf(exchange, seed)), `cut with seed ${seed}`).toEqual(decoded)
        expect(framesOf(exchange, seed, createEventParserLite), `stand-in, cut with seed ${seed}`).toEqual(frames)
      }
      for (const item of decoded) count(total, outcome(item))
      for (const item of decoded) if (item.type !== 'message') count(notDelivered, outcome(item))

      const wire = frames.map(joinSplitLines).join('\n')
      expect(decoded.filter((item) => outcome(item) !== 'no-marks')).toHaveLength((wire.match(HEAD) ?? []).length)
      const messages = decoded.filter((item) => item.type === 'message')
      for (const message of messages) {
        if (PUBLISHED_ELSEWHERE.has(scenario)) expect(wire).toContain(JSON.stringify(message.body))
        else expect(recording.published.some((published) => isBodyOf(recording, published, message))).toBe(true)
      }
      for (const published of recording.published.filter(isMessage)) {
        const delivered = messages.filter((message) => isBodyOf(recording, published, message))
        const onWire = spellings(recording, published).map((body) => occurrences(recording, body, wire))
        const sum = onWire.reduce((left, right) => left + right)
        expect(delivered, published.body!).toHaveLength(sum)
      }
    }
    expect(notDelivered).toEqual(NOT_DELIVERED[scenario] ?? {})
  })

  it('holds recordings of six servers', () => {
    expect(new Set(recordingNames().map((name) => name.slice(0, name.indexOf('/')))).size).toBe(6)
  })
})

describe('text template: codecs of newer servers fall back on it', () => {
  it.each(recordingNames())('%s', (name) => {
    for (const exchange of loadRecording(name).exchanges)
      for (const frame of framesOf(exchange, 0)) {
        const decoded = pushStreamText.decode(frame)
        expect(protobufCodec.decode(frame)).toEqual(decoded)
        if (!/^\s*#!/.test(frame)) continue
        const bytes = new TextEncoder().encode(frame).buffer
        for (const codec of [protobufCodec, jsonArrayCodec, jsonRpcCodec]) {
          expect(codec.decode(frame)).toEqual(decoded)
          expect(codec.decode(bytes)).toEqual(decoded)
        }
      }
  })
})

describe('binary framing: recordings of real servers', () => {
  const names = recordingNames().filter((name) => loadRecording(name).binary.length > 0)
  const total: Record<string, number> = {}
  afterAll(() => console.log(`binary frames replayed, by outcome: ${JSON.stringify(total)}`))

  it.each(names)('%s', (name) => {
    const recording = loadRecording(name)
    const notRead: Record<string, number> = {}
    const published = [...recording.published, ...recording.requests.flatMap(publishedIn)]
    for (const { data, responses } of recording.binary) {
      const decoded = protobufCodec.decode(data)
      const wanted = responses.flatMap(toExpected)
      expect(decoded).toHaveLength(wanted.length)
      expect(decoded).toMatchObject(wanted)
      for (const item of decoded) {
        count(total, outcome(item))
        if (item.type === 'bad') count(notRead, outcome(item))
        if (item.type === 'message' && !BINARY_PUBLISHED_ELSEWHERE.has(scenarioOf(name)))
          expect(published.some((published) => isBodyOf(recording, published, item))).toBe(true)
      }
    }
    expect(notRead).toEqual(BINARY_BAD[scenarioOf(name)] ?? {})
  })

  const asking = recordingNames().filter((name) => loadRecording(name).requests.length > 0)

  it.each(asking)('%s: what we would have sent is what the server took', (name) => {
    for (const frame of loadRecording(name).requests) {
      const request = toRequest(frame)
      const { incomingMessages, channelStats } = request
      const ours = incomingMessages
        ? protobufCodec.publish!(incomingMessages.messages)
        : protobufCodec.channelStats!(channelStats!.channels)
      expect(toRequest(ours)).toEqual(request)
    }
  })

  it('an empty request, known to keep a connection alive, is what publishing nothing writes', () => {
    const [frame] = loadRecording('push-server-2.0/ws-binary-empty-request').requests
    expect(new Uint8Array(protobufCodec.publish!([]))).toEqual(new Uint8Array(frame!))
  })
})

describe('endings: recordings of real servers', () => {
  const names = recordingNames().filter((name) => name.startsWith('push-server-'))

  it.each(names)('%s', (name) => {
    const recording = loadRecording(name)
    expect(recording.endings.map(conclusionOf).filter((told) => told !== null)).toEqual(ENDINGS[name] ?? [])
  })

  it('expects nothing of recordings that are not there', () => {
    expect(Object.keys(ENDINGS).filter((name) => !names.includes(name))).toEqual([])
  })
})

/** Frames as a transport hands them over. Seed 0: cut as recorded. */
function framesOf(exchange: Exchange, seed: number, create = createEventParser): string[] {
  const parts = exchange.received.map((part) => part.data)
  if (exchange.kind === 'websocket') return parts
  if (exchange.kind === 'long-polling') return [parts.join('')]
  const frames: string[] = []
  const feed = create(
    (data) => frames.push(data),
    () => {},
  )
  for (const part of seed === 0 ? parts : cutAtRandom(parts.join(''), seed)) feed(part)
  return frames
}

function decode(frames: readonly string[]): Decoded[] {
  return frames.flatMap((frame) => pushStreamText.decode(frame))
}

function outcome(item: Decoded): string {
  return item.type === 'system' ? item.name : item.type === 'bad' ? item.reason : item.type
}

function count(tally: Record<string, number>, key: string): void {
  tally[key] = (tally[key] ?? 0) + 1
}

/** The event stream gives every line of a body a template of its own; one frame never holds two messages there. */
function joinSplitLines(frame: string): string {
  const lines = frame.split('\n').map((line) => SPLIT_LINE.exec(line))
  const head = lines[0]?.[1]
  if (head === undefined || lines.length === 1 || !lines.every((line) => line?.[1] === head)) return frame
  return `${head}${lines.map((line) => line![2]).join('\n')}}#!NGINXNME!#`
}

/** Both sides come from JSON.parse, so equal text means deeply equal with keys in the same order. */
function isBodyOf(recording: Recording, published: Published, message: Message): boolean {
  const body = JSON.stringify(message.body)
  if (published.sha256 !== null) return createHash('sha256').update(body).digest('hex') === published.sha256
  if (!isMessage(published)) return false
  return JSON.stringify(JSON.parse(asServed(recording, published.body!, message))) === body
}

function asServed(recording: Recording, body: string, message: Message): string {
  if (!REPLACES_TOKENS.has(recording.server)) return body
  return body.replaceAll('~tag~', String(message.tag)).replaceAll('~time~', String(message.time))
}

function isMessage({ body }: Published): boolean {
  try {
    const value: unknown = JSON.parse(body ?? '')
    if (typeof value !== 'object' || value === null) return false
    return 'module_id' in value && typeof value.module_id === 'string' && 'command' in value
  } catch {
    return false
  }
}

/** The texts under which this body was published: once pretty-printed, once compact, for example. */
function spellings(recording: Recording, published: Published): string[] {
  const value = JSON.stringify(JSON.parse(published.body!))
  const same = recording.published.filter((item) => isMessage(item) && JSON.stringify(JSON.parse(item.body!)) === value)
  return [...new Set(same.map((item) => item.body!))]
}

/** How often a body stands on the wire, up to the first token where the server replaces tokens. */
function occurrences(recording: Recording, body: string, wire: string): number {
  const token = REPLACES_TOKENS.has(recording.server) ? body.indexOf('~tag~') : -1
  return wire.split(token < 0 ? `"text":${body}}#!NGINXNME!#` : `"text":${body.slice(0, token)}`).length - 1
}

function scenarioOf(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

/** What a response holds, as we would tell it. */
function toExpected({ outgoingMessages, channelStats }: BinaryResponse): unknown[] {
  if (channelStats) {
    const result = channelStats.channels.map(({ id, isOnline }) => ({ id, isOnline }))
    return [{ type: 'answer', id: null, outcome: { result } }]
  }
  return (outgoingMessages?.messages ?? []).map(toExpectedMessage)
}

function toExpectedMessage({ id: mid, body, bodySha256, created, sender }: BinaryMessage): unknown {
  if (!bodySha256 && !isMessage({ body: body!, sha256: null })) return { type: 'bad', placed: { mid } }
  return {
    type: 'message',
    id: Number(mid.slice(10)),
    mid,
    createdAtMs: created * 1000,
    sender: { type: sender.type, id: sender.id ?? null },
    ...(body === undefined ? {} : { body: JSON.parse(body) as unknown }),
  }
}

interface Request {
  readonly incomingMessages?: {
    messages: { receivers: { id: string; signature: string }[]; body: string; expiry: number }[]
  }
  readonly channelStats?: { channels: { id: string; signature: string }[] }
}

/** The first request of a batch, as another implementation reads it: it is the only one these servers act upon. */
function toRequest(frame: ArrayBuffer): Request {
  const batch = RequestBatch.toObject(RequestBatch.decode(new Uint8Array(frame)), { defaults: true, arrays: true })
  const hex = (_key: string, value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
  // No server does anything with the type that the vendor's clients may add.
  return (JSON.parse(JSON.stringify(batch, hex).replace(/,"type":"[^"]*"/g, '')) as { requests: Request[] })
    .requests[0]!
}

function publishedIn(frame: ArrayBuffer): Published[] {
  return (toRequest(frame).incomingMessages?.messages ?? []).map(({ body }) => ({ body, sha256: null }))
}

/** What the client makes of an ending; `null` where it closed by itself, got what it asked for, or it is the portal's. */
function conclusionOf({ url, status, lastMessageId, body, close }: Ending): string | null {
  if (close) return `${close.code} ${lossFromClose(close.code, close.reason, status === 101).reason}`
  if (url.includes('/pub/')) return null
  if (status === null) return 'no answer'
  if (status === 304) return `poll on from ${pollOnFrom(url, lastMessageId)}`
  return status < 300 ? null : `${status} ${lossFromStatus(status, body, null).reason}`
}

/** An empty poll tells where to ask from next: nothing that comes in between may be missed. */
function pollOnFrom(url: string, lastMessageId: string | null): string {
  const lastMid = new URL(url, 'http://push.example.test').searchParams.get('mid')
  const position = createPosition({ version: 4, overlapMs: 1500, originAtMs: 0, originIsServerTime: true, lastMid })
  const now = { nowMs: 0, sinceMs: 0, serverNowMs: 0 }
  const replay = position.open({ ...now, channels: ['a'], resumed: false, atomic: true })
  replay.emptyPoll({ lastMessageId, lastModified: null }, 40_000)
  const { mid } = replay.next()
  return mid === undefined
    ? 'nowhere'
    : mid === lastMessageId
      ? 'the place told'
      : /^0+$/.test(mid)
        ? 'the beginning'
        : 'elsewhere'
}
