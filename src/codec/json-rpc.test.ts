import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { messageOf } from '../../test/support/message'
import type { Decoded } from './codec'
import { jsonRpcCodec, MAX_ECHO_LENGTH } from './json-rpc'
import { MAX_FRAME_LENGTH, MAX_PIECES } from './message-body'
import { pushStreamText } from './push-stream-text'

const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
const RUNS = { seed: SEED, numRuns: 400 }

const MID = '17951676910000000000000466'
const BODY = { module_id: 'im', command: 'message', params: { n: 1 }, extra: { server_name: 'x' } }

function decode(value: unknown): readonly Decoded[] {
  return jsonRpcCodec.decode(JSON.stringify(value))
}

function incoming(params: unknown, id?: unknown): unknown {
  return { jsonrpc: '2.0', method: 'incoming.message', params, id }
}

/** The params as delivered. */
function paramsOf(...params: Parameters<typeof incoming>): unknown {
  const [message] = decode(incoming(...params))
  return message?.type === 'message' ? message.body.params : message
}

function outcomes(decoded: readonly Decoded[]): string[] {
  return decoded.map((item) => (item.type === 'bad' ? item.reason : item.type))
}

describe('JSON-RPC: messages', () => {
  it.each([undefined, 7, null])('reads a message of a request with the id %s', (id) => {
    expect(decode(incoming({ mid: MID, body: BODY, sender: { type: 1, id: 'abe9' } }, id))).toEqual([
      {
        type: 'message',
        id: null,
        mid: MID,
        channel: null,
        tag: null,
        time: null,
        timeAtMs: null,
        body: BODY,
        sender: { type: 1, id: 'abe9' },
        createdAtMs: null,
        receipt: `mack:${MID}`,
      },
    ])
  })

  it.each([
    [undefined, null],
    [null, null],
    ['x', null],
    [{}, { type: 0, id: null }],
    [
      { type: '2', id: 17 },
      { type: 2, id: '17' },
    ],
    [
      { type: 1, id: 0 },
      { type: 1, id: '0' },
    ],
    [
      { type: {}, id: { toString: 1 } },
      { type: 0, id: null },
    ],
  ])('sender %j is read as %j', (sender, expected) => {
    expect(decode(incoming({ mid: MID, body: BODY, sender }))).toMatchObject([{ type: 'message', sender: expected }])
  })

  it.each([undefined, null, '', 7, {}, 'x'.repeat(MAX_ECHO_LENGTH + 1)])(
    'a message with the mid %j is delivered, but there is nothing to confirm',
    (mid) => {
      expect(decode(incoming({ mid, body: BODY }))).toMatchObject([{ type: 'message', mid: null, receipt: null }])
    },
  )

  it.each([undefined, null, 'text', [], {}, { module_id: 'im' }, { module_id: 1, command: 'x' }])(
    'the body %j is no message',
    (body) => {
      const mid = MID
      const length = JSON.stringify(incoming({ mid, body })).length
      expect(decode(incoming({ mid, body, dictionary: { a: 1 } }))).toMatchObject([{ type: 'bad', placed: { mid } }])
      const placed = messageOf({ id: null, mid, receipt: `mack:${mid}`, body: { module_id: '', command: '' } })
      expect(decode(incoming({ mid, body }))).toEqual([{ type: 'bad', reason: 'not-a-message', length, placed }])
    },
  )

  it.each([undefined, null, 7, 'x', []])('params %j hold no message', (params) => {
    expect(outcomes(decode(incoming(params)))).toEqual(['not-a-message'])
  })
})

describe('V8: JSON-RPC: parts of the params that are sent apart', () => {
  const body = { ...BODY, params: { a: 'params', b: 'params', c: 'params' } }

  it('the dictionary lies over the params, what is meant for the user over both', () => {
    const dictionary = { b: 'dictionary', c: 'dictionary', d: 'dictionary' }
    const user_params = { c: 'user', e: 'user' }
    expect(paramsOf({ body, dictionary, user_params })).toEqual({
      a: 'params',
      b: 'dictionary',
      c: 'user',
      d: 'dictionary',
      e: 'user',
    })
    expect(paramsOf({ body, user_params })).toEqual({ a: 'params', b: 'params', c: 'user', e: 'user' })
    expect(paramsOf({ body, dictionary })).toMatchObject({ a: 'params', c: 'dictionary' })
  })

  it.each([[], null, undefined, 7, 'text'])('params %j count as none where something is merged in', (params) => {
    expect(paramsOf({ body: { ...BODY, params }, user_params: { a: 1 } })).toEqual({ a: 1 })
  })

  it.each([[], {}, null, undefined, 7, 'text'])(
    'without anything to merge in (%j) the params stay as they are',
    (part) => {
      for (const params of [[], 7, 'text', null, { a: 1 }])
        expect(paramsOf({ body: { ...BODY, params }, user_params: part, dictionary: part })).toEqual(params)
    },
  )

  it('`__proto__` is no key, and nobody else’s prototype', () => {
    const text = `{"method":"incoming.message","params":{"body":{"module_id":"im","command":"x","params":{"__proto__":{"polluted":1},"a":1}},
      "dictionary":{"__proto__":{"polluted":1},"b":2},"user_params":{"__proto__":{"polluted":1},"constructor":3}}}`
    const [message] = jsonRpcCodec.decode(text)
    const params = (message as { body: { params: object } }).body.params
    expect(Object.entries(params)).toEqual(Object.entries({ a: 1, b: 2, constructor: 3 }))
    expect(Object.getPrototypeOf(params)).toBe(Object.prototype)
    expect((params as { polluted?: number }).polluted).toBeUndefined()
    const bare = '{"__proto__":{"method":"incoming.message","id":1,"result":1}}'
    expect(outcomes(jsonRpcCodec.decode(bare))).toEqual(['not-a-message'])
  })
})

describe('JSON-RPC: what the server asks of the link', () => {
  it('`ping` is answered with the bare word', () => {
    expect(jsonRpcCodec.decode('ping')).toEqual([{ type: 'reply', frame: 'pong' }])
  })

  it.each([
    [7, 7],
    ['a', 'a'],
    [0, 0],
    [null, null],
    [{ a: 1 }, null],
    ['x'.repeat(MAX_ECHO_LENGTH + 1), null],
  ])('a request with an unknown method and the id %j is refused', (id, echoed) => {
    const [reply] = decode({ jsonrpc: '2.0', method: 'rpc.discover', id })
    expect(reply).toMatchObject({ type: 'reply' })
    expect(JSON.parse((reply as { frame: string }).frame)).toEqual({
      jsonrpc: '2.0',
      error: { code: -32601, message: 'Method not found' },
      id: echoed,
    })
  })

  it('a notification with an unknown method is not answered', () => {
    expect(outcomes(decode({ jsonrpc: '2.0', method: 'rpc.discover' }))).toEqual(['not-a-message'])
  })
})

describe('JSON-RPC: answers', () => {
  it.each([
    [{ id: 1, result: { 7: 0 } }, { result: { 7: 0 } }],
    [{ id: '1', result: null }, { result: null }],
    [{ id: 1, result: 5, error: null }, { result: 5 }],
    [
      { id: 1, error: { code: -32602, message: 'Invalid params', data: 1 } },
      { error: { code: -32602, message: 'Invalid params' } },
    ],
    [{ id: 1, error: { code: {}, message: { toString: 1 } } }, { error: { code: -32603, message: '' } }],
    [{ id: 1, error: 'sorry' }, { error: { code: -32603, message: '' } }],
  ])('%j', (answer, outcome) => {
    expect(decode({ jsonrpc: '2.0', ...answer })).toEqual([{ type: 'answer', id: 1, outcome }])
  })

  it.each([
    { id: null, error: { code: -32700, message: 'Parse error' } },
    { result: 1 },
    { id: 1 },
    { id: {}, result: 1 },
  ])('nobody waits for %j', (answer) => {
    expect(outcomes(decode({ jsonrpc: '2.0', ...answer }))).toEqual(['not-a-message'])
  })
})

describe('JSON-RPC: frames', () => {
  it('an array is a batch', () => {
    const batch = [incoming({ body: BODY }), { id: 2, result: 1 }, { method: 'x', id: 3 }, 7, incoming({ body: BODY })]
    expect(outcomes(decode(batch))).toEqual(['message', 'answer', 'reply', 'not-a-message', 'message'])
    expect(decode([])).toEqual([])
  })

  it.each(['PING', 'ping ', 'hello', '{', '[', '<html>502</html>'])('%j is no JSON', (frame) => {
    expect(jsonRpcCodec.decode(frame)).toEqual([
      { type: 'bad', reason: 'not-json', length: frame.length, placed: null },
    ])
  })

  it.each(['null', '7', '"ping"', '{}', '[[]]', '[{}]'])('%j is no message', (frame) => {
    expect(outcomes(jsonRpcCodec.decode(frame))).toEqual(['not-a-message'])
  })

  it('text of a server that ignores jsonRpc goes to the text codec', () => {
    const frame = `\n#!NGINXNMS!#{"id":1,"mid":"${MID}","text":${JSON.stringify(BODY)}}#!NGINXNME!#`
    expect(jsonRpcCodec.decode(frame)).toEqual(pushStreamText.decode(frame))
    expect(outcomes(jsonRpcCodec.decode(frame))).toEqual(['message'])
    expect(jsonRpcCodec.decode('\r\n')).toEqual([])
  })

  it('a binary frame is read as UTF-8, and bytes that are none are survived', () => {
    const frame = new TextEncoder().encode(JSON.stringify(incoming({ body: { ...BODY, command: 'Привет' } })))
    expect(jsonRpcCodec.decode(frame.buffer)).toMatchObject([{ body: { command: 'Привет' } }])
    expect(outcomes(jsonRpcCodec.decode(new Uint8Array([0xff, 0xfe]).buffer))).toEqual(['not-json'])
  })
})

describe('V3: JSON-RPC: limits', () => {
  it('a frame above the limit is not looked at', () => {
    const parse = vi.spyOn(JSON, 'parse')
    const decode = vi.spyOn(TextDecoder.prototype, 'decode')
    for (const frame of ['['.repeat(MAX_FRAME_LENGTH + 1), new ArrayBuffer(MAX_FRAME_LENGTH + 1)])
      expect(jsonRpcCodec.decode(frame)).toEqual([
        { type: 'bad', reason: 'too-large', length: MAX_FRAME_LENGTH + 1, placed: null },
      ])
    expect(parse).not.toHaveBeenCalled()
    expect(decode).not.toHaveBeenCalled()
    parse.mockRestore()
    decode.mockRestore()
  })

  it('a batch has as many pieces as the limit allows, answers of ours included', () => {
    const decoded = jsonRpcCodec.decode(
      `[${Array<string>(MAX_PIECES + 2)
        .fill('{"method":"x","id":1}')
        .join()}]`,
    )
    expect(decoded).toHaveLength(MAX_PIECES + 1)
    expect(outcomes(decoded.slice(-2))).toEqual(['reply', 'too-many'])
  })

  it.each([
    ['deep arrays', (length: number) => '['.repeat(length)],
    ['deep arrays that end', (length: number) => '['.repeat(length / 2) + ']'.repeat(length / 2)],
    ['deep params', (length: number) => `{"method":"incoming.message","params":${'{"body":'.repeat(length / 8)}`],
    ['a long id', (length: number) => `{"method":"x","id":"${'x'.repeat(length)}"}`],
    ['a deep id', (length: number) => `{"method":"x","id":${'['.repeat(length / 2)}${']'.repeat(length / 2)}}`],
    ['long parts', (length: number) => `{"method":"incoming.message","params":{"dictionary":"${'x'.repeat(length)}"}}`],
    [
      'many keys',
      (length: number) =>
        `{"method":"incoming.message","params":{"body":{},"dictionary":[${'0,'.repeat(length / 2)}0]}}`,
    ],
    ['blanks', (length: number) => `${' '.repeat(length)}]`],
  ])('a frame of %s is parsed at most once, and what goes back is short', (_name, write) => {
    const parse = vi.spyOn(JSON, 'parse')
    for (const length of [400_000, MAX_FRAME_LENGTH / 16]) {
      parse.mockClear()
      const decoded = jsonRpcCodec.decode(write(length))
      expect(parse.mock.calls.length).toBeLessThanOrEqual(1)
      expect(decoded.length).toBe(1)
      for (const item of decoded)
        if (item.type === 'reply') expect((item.frame as string).length).toBeLessThan(3 * MAX_ECHO_LENGTH)
    }
    parse.mockRestore()
  })
})

describe('JSON-RPC: calls of ours', () => {
  it('one is an object, several are a batch', () => {
    const first = { id: 1, method: 'getUsersLastSeen', params: { userList: [7] } }
    const second = { id: 2, method: 'ping', params: {} }
    expect(JSON.parse(jsonRpcCodec.call!([first]))).toEqual({ jsonrpc: '2.0', ...first })
    expect(JSON.parse(jsonRpcCodec.call!([first, second]))).toEqual([
      { jsonrpc: '2.0', ...first },
      { jsonrpc: '2.0', ...second },
    ])
  })
})

describe(`JSON-RPC: properties (FC_SEED=${SEED})`, () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(MID, BODY, 1, [], {}, '__proto__'))
  const params = fc.record(
    { mid: value, body: value, sender: value, user_params: value, dictionary: value },
    { requiredKeys: [] },
  )
  const method = fc.oneof({ weight: 3, arbitrary: fc.constant('incoming.message') }, fc.string())
  const item = fc.oneof(
    fc.record({ method, params: fc.oneof(params, value), id: value }, { requiredKeys: [] }),
    fc.record({ id: value, result: value, error: value }, { requiredKeys: [] }),
  )

  it('any JSON and any damaged frame is survived, and every piece is accounted for', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(item, value)), (items) => {
        expect(decode(items)).toHaveLength(items.length)
      }),
      RUNS,
    )
    fc.assert(
      fc.property(item, fc.nat(), fc.string(), (item, at, put) => {
        const frame = JSON.stringify(item)
        const from = at % frame.length
        for (const item of jsonRpcCodec.decode(frame.slice(0, from) + put + frame.slice(from + 1)))
          expect(['message', 'answer', 'reply', 'bad']).toContain(item.type)
      }),
      RUNS,
    )
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => void jsonRpcCodec.decode(new Uint8Array(bytes).buffer)),
      RUNS,
    )
  })
})
