import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Decoded } from './codec'
import { MAX_FRAME_LENGTH, MAX_PIECES } from './message-body'
import { MAX_TRIES, pushStreamText } from './push-stream-text'

const START = '#!NGINXNMS!#'
const END = '#!NGINXNME!#'
const CHANNEL = 'e45d3a9a34556b34391299301f267162'
const TIME = 'Fri, 20 Nov 2026 09:31:06 GMT'
const MID = '17951676910000000000000466'
const BODY = { module_id: 'im', command: 'message', params: { n: 1 } }

/** Frames of a given length that make a careless reader slow. */
const HOSTILE: [string, (length: number) => string][] = [
  ['end marks', (length) => HEAD + END.repeat(length / END.length)],
  ['end marks behind braces', (length) => HEAD + `}${END}`.repeat(length / 13)],
  ['start marks', (length) => START.repeat(length / START.length)],
  ['start marks of frames', (length) => `${START}{"a`.repeat(length / 15)],
  ['one head, all pieces broken', (length) => `${START}{"id":1,"text":[}${END}`.repeat(length / 41)],
  ['white space', (length) => START + ' '.repeat(length)],
  ['white space between end marks', (length) => HEAD + `${' '.repeat(50)}${END}`.repeat(length / 62)],
  ['white space behind keys', (length) => `${START}{"id":1,` + `"text"${' '.repeat(1000)}`.repeat(length / 1006)],
  ['deep nesting', (length) => `${HEAD}${'['.repeat(length)}}${END}`],
  ['valid prefixes', (length) => `${HEAD}[${'1,'.repeat(length / 2)}${`}${END}`.repeat(20)}`],
]
const HEAD = `${START}{"id":1,"text":`

/** Every run of the properties can be repeated: fast-check prints the seed too, this makes it settable. */
const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
const RUNS = { seed: SEED, numRuns: 400 }

/** The templates of the generations, from the head to the space behind the end mark. */
const TEMPLATES: Record<string, (id: number, text: string) => string> = {
  'push-stream 0.3.4': (id, text) =>
    `${START}{\n${' '.repeat(30)}"id":${id},"tag":"${id % 7}","time":"${TIME}","text":${text}}${END}\r\n`,
  'push-stream 0.4 and later': (id, text) =>
    `${START}{"id":${id},"channel":"${CHANNEL}","tag":"1","time":"${TIME}","eventid":"","text":${text}}${END}`,
  'Push server 1.x': (id, text) =>
    `${START}{"id":${id},"mid":"${midOf(id)}","channel":"${CHANNEL}","tag":"763","time":"${TIME}","text":${text}}${END}`,
  'Push server 2.0': (id, text) =>
    `${START}{"id":${id},"mid":"${midOf(id)}","channel":"-","tag":"763","time":"${TIME}","text":${text}}${END}`,
  'white space everywhere': (id, text) =>
    `\n ${START} \t{\r\n "id" : ${id} ,\n"tag" : "${id % 5}" , "text" : ${text} \n}\r\n ${END} \n`,
}
const template = TEMPLATES['Push server 2.0']!

function midOf(id: number): string {
  return `1795167691${String(id).padStart(16, '0')}`
}

function decode(frame: string | ArrayBuffer): readonly Decoded[] {
  return pushStreamText.decode(frame)
}

function bodies(frame: string): unknown[] {
  return decode(frame).flatMap((item) => (item.type === 'message' ? [item.body] : []))
}

function outcomes(frame: string): string[] {
  return decode(frame).map((item) =>
    item.type === 'bad' ? item.reason : item.type === 'system' ? item.name : item.type,
  )
}

describe('text template: fields', () => {
  it('reads all fields of a Node server', () => {
    const head = `"id":466,"mid":"${MID}","channel":"-","tag":"763","time":"${TIME}"`
    expect(decode(`${START}{${head},"text":${JSON.stringify(BODY)}}${END}`)).toEqual([
      {
        type: 'message',
        id: 466,
        mid: MID,
        channel: null,
        tag: 763,
        time: TIME,
        timeAtMs: Date.UTC(2026, 10, 20, 9, 31, 6),
        body: BODY,
        sender: null,
        createdAtMs: null,
        receipt: null,
      },
    ])
  })

  it('reads a push-stream message without channel and mid', () => {
    const [message] = decode(TEMPLATES['push-stream 0.3.4']!(4, JSON.stringify(BODY)))
    expect(message).toMatchObject({ type: 'message', id: 4, mid: null, channel: null, tag: 4, body: BODY })
  })

  it.each([
    ['"tag":"W/6"', { tag: 6 }],
    ['"tag":6', { tag: 6 }],
    ['"tag":"0"', { tag: 0 }],
    ['"tag":""', { tag: null }],
    ['"tag":"-"', { tag: null }],
    ['"tag":{"toString":1,"valueOf":1}', { tag: null }],
    ['"tag":[6]', { tag: null }],
    ['"tag":true', { tag: null }],
    [`"tag":"${'9'.repeat(400)}"`, { tag: null }],
    ['"id":1e400', { id: null }],
    ['"id":1.5', { id: null }],
    ['"id":"12"', { id: 12 }],
    ['"mid":"1795167691000000000000046"', { mid: null }],
    ['"mid":17951676910000000000000466', { mid: null }],
    [`"mid":["${MID}"]`, { mid: null }],
    ['"channel":"-"', { channel: null }],
    ['"channel":""', { channel: null }],
    ['"channel":7', { channel: null }],
    ['"time":"soon"', { time: 'soon', timeAtMs: null }],
    ['"time":1795167691', { time: null, timeAtMs: null }],
    ['"text ":1,"channel":"text"', { channel: 'text' }],
  ])('%s', (field, expected) => {
    expect(decode(`${START}{"x":0,${field},"text":${JSON.stringify(BODY)}}${END}`)).toMatchObject([
      { type: 'message', ...expected },
    ])
  })

  it('keeps a time that cannot be read, without an instant', () => {
    const [message] = decode(`${START}{"id":1,"time":"soon","text":${JSON.stringify(BODY)}}${END}`)
    expect(message).toMatchObject({ time: 'soon', timeAtMs: null })
  })
})

describe('text template: frames', () => {
  it.each(['', ' ', '\r\n\r\n', '\uFEFF\n'])('has nothing to say about an empty frame (%j)', (frame) => {
    expect(decode(frame)).toEqual([])
  })

  it.each(['<html>502</html>', '{}', '[]', 'null', END, '#!NGINXNMS', `${START}`, `${START}{}${END}`])(
    'counts a frame without a template: %s',
    (frame) => {
      expect(decode(frame)).toEqual([{ type: 'bad', reason: 'no-marks', length: frame.length, placed: null }])
    },
  )

  it('counts what stands before, between and behind the messages, and delivers all the same', () => {
    const one = template(1, JSON.stringify(BODY))
    const two = template(2, JSON.stringify(BODY))
    expect(outcomes(`before${one}between${two}behind`)).toEqual([
      'no-marks',
      'message',
      'no-marks',
      'message',
      'no-marks',
    ])
  })

  it('reads a binary frame as UTF-8 and survives bytes that are none', () => {
    const bytes = new TextEncoder().encode(`\uFEFF${template(1, '{"module_id":"im","command":"Привет"}')}`)
    expect(decode(bytes.buffer as ArrayBuffer)).toMatchObject([{ body: { command: 'Привет' } }])
    expect(decode(new Uint8Array([0xff, 0xfe, 0xc0]).buffer)).toMatchObject([{ type: 'bad', reason: 'no-marks' }])
  })

  it('takes apart a body that is not a message: string, array, null, number, object without names', () => {
    for (const text of [
      '"just a string"',
      '[]',
      'null',
      '7',
      '{}',
      '{"module_id":"im"}',
      '{"module_id":1,"command":"x"}',
    ])
      expect(decode(template(5, text)), text).toMatchObject([
        { type: 'bad', reason: 'not-a-message', placed: { mid: midOf(5) } },
      ])
    for (const text of ['', 'not json at all', '{"module_id":"im","command":"broken', '{"a":1}}'])
      expect(decode(template(5, text)), text).toMatchObject([
        { type: 'bad', reason: 'not-json', placed: { mid: midOf(5) } },
      ])
  })

  it('never lets a broken body swallow its neighbours', () => {
    const good = JSON.stringify(BODY)
    const frame = template(1, good) + template(2, '{"module_id":"im","command":"broken') + template(3, good)
    expect(outcomes(frame)).toEqual(['message', 'not-json', 'message'])
  })

  it('tells no place of a piece that was cut off: the whole may still come', () => {
    const frame = template(9, JSON.stringify(BODY))
    for (let length = 1; length < frame.length; length++)
      expect(decode(frame.slice(0, length)), String(length)).toMatchObject([{ type: 'bad', placed: null }])
  })

  it('tells no place of what shares it with a message', () => {
    const decoded = decode(template(3, 'prose') + template(3, JSON.stringify(BODY)))
    expect(decoded).toMatchObject([{ type: 'bad', placed: null }, { type: 'message' }])
  })

  it('does not take `{"` at the end of a string for the start of a message', () => {
    const body = { module_id: 'im', command: `${START}{`, [`${START}{`]: [`${START} {`, `${START}{"id":1`, `}${END}`] }
    expect(bodies(template(1, JSON.stringify(body)))).toEqual([body])
  })

  it('T3: finds the end mark among those of users and in front of rubbish, up to a limit', () => {
    const withMarks = (count: number): string =>
      template(1, JSON.stringify({ module_id: 'im', command: `a} ${END}`.repeat(count) + END.repeat(99) }))
    const rubbish = `}${END}`.repeat(1000)
    expect(outcomes(withMarks(1000))).toEqual(['message'])
    expect(outcomes(withMarks(MAX_TRIES - 2) + rubbish)).toEqual(['message', 'no-marks'])
    expect(outcomes(withMarks(MAX_TRIES - 1) + rubbish)).toEqual(['not-json'])
  })
})

describe('T4: text template: system frames', () => {
  it.each([
    [-1, 'ping'],
    [-2, 'channel-deleted'],
    [-3, 'poll-timeout'],
    [-4, 'unknown'],
  ])('id %i is %s, with prose or JSON as its body', (id, name) => {
    const write = TEMPLATES['push-stream 0.4 and later']!
    expect(decode(write(id, 'Channel deleted'))).toEqual([{ type: 'system', name, channel: CHANNEL }])
    expect(decode(write(id, JSON.stringify(BODY)))).toEqual([{ type: 'system', name, channel: CHANNEL }])
    expect(outcomes(write(id, '') + write(1, JSON.stringify(BODY)))).toEqual([name, 'message'])
  })

  it('an id in the body is not the id of the frame', () => {
    expect(outcomes(template(1, '{"id":-2,"module_id":"im","command":"x"}'))).toEqual(['message'])
  })
})

describe('text template: safety', () => {
  it('a body that closes itself early cannot write the mid of the server', () => {
    const text = `${JSON.stringify(BODY)},"mid":"99999999999999999999999999"`
    expect(decode(template(8, text))).toMatchObject([{ type: 'bad', reason: 'not-json', placed: { mid: midOf(8) } }])
  })

  it('`__proto__` in head or body changes nothing', () => {
    const body = '{"module_id":"im","command":"x","__proto__":{"polluted":true}}'
    const [message] = decode(`${START}{"id":1,"__proto__":{"mid":"${MID}","polluted":true},"text":${body}}${END}`)
    expect(message).toMatchObject({ type: 'message', mid: null })
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(decode(template(2, '{"__proto__":{"module_id":"im","command":"x"}}'))).toMatchObject([
      { type: 'bad', reason: 'not-a-message' },
    ])
  })

  it('a forged frame with the head of its neighbour does not hide the neighbour', () => {
    const frame = template(1, '"forged"') + template(1, JSON.stringify(BODY))
    expect(outcomes(frame)).toEqual(['not-a-message', 'message'])
  })

  it('R1: of a text that was cut off all but the last piece can be read', () => {
    const whole = template(1, JSON.stringify(BODY)) + template(2, '{"text":"}#!NGINXNME!##!NGINXNMS!#"}')
    const text = whole + template(3, JSON.stringify(BODY))
    const { wholeOf } = pushStreamText
    for (let end = 0; end <= text.length; end++) {
      const part = wholeOf!(text.slice(0, end))
      expect(['', template(1, JSON.stringify(BODY)), whole]).toContain(part)
      if (end >= whole.length + 20) expect(part).toBe(whole)
    }
    expect(wholeOf!('rubbish')).toBe('')
  })

  it('T3: stops at the limits and says so', () => {
    expect(decode('x'.repeat(MAX_FRAME_LENGTH + 1))).toEqual([
      { type: 'bad', reason: 'too-large', length: MAX_FRAME_LENGTH + 1, placed: null },
    ])
    expect(decode(new ArrayBuffer(MAX_FRAME_LENGTH + 1))).toMatchObject([{ reason: 'too-large' }])
    const one = `${START}{"id":1${END}`
    const decoded = decode(one.repeat(MAX_PIECES + 3))
    expect(decoded).toHaveLength(MAX_PIECES + 1)
    expect(decoded[MAX_PIECES]).toEqual({ type: 'bad', reason: 'too-many', length: 3 * one.length, placed: null })
  })

  it('T3: reads just as many messages as the limit allows', () => {
    const frame = Array.from({ length: MAX_PIECES }, (_, id) => template(id, '{"module_id":"m","command":"c"}')).join(
      '',
    )
    expect(decode(frame).every((item) => item.type === 'message')).toBe(true)
  })

  it.each(HOSTILE)('T3: parses a hostile frame a bounded number of times over: %s', (_name, write) => {
    const parse = vi.spyOn(JSON, 'parse')
    const frame = write(500_000)
    decode(frame)
    const parsed = parse.mock.calls.reduce((sum, [text]) => sum + String(text).length, 0)
    parse.mockRestore()
    // Every end mark that is tried parses the piece once, and a split body once more. Times are in bench/codec-text.ts.
    expect(parsed).toBeLessThanOrEqual(frame.length * (MAX_TRIES + 2))
  })
})

describe('text template: lines of one body in templates of their own (event stream)', () => {
  const split = (write: (id: number, text: string) => string, id: number, text: string): string =>
    text
      .split('\n')
      .map((line) => write(id, line))
      .join('\n')

  it('puts a pretty-printed body together again', () => {
    const body = { ...BODY, params: { list: [1, {}, []], text: `a ${END} b ${START}{"id":1 } c`, deep: { a: null } } }
    for (const [name, write] of Object.entries(TEMPLATES))
      expect(bodies(split(write, 3, JSON.stringify(body, null, 2))), name).toEqual([body])
  })

  it('does so with lines that are readable alone, and with blank ones', () => {
    const text =
      '{\n"module_id":"im",\n"command":"x",\n"params":[\n{}\n,\n7\n,\n{"module_id":"a","command":"b"}\n]\n}\n\n'
    expect(decode(split(template, 3, text))).toMatchObject([{ type: 'message', id: 3, body: JSON.parse(text) }])
    expect(outcomes(split(template, 3, `${JSON.stringify(BODY)}\n`))).toEqual(['message'])
  })

  it('keeps two messages in neighbouring runs apart', () => {
    const text = JSON.stringify(BODY, null, 1)
    expect(outcomes(split(template, 3, text) + split(template, 4, text) + template(5, text))).toEqual([
      'message',
      'message',
      'message',
    ])
  })

  it('delivers every copy of a message that came twice', () => {
    const copy = template(3, JSON.stringify(BODY))
    expect(bodies(copy + copy + copy)).toEqual([BODY, BODY, BODY])
    expect(outcomes(template(3, '{') + template(3, '{'))).toEqual(['not-json', 'not-json'])
  })

  it('counts a split body that is broken once, with its mid', () => {
    const frame = split(template, 3, '{\n"module_id": "im",\n"command": "x",\n"params": {}\n')
    const placed = { id: 3, mid: midOf(3), tag: 763 }
    expect(decode(frame)).toMatchObject([{ type: 'bad', reason: 'not-json', length: frame.length, placed }])
    expect(outcomes(split(template, 3, '[\n1\n]'))).toEqual(['not-a-message'])
    expect(outcomes(split(template, 3, '{"module_id":"im","command":"x","params":1\n2}'))).toEqual(['not-json'])
    expect(outcomes(split(TEMPLATES['push-stream 0.4 and later']!, -2, 'Channel\ndeleted'))).toEqual([
      'channel-deleted',
    ])
  })

  it('does not join around a line that lost its end', () => {
    const lines = split(template, 3, '{\n"module_id": "im",\n"params": 7,\n"command": "x"\n}').split('\n')
    lines[2] = lines[2]!.slice(0, -END.length)
    expect(outcomes(lines.join('\n'))).toEqual(['not-json'])
  })
})

describe(`text template: properties (FC_SEED=${SEED})`, () => {
  const nasty = fc.constantFrom(
    START,
    END,
    `}${END}`,
    `}}${END}${START}{"id":1,"text":{`,
    `${START}{`,
    `${START}{"`,
    '"text":',
    '$&',
    "$'",
    '\\',
    '"',
    '\u2028',
    '\u2029',
    '\n',
    '\r\n',
    '\ud83d',
    '\udc69',
    '\u0000',
    '😀',
    '~tag~',
  )
  const text = fc
    .array(fc.oneof(nasty, fc.string({ unit: 'binary' }), fc.string()), { maxLength: 6 })
    .map((parts) => parts.join(''))
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(null, true, false, 0, [], {}),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(text, tie('any'), { maxKeys: 4 }),
    ),
  })).any
  /** As PHP, JavaScript and people write JSON: raw, escaped to ASCII, slashes escaped, pretty-printed, CRLF. */
  const writers: ((body: unknown) => string)[] = [
    (body) => JSON.stringify(body),
    (body) => JSON.stringify(body).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    (body) => JSON.stringify(body).replace(/\//g, '\\/'),
    (body) => JSON.stringify(body, null, 2),
    (body) => JSON.stringify(body, null, '\t').replace(/\n/g, '\r\n'),
  ]
  const good = fc.tuple(text, text, value, fc.constantFrom(...writers)).map(([module_id, command, params, write]) => ({
    kind: 'good' as const,
    text: write({ module_id, command, params }),
  }))
  const broken = fc
    .oneof(
      fc.constantFrom('', 'not json', '{"module_id":"im","command":"broken', '[]', 'null', '"x"', '{', '}', '{}'),
      good.map(({ text }) => text.slice(0, -1)),
      good.map(({ text }) => text.slice(0, text.length >> 1)),
      // A half that ends inside a mark would be another test: text that forges frames is the sender's own frame.
    )
    .filter((text) => !OPENS_FRAME.test(text))
    .map((text) => ({ kind: 'broken' as const, text }))
  const write = fc.constantFrom(...Object.values(TEMPLATES))
  const gap = fc.constantFrom('', '\n', '\r\n', ' ', '\n\n  ')

  it('every readable body comes out deep-equal and in order, every broken one is counted', () => {
    fc.assert(
      fc.property(write, fc.array(fc.tuple(fc.oneof(good, broken), gap), { maxLength: 8 }), (write, items) => {
        const frame = items.map(([item, gap], at) => write(at, item.text) + gap).join('')
        const decoded = decode(frame)
        const expected = items.map(([item]) => (item.kind === 'good' ? (JSON.parse(item.text) as unknown) : 'bad'))
        expect(decoded.map((item) => (item.type === 'message' ? item.body : item.type))).toEqual(expected)
        expect(decoded.map((item) => (item.type === 'message' ? item.id : null))).toEqual(
          items.map(([item], at) => (item.kind === 'good' ? at : null)),
        )
      }),
      RUNS,
    )
  })

  it('a body split into lines comes out as it was published', () => {
    fc.assert(
      fc.property(write, good, (write, { text }) => {
        const frame = text
          .split('\n')
          .map((line) => write(7, line))
          .join('\n')
        expect(bodies(frame)).toEqual([JSON.parse(text)])
      }),
      RUNS,
    )
  })

  it('a damaged frame never throws, keeps what stands apart from the damage, and counts the damage', () => {
    const cut = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(40), fc.oneof(text, fc.constant('')))
    fc.assert(
      fc.property(
        write,
        fc.array(good, { minLength: 1, maxLength: 4 }),
        fc.array(cut, { maxLength: 4 }),
        (write, items, cuts) => {
          const whole = write(1, JSON.stringify(BODY))
          const clean = items.map(({ text }, at) => write(at + 2, text)).join('')
          const damaged = cuts.reduce((frame, [where, length, put]) => {
            const at = Math.floor(where * frame.length)
            return frame.slice(0, at) + put + frame.slice(at + length)
          }, clean)
          expect(bodies(whole + '\n' + damaged)[0]).toEqual(BODY)
          for (const item of decode(damaged)) expect(['message', 'system', 'bad']).toContain(item.type)
        },
      ),
      RUNS,
    )
  })

  it('any text and any bytes are survived', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (frame) => void decode(frame)),
      RUNS,
    )
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => void decode(bytes.slice().buffer as ArrayBuffer)),
      RUNS,
    )
  })
})

const OPENS_FRAME = /#!NGINXNMS!#\s*\{\s*"\w/
