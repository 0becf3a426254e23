import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Decoded } from './codec'
import { jsonArrayCodec } from './json-array'
import { MAX_FRAME_LENGTH, MAX_PIECES } from './message-body'
import { pushStreamText } from './push-stream-text'

const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
const RUNS = { seed: SEED, numRuns: 400 }

const MID = '17951676910000000000000466'
const TIME = 'Fri, 20 Nov 2026 09:31:06 GMT'
const BODY = { module_id: 'im', command: 'message', params: { n: 1 } }
const HEAD = { id: 466, mid: MID, channel: '-', tag: '763', time: TIME }

function decode(value: unknown): readonly Decoded[] {
  return jsonArrayCodec.decode(JSON.stringify(value))
}

function outcomes(decoded: readonly Decoded[]): string[] {
  return decoded.map((item) => (item.type === 'bad' ? item.reason : item.type))
}

describe('JSON array: messages', () => {
  it('reads the same from an envelope as the text template does', () => {
    for (const head of [
      HEAD,
      {},
      { id: '4', tag: 'W/6', time: 'soon', channel: 'e45d3a9a34556b34391299301f267162' },
      { id: 1.5, mid: 7, tag: [], time: 1, channel: 7 },
      { id: -1, channel: 'e45d3a9a34556b34391299301f267162' },
      { id: -2 },
      { id: -9 },
    ])
      for (const text of [BODY, { ...BODY, params: [] }]) {
        const envelope = JSON.stringify({ ...head, x: 0, text })
        expect(jsonArrayCodec.decode(`[${envelope}]`), envelope).toEqual(
          pushStreamText.decode(`#!NGINXNMS!#${envelope}#!NGINXNME!#`),
        )
      }
  })

  it('reads many, in order, or a single one without the array', () => {
    const second = { ...HEAD, mid: '17951676910000000000000467', text: BODY }
    expect(decode([{ ...HEAD, text: BODY }, second])).toMatchObject([{ mid: MID }, { mid: second.mid, body: BODY }])
    expect(decode(second)).toEqual(decode([second]))
    expect(decode([])).toEqual([])
    expect(jsonArrayCodec.decode(`\uFEFF`)).toEqual([])
    expect(jsonArrayCodec.decode(`\r\n ${JSON.stringify([second])}\n`)).toEqual(decode([second]))
  })

  it('takes `extra` from beside the body, unless one stands inside', () => {
    expect(decode([{ ...HEAD, text: BODY, extra: { a: 1 } }])).toMatchObject([{ body: { ...BODY, extra: { a: 1 } } }])
    const inside = { ...BODY, extra: { b: 2 } }
    expect(decode([{ ...HEAD, text: inside, extra: { a: 1 } }])).toMatchObject([{ body: inside }])
    const [message] = decode([{ ...HEAD, text: BODY }])
    expect(message).toMatchObject({ type: 'message' })
    expect('extra' in (message as { body: object }).body).toBe(false)
  })

  it('counts what is no message, with its mid, and leaves its neighbours alone', () => {
    const good = { ...HEAD, text: BODY }
    const frame = JSON.stringify([
      good,
      null,
      7,
      'x',
      [],
      {},
      { ...HEAD, text: 'prose', extra: 1 },
      { text: null },
      good,
    ])
    const decoded = jsonArrayCodec.decode(frame)
    expect(outcomes(decoded)).toEqual(['message', ...Array<string>(7).fill('not-a-message'), 'message'])
    expect(decoded[6]).toMatchObject({ reason: 'not-a-message', length: frame.length, placed: { mid: MID } })
  })

  it('a frame that is cut is one bad', () => {
    const frame = JSON.stringify([{ ...HEAD, text: BODY }])
    for (let at = 1; at < frame.length; at++)
      expect(outcomes(jsonArrayCodec.decode(frame.slice(0, at)))).toEqual(['not-json'])
  })

  it('`__proto__` changes nothing', () => {
    const frame = `[{"__proto__":{"text":${JSON.stringify(BODY)},"extra":{"polluted":1}}},
      {"text":{"__proto__":{"polluted":1},"module_id":"im","command":"x"},"extra":{"__proto__":{"polluted":1}}}]`
    expect(outcomes(jsonArrayCodec.decode(frame))).toEqual(['not-a-message', 'message'])
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('V1: JSON array: servers that do not know it', () => {
  it.each(['', '\n', ' '])('text template behind %j', (blank) => {
    const frame = `${blank}#!NGINXNMS!#${JSON.stringify({ ...HEAD, text: BODY })}#!NGINXNME!#`
    expect(jsonArrayCodec.decode(frame)).toEqual(pushStreamText.decode(frame))
    expect(outcomes(jsonArrayCodec.decode(frame))).toEqual(['message'])
    const bytes = new TextEncoder().encode(frame)
    expect(jsonArrayCodec.decode(bytes.buffer)).toEqual(pushStreamText.decode(frame))
  })

  it('other text is bad, an empty frame is nothing', () => {
    expect(outcomes(jsonArrayCodec.decode('<html>502</html>'))).toEqual(['no-marks'])
    expect(outcomes(jsonArrayCodec.decode('null'))).toEqual(['no-marks'])
    expect(jsonArrayCodec.decode(' \r\n')).toEqual([])
  })
})

describe('V3: JSON array: limits', () => {
  it('a frame above the limit is not looked at', () => {
    const parse = vi.spyOn(JSON, 'parse')
    const decode = vi.spyOn(TextDecoder.prototype, 'decode')
    for (const frame of ['['.repeat(MAX_FRAME_LENGTH + 1), new ArrayBuffer(MAX_FRAME_LENGTH + 1)])
      expect(jsonArrayCodec.decode(frame)).toEqual([
        { type: 'bad', reason: 'too-large', length: MAX_FRAME_LENGTH + 1, placed: null },
      ])
    expect(parse).not.toHaveBeenCalled()
    expect(decode).not.toHaveBeenCalled()
    parse.mockRestore()
    decode.mockRestore()
  })

  it('reads as many messages as the limit allows', () => {
    const frame = (count: number): string =>
      `[${Array<string>(count).fill('{"text":{"module_id":"a","command":"b"}}').join()}]`
    const decoded = jsonArrayCodec.decode(frame(MAX_PIECES + 1))
    expect(decoded).toHaveLength(MAX_PIECES + 1)
    expect(decoded[MAX_PIECES]).toMatchObject({ type: 'bad', reason: 'too-many' })
    expect(jsonArrayCodec.decode(frame(MAX_PIECES)).every((item) => item.type === 'message')).toBe(true)
  })

  it.each([
    ['deep arrays', (length: number) => '['.repeat(length)],
    ['deep arrays that end', (length: number) => '['.repeat(length / 2) + ']'.repeat(length / 2)],
    ['deep objects', (length: number) => '{"text":'.repeat(length / 8)],
    ['deep bodies', (length: number) => `[{"text":${'{"a":'.repeat(length / 6)}1${'}'.repeat(length / 6)}}]`],
    ['zeroes', (length: number) => `[${'0,'.repeat(length / 2)}0]`],
    ['a long text', (length: number) => `[{"text":"${'x'.repeat(length)}","extra":1}]`],
    ['blanks', (length: number) => ' '.repeat(length)],
    ['blanks before an end', (length: number) => `${' '.repeat(length)}]`],
  ])('a frame of %s is parsed at most once', (_name, write) => {
    const parse = vi.spyOn(JSON, 'parse')
    for (const length of [400_000, MAX_FRAME_LENGTH / 16]) {
      parse.mockClear()
      const decoded = jsonArrayCodec.decode(write(length))
      expect(parse.mock.calls.length).toBeLessThanOrEqual(1)
      expect(decoded.length).toBeLessThanOrEqual(MAX_PIECES + 1)
      expect(outcomes(decoded)).not.toContain('message')
    }
    parse.mockRestore()
  })
})

describe(`JSON array: properties (FC_SEED=${SEED})`, () => {
  it('any JSON and any damaged frame is survived, and every piece is accounted for', () => {
    const envelope = fc.record(
      {
        id: fc.jsonValue(),
        mid: fc.jsonValue(),
        time: fc.jsonValue(),
        text: fc.oneof(fc.constant(BODY), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(envelope, fc.jsonValue())), (items) => {
        expect(decode(items)).toHaveLength(items.length)
      }),
      RUNS,
    )
    fc.assert(
      fc.property(fc.array(envelope), fc.nat(), fc.string(), (items, at, put) => {
        const frame = JSON.stringify(items)
        const from = at % frame.length
        for (const item of jsonArrayCodec.decode(frame.slice(0, from) + put + frame.slice(from + 1)))
          expect(['message', 'system', 'bad']).toContain(item.type)
      }),
      RUNS,
    )
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => void jsonArrayCodec.decode(new Uint8Array(bytes).buffer)),
      RUNS,
    )
  })
})
