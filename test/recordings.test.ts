/**
 * Replays what real servers sent and compares with what was published to them. The expectation is made from the
 * published bodies and by plain counting on the wire, not by another parser of the same kind.
 */
import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import type { Decoded, Message } from '../src/codec/codec'
import { pushStreamText } from '../src/codec/push-stream-text'
import { createEventParser } from '../src/transport/event-parser'
import { createEventParser as createEventParserLite } from '../src/transport/event-parser-lite'
import {
  cutAtRandom,
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

/** These servers replace template tokens inside bodies too. A client cannot undo it: the one expected difference. */
const REPLACES_TOKENS = new Set(['nginx-push-stream-0.3.4', 'nginx-push-stream-0.4.0'])

const HEAD = /#!NGINXNMS!#\{\s*"id":-?\d+,/g
const SPLIT_LINE = /^(#!NGINXNMS!#\{.*?"text":)(.*)\}#!NGINXNME!#$/

describe('text template: recordings of real servers', () => {
  const total: Record<string, number> = {}
  afterAll(() => console.log(`recordings replayed, by outcome: ${JSON.stringify(total)}`))

  it.each(recordingNames())('%s', (name) => {
    const recording = loadRecording(name)
    const scenario = name.slice(name.indexOf('/') + 1)
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
