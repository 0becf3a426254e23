import fc from 'fast-check'
import type { Message as Decodable } from 'protobufjs'
import { describe, expect, it, vi } from 'vitest'
import { RequestBatch, ResponseBatch } from '../../test/support/push-server-model'
import type { Decoded, Outgoing, PublicChannelId } from './codec'
import { MAX_FRAME_LENGTH, MAX_PIECES } from './message-body'
import { MAX_ID_BYTES, protobufCodec } from './protobuf'
import { pushStreamText } from './push-stream-text'

/** Every random run can be repeated: FC_SEED=… */
const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
const RUNS = { seed: SEED, numRuns: 400 }
const MUTATIONS = 1_000_000

const BODY = { module_id: 'im', command: 'test', params: { n: 1 }, extra: {} }
const TEXT = JSON.stringify(BODY)
const HEAD_HEX = Buffer.from(TEXT).toString('hex')
const UNTOLD = { channel: null, tag: null, time: null, timeAtMs: null, receipt: null }
const CLIENT_ID = 'abe9e6964532000ab8b7acf092ba627b'
const SIGNATURE = '057ac8625ae4ac0da4ed093a19950f9dab7e29d0'
const MARKED = `#!NGINXNMS!#{"id":7,"mid":"16000000000000000000000042","text":${TEXT}}#!NGINXNME!#`

function decode(hex: string): readonly Decoded[] {
  return protobufCodec.decode(toFrame(Buffer.from(hex, 'hex')))
}

function toFrame(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

function hexOf(frame: ArrayBuffer): string {
  return Buffer.from(frame).toString('hex')
}

function outcomes(decoded: readonly Decoded[]): string[] {
  return decoded.map((item) => (item.type === 'bad' ? item.reason : item.type))
}

/** A field with a length. */
function field(number: number, ...parts: (Uint8Array | string)[]): Uint8Array {
  const payload = Buffer.concat(parts.map((part) => Buffer.from(part)))
  return Buffer.concat([varint(number * 8 + 2), varint(payload.length), payload])
}

function varint(value: number): Uint8Array {
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
  return Uint8Array.of(...bytes, value)
}

function message(mid: string, ...more: (Uint8Array | string)[]): Uint8Array {
  return field(1, field(1, Buffer.from(mid, 'hex')), ...more)
}

function batch(...messages: (Uint8Array | string)[]): ArrayBuffer {
  return toFrame(field(1, field(1, ...messages)))
}

const ONE = message('16000000000000000000000041', field(2, TEXT))
const TWO = message('16000000000000000000000042', field(2, TEXT))

describe('binary framing: frames known byte for byte', () => {
  it('a message of the portal', () => {
    expect(decode(`0a610a5f0a5d0a0d16000000000000000000000042123f${HEAD_HEX}1880a3052500105e5f2a020802`)).toEqual([
      {
        type: 'message',
        id: 42,
        mid: '16000000000000000000000042',
        body: BODY,
        sender: { type: 2, id: null },
        createdAtMs: 1_600_000_000_000,
        ...UNTOLD,
      },
    ])
  })

  it('a message of another client', () => {
    expect(
      decode(`0a710a6f0a6d0a0d16000000000000000000000043123f${HEAD_HEX}18002501105e5f2a1408011210${CLIENT_ID}`),
    ).toMatchObject([
      { mid: '16000000000000000000000043', sender: { type: 1, id: CLIENT_ID }, createdAtMs: 1_600_000_001_000 },
    ])
  })

  it('a message without sender, expiry and time is delivered all the same', () => {
    expect(decode(`0a540a520a500a0d16000000000000000000000044123f${HEAD_HEX}`)).toMatchObject([
      { type: 'message', mid: '16000000000000000000000044', body: BODY, sender: null, createdAtMs: null },
    ])
  })

  it('channel statistics', () => {
    expect(decode(`0a1a12180a160a10${CLIENT_ID}10001801`)).toEqual([
      { type: 'answer', id: null, outcome: { result: [{ id: CLIENT_ID, isOnline: true }] } },
    ])
  })

  it('a publish request', () => {
    const receivers = [{ id: CLIENT_ID, signature: SIGNATURE }]
    const body = '{"module_id":"im","command":"startWriting","params":{"dialogId":"chat1"}}'
    expect(hexOf(protobufCodec.publish!([{ receivers, body, expiry: 0 }]))).toBe(
      `0a7b0a790a770a280a10${CLIENT_ID}1a14${SIGNATURE}1a49${Buffer.from(body).toString('hex')}2000`,
    )
  })

  it('nothing: an empty frame, an empty batch, an empty response, empty messages', () => {
    for (const hex of ['', '0a00', '0a020a00', '0a040a000a00']) expect(decode(hex), hex).toEqual([])
    expect(outcomes(decode('0a040a020a00'))).toEqual(['not-json'])
    expect(decode('0a021200')).toEqual([{ type: 'answer', id: null, outcome: { result: [] } }])
  })
})

describe('V2: binary framing: what stands in a message', () => {
  it.each([
    ['12 bytes', '160000000000000000000042', null],
    ['14 bytes', '1600000000000000000000000042', null],
    ['none', '', null],
    ['a digit that is none', '1600000000000000000000004a', null],
    ['13 bytes of digits', '16000000000000000000000042', '16000000000000000000000042'],
  ])('mid of %s', (_name, hex, mid) => {
    expect(protobufCodec.decode(batch(message(hex, field(2, TEXT))))).toMatchObject([
      { type: 'message', mid, id: mid && 42 },
    ])
  })

  it('a body that is no message is bad, tells its mid, and leaves its neighbours alone', () => {
    const mid = '16000000000000000000000050'
    for (const [text, reason] of [
      ['', 'not-json'],
      ['{"module_id":"im","command":"broken', 'not-json'],
      ['\uFFFD', 'not-json'],
      ['null', 'not-a-message'],
      ['[]', 'not-a-message'],
      ['{"module_id":1,"command":"x"}', 'not-a-message'],
      ['{"__proto__":{"module_id":"im","command":"x"}}', 'not-a-message'],
    ] as const) {
      const piece = message(mid, field(2, text))
      const decoded = protobufCodec.decode(batch(ONE, piece, TWO))
      expect(outcomes(decoded), text).toEqual(['message', reason, 'message'])
      expect(decoded[1]).toMatchObject({ type: 'bad', reason, length: piece.length - 2, placed: { mid } })
    }
    expect(({} as { module_id?: string }).module_id).toBeUndefined()
  })

  it('bytes that are no UTF-8 become replacement characters', () => {
    const text = Buffer.concat([Buffer.from('{"module_id":"im","command":"'), Buffer.from([0xff]), Buffer.from('"}')])
    expect(protobufCodec.decode(batch(message('', field(2, text))))).toMatchObject([{ body: { command: '\uFFFD' } }])
  })

  it('the last of repeated fields counts; a sender may come in pieces', () => {
    const piece = message(
      '',
      field(2, 'null'),
      field(2, TEXT),
      field(5, Uint8Array.of(8, 1)),
      field(5, field(2, Buffer.from(CLIENT_ID, 'hex'))),
    )
    expect(protobufCodec.decode(batch(piece))).toMatchObject([{ body: BODY, sender: { type: 1, id: CLIENT_ID } }])
  })

  it('a sender without fields is there, with an unknown type; one with too long an id has none', () => {
    const id = (length: number): Uint8Array => field(5, field(2, new Uint8Array(length)))
    const decoded = protobufCodec.decode(
      batch(...[field(5), id(MAX_ID_BYTES), id(MAX_ID_BYTES + 1)].map((more) => message('', field(2, TEXT), more))),
    )
    const ids = [null, '00'.repeat(MAX_ID_BYTES), null]
    expect(decoded).toMatchObject(ids.map((id) => ({ type: 'message', sender: { type: 0, id } })))
  })

  it('reads all responses and all messages in order, and answers between them', () => {
    const stats = field(1, field(2, field(1, field(1, Buffer.from(CLIENT_ID, 'hex')))))
    const frame = Buffer.concat([field(1, field(1, ONE, TWO)), stats, field(1, field(1, ONE)), stats])
    expect(outcomes(protobufCodec.decode(toFrame(frame)))).toEqual([
      'message',
      'message',
      'answer',
      'message',
      'answer',
    ])
  })
})

describe('V2: binary framing: what is not known', () => {
  const strange: [string, Uint8Array][] = [
    ['varint', Buffer.concat([varint(99 * 8), varint(2 ** 40)])],
    ['varint of ten bytes', Buffer.concat([varint(99 * 8), Buffer.from('ffffffffffffffffff01', 'hex')])],
    ['fixed64', Buffer.concat([varint(99 * 8 + 1), new Uint8Array(8)])],
    ['bytes', field(99, 'x'.repeat(300))],
    ['fixed32', Buffer.concat([varint((2 ** 29 - 1) * 8 + 5), new Uint8Array(4)])],
    ['a known field of another type', Uint8Array.of(8, 1)],
  ]

  it.each(strange)('%s is skipped at every level without a trace', (_name, extra) => {
    const sender = field(5, extra, Uint8Array.of(8, 2), extra)
    const message = field(1, extra, field(2, TEXT), extra, sender, extra)
    const response = field(1, extra, field(1, extra, message, extra), extra)
    const stats = field(1, field(2, extra, field(1, extra, Uint8Array.of(24, 1), extra), extra))
    expect(protobufCodec.decode(toFrame(Buffer.concat([extra, response, extra, stats, extra])))).toMatchObject([
      { type: 'message', body: BODY },
      { type: 'answer', outcome: { result: [{ id: '', isOnline: true }] } },
    ])
  })

  it('other commands are skipped', () => {
    const others = [field(1, field(3, field(1, '{}'))), field(1, field(4, '{}')), field(1, field(9, 'new'))]
    expect(protobufCodec.decode(toFrame(Buffer.concat([...others, field(1, field(1, ONE))])))).toHaveLength(1)
  })
})

describe('V1: binary framing: text of a server that ignores binaryMode', () => {
  it.each(['', ' ', '\r\n', '\n\t '])('goes to the text codec, behind %j too', (blank) => {
    const frame = toFrame(Buffer.from(blank + MARKED))
    expect(protobufCodec.decode(frame)).toEqual(pushStreamText.decode(MARKED))
    expect(protobufCodec.decode(blank + MARKED)).toEqual(pushStreamText.decode(MARKED))
  })

  it('a batch whose first response is as long as the code of `#` stays binary', () => {
    const text = 'x'.repeat(35 - 2 - 2 - 2)
    const frame = batch(field(1, field(2, text)))
    expect([...new Uint8Array(frame).slice(0, 2)]).toEqual([10, 35])
    expect(outcomes(protobufCodec.decode(frame))).toEqual(['not-json'])
  })
})

describe('V3: binary framing: damage', () => {
  it.each([
    ['an HTML page', Buffer.from('<html>502</html>').toString('hex')],
    ['field number 0', '0200'],
    ['a group', '0b0c'],
    ['wire type 6', '0e'],
    ['wire type 7', '0f'],
    ['a tag cut off', '80'],
    ['a tag longer than 32 bits', '8a808080800100'],
    ['a varint longer than ten bytes', '08ffffffffffffffffffff01'],
    ['a length cut off', '0a80'],
    ['a length behind the end', '0a05'],
    ['a huge length', '0affffffffffffffffff01'],
    ['fixed32 cut off', '0d0000'],
    ['fixed64 cut off', '0900000000000000'],
  ])('%s: one bad, behind what stood before', (_name, hex) => {
    const length = hex.length / 2
    expect(decode(hex)).toEqual([{ type: 'bad', reason: 'malformed', length, placed: null }])
    const whole = Buffer.from(batch(ONE)).toString('hex')
    expect(outcomes(decode(whole + hex))).toEqual(['message', 'malformed'])
  })

  it('cut anywhere: the whole messages before the cut, and one bad', () => {
    const frame = batch(ONE, TWO)
    const heads = [...Buffer.from(frame)].length - ONE.length - TWO.length
    for (let at = 1; at < frame.byteLength; at++) {
      const before = at >= heads + ONE.length ? ['message'] : []
      const decoded = protobufCodec.decode(frame.slice(0, at))
      // A cut right behind a message is seen by the length of what holds it.
      expect(outcomes(decoded), `cut at ${at}`).toEqual([...before, 'malformed'])
      // It may still come as a whole: it must not be passed.
      expect(decoded[decoded.length - 1], `cut at ${at}`).toMatchObject({ length: at, placed: null })
    }
  })

  it('a message that is damaged inside does not hide its neighbours', () => {
    const broken = message('16000000000000000000000050', field(2, TEXT), Uint8Array.of(0x0b))
    expect(protobufCodec.decode(batch(ONE, broken, TWO))).toMatchObject([
      { type: 'message' },
      { type: 'message' },
      { type: 'bad', reason: 'malformed', placed: null },
    ])
  })

  it('statistics that are damaged are no answer', () => {
    expect(outcomes(decode('0a0612040a020a05'))).toEqual(['malformed'])
    // Cut behind a whole channel, and only the lengths around it tell.
    expect(outcomes(decode('0a0612040a00'))).toEqual(['malformed'])
  })
})

describe('V3: binary framing: limits', () => {
  it('a frame above the limit is not looked at', () => {
    const read = vi.spyOn(TextDecoder.prototype, 'decode')
    const frame = new ArrayBuffer(MAX_FRAME_LENGTH + 1)
    new Uint8Array(frame).set(new Uint8Array(batch(ONE)))
    expect(protobufCodec.decode(frame)).toEqual([
      { type: 'bad', reason: 'too-large', length: MAX_FRAME_LENGTH + 1, placed: null },
    ])
    expect(read).not.toHaveBeenCalled()
    read.mockRestore()
  })

  it('reads as many pieces as the limit allows, and says how much was left', () => {
    const empty = Buffer.alloc(2 * (MAX_PIECES + 3), Buffer.from('0a00', 'hex'))
    const messages = protobufCodec.decode(batch(empty))
    expect(messages).toHaveLength(MAX_PIECES + 1)
    expect(messages[MAX_PIECES]).toEqual({ type: 'bad', reason: 'too-many', length: 3 * 2 - 2, placed: null })
    // Counted from behind the head of the first one; an answer is a piece too.
    const [answer, rest] = protobufCodec.decode(toFrame(field(1, field(2, empty))))
    expect(answer).toMatchObject({ type: 'answer' })
    expect((answer as { outcome: { result: unknown[] } }).outcome.result).toHaveLength(MAX_PIECES - 1)
    expect(rest).toEqual({ type: 'bad', reason: 'too-many', length: 4 * 2 - 2, placed: null })
    expect(protobufCodec.decode(batch(empty.subarray(6)))).toHaveLength(MAX_PIECES)
  })

  const full = MAX_FRAME_LENGTH / 8
  const filled = (hex: string): Buffer => Buffer.alloc(full, Buffer.from(hex, 'hex'))
  const hostile: [string, () => ArrayBuffer][] = [
    ['empty batches', () => toFrame(filled('0a00'))],
    ['empty messages', () => batch(filled('0a00'))],
    ['empty statistics', () => toFrame(field(1, filled('1200')))],
    ['unknown varints in a message', () => batch(field(1, filled('0800')))],
    ['unknown fixed numbers', () => batch(field(1, filled('0d00000000')))],
    ['times', () => batch(field(1, filled('2500000000')))],
    ['senders', () => batch(field(1, filled('2a00')))],
    ['ids', () => batch(field(1, filled(`0a0d${'16'.repeat(13)}`)))],
    ['bodies in one message', () => batch(field(1, filled('12027b7d')))],
    ['lengths behind the end', () => batch(field(1, filled('0aff7f')))],
    ['one long id', () => batch(field(1, field(1, filled('00'))))],
    ['one deep body', () => batch(field(1, field(2, filled('5b'))))],
    ['one long varint', () => toFrame(filled('ff'))],
    ['blanks', () => toFrame(filled('20'))],
  ]

  it.each(hostile)('4 MB are decoded as text at most once over: %s', (_name, write) => {
    const frame = write()
    const read = vi.spyOn(TextDecoder.prototype, 'decode')
    const parsed = vi.spyOn(JSON, 'parse')
    const decoded = protobufCodec.decode(frame)
    const bytes = read.mock.calls.reduce((sum, [part]) => sum + (part?.byteLength ?? 0), 0)
    const units = parsed.mock.calls.reduce((sum, [text]) => sum + text.length, 0)
    read.mockRestore()
    parsed.mockRestore()
    expect(bytes).toBeLessThanOrEqual(frame.byteLength)
    expect(units).toBeLessThanOrEqual(frame.byteLength)
    expect(decoded.length).toBeLessThanOrEqual(MAX_PIECES + 2)
  })
})

describe(`binary framing: against another implementation (FC_SEED=${SEED})`, () => {
  const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 26, maxLength: 26 }).map((list) => list.join(''))
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('Привет 👋', '\u2028', '__proto__'))
  const maybe = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(some, { nil: undefined })
  const body = fc.record({ module_id: text, command: text, params: fc.jsonValue() })
  const outgoing = fc.record(
    {
      id: maybe(digits.map((digits) => Buffer.from(digits, 'hex'))),
      body: maybe(fc.oneof({ weight: 5, arbitrary: body.map((value) => JSON.stringify(value)) }, text)),
      expiry: maybe(fc.nat(2 ** 32 - 1)),
      created: maybe(fc.integer({ min: 1, max: 2 ** 32 - 1 })),
      sender: maybe(fc.record({ type: maybe(fc.nat(5)), id: maybe(bytes(16)) })),
    },
    { requiredKeys: [] },
  )
  const stats = fc.record({ id: bytes(16), isPrivate: maybe(fc.boolean()), isOnline: maybe(fc.boolean()) })
  const response = fc.oneof(
    fc.record({ outgoingMessages: fc.record({ messages: fc.array(outgoing, { maxLength: 4 }) }) }),
    fc.record({ channelStats: fc.record({ channels: fc.array(stats, { maxLength: 4 }) }) }),
    fc.record({ serverStats: fc.record({ json: text }) }),
    fc.record({ json: text }),
  )
  type Response = typeof response extends fc.Arbitrary<infer T> ? T : never

  const hex = (bytes: Uint8Array | undefined): string | null => (bytes ? Buffer.from(bytes).toString('hex') : null)

  function expected(response: Response): unknown[] {
    if ('channelStats' in response) {
      const { channels } = response.channelStats
      const result = channels.map(({ id, isOnline }) => ({ id: hex(id), isOnline: isOnline ?? false }))
      return [{ type: 'answer', id: null, outcome: { result } }]
    }
    if (!('outgoingMessages' in response)) return []
    return response.outgoingMessages.messages.map(({ id, body, created, sender }) => {
      const mid = hex(id)
      let value: unknown
      try {
        // As it arrives: half of a surrogate pair cannot be written in UTF-8.
        value = JSON.parse(Buffer.from(body ?? '').toString())
      } catch {
        return { type: 'bad', reason: 'not-json', placed: { mid } }
      }
      if (!value || typeof value !== 'object' || !('module_id' in value)) return { type: 'bad', placed: { mid } }
      return {
        type: 'message',
        mid,
        body: value,
        createdAtMs: created === undefined ? null : created * 1000,
        sender: sender ? { type: sender.type ?? 0, id: hex(sender.id) } : null,
      }
    })
  }

  it('what it writes is read as it was meant', () => {
    fc.assert(
      fc.property(fc.array(response, { maxLength: 5 }), (responses) => {
        const frame = toFrame(ResponseBatch.encode(ResponseBatch.fromObject({ responses })).finish())
        const wanted = responses.flatMap(expected)
        const decoded = protobufCodec.decode(frame)
        expect(decoded).toHaveLength(wanted.length)
        expect(decoded).toMatchObject(wanted)
      }),
      RUNS,
    )
  })

  const channel = fc.record({
    id: bytes(16).map((id) => hex(id)!),
    signature: bytes(20).map((signature) => hex(signature)!),
  })
  const channels: fc.Arbitrary<PublicChannelId[]> = fc.array(channel, { maxLength: 5 })
  const toBytes = ({ id, signature }: PublicChannelId): object => ({
    id: Buffer.from(id, 'hex'),
    signature: Buffer.from(signature, 'hex'),
  })

  it('what we write is read as it was meant', () => {
    const messages: fc.Arbitrary<Outgoing[]> = fc.array(
      fc.record({
        receivers: channels,
        body: fc.oneof(text, fc.constant('x'.repeat(20_000))),
        expiry: fc.oneof(fc.constantFrom(0, 127, 128, 86_400, 2 ** 31, 2 ** 32 - 1), fc.nat()),
      }),
      { maxLength: 5 },
    )
    fc.assert(
      fc.property(messages, channels, (messages, channels) => {
        const sent = RequestBatch.decode(new Uint8Array(protobufCodec.publish!(messages)))
        const meant = messages.map(({ receivers, body, expiry }) => ({
          receivers: receivers.map(toBytes),
          body: Buffer.from(body).toString(),
          expiry,
        }))
        const plain = (message: Decodable): unknown => JSON.parse(JSON.stringify(message.toJSON()))
        const wanted = (request: object): unknown => plain(RequestBatch.fromObject({ requests: [request] }))
        expect(plain(sent)).toEqual(wanted({ incomingMessages: { messages: meant } }))
        const asked = RequestBatch.decode(new Uint8Array(protobufCodec.channelStats!(channels)))
        expect(plain(asked)).toEqual(wanted({ channelStats: { channels: channels.map(toBytes) } }))
      }),
      RUNS,
    )
  })

  it(`survives ${MUTATIONS} damaged frames, and says of each what became of it`, () => {
    const random = mulberry32(SEED)
    const upTo = (limit: number): number => Math.floor(random() * limit)
    const small = '{"module_id":"a","command":"b"}'
    const frames = [
      batch(message('16000000000000000000000041', field(2, small), field(5, Uint8Array.of(8, 2))), TWO.subarray(0, 40)),
      batch(
        message('16000000000000000000000041', field(2, small), Uint8Array.of(0x25, 1, 2, 3, 4)),
        message('', field(2, '{}')),
      ),
      toFrame(
        Buffer.concat([
          field(1, field(2, field(1, field(1, 'abcdefgh'), Uint8Array.of(24, 1)))),
          field(1, field(4, '{}')),
        ]),
      ),
      toFrame(Buffer.from(MARKED)),
    ].map((frame) => new Uint8Array(frame))
    const outcome: Record<string, number> = {}
    for (let run = 0; run < MUTATIONS; run++) {
      const from = frames[upTo(frames.length)]!
      const bytes = from.slice(0, random() < 0.2 ? upTo(from.length + 1) : from.length)
      for (let changes = 1 + upTo(3); changes > 0; changes--) {
        const at = upTo(bytes.length)
        if (random() < 0.7) bytes[at] = upTo(256)
        else bytes.copyWithin(at, upTo(bytes.length), upTo(bytes.length))
      }
      const kinds = outcomes(protobufCodec.decode(bytes.buffer))
      if (kinds.length > bytes.length) throw new Error(`more pieces than bytes: ${hexOf(bytes.buffer)}`)
      for (const kind of kinds) outcome[kind] = (outcome[kind] ?? 0) + 1
    }
    console.log(`damaged binary frames, by outcome (FC_SEED=${SEED}): ${JSON.stringify(outcome)}`)
    // A generator that damages nothing, or everything, would prove little.
    for (const kind of ['message', 'answer', 'malformed', 'not-json', 'not-a-message'])
      expect(outcome[kind], kind).toBeGreaterThan(MUTATIONS / 1000)
  }, 120_000)
})

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
