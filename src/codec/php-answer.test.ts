import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityOf } from '../replay/dedupe'
import type { Decoded } from './codec'
import { MAX_FRAME_LENGTH, MAX_PIECES } from './message-body'
import { phpCodec } from './php-answer'

const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)

const ONE = `{'id':'466','module_id':'im','command':'message','params':{'chatId':'5'},'extra':{'server_time_unix':'1600000000.5'}}`
const answer = (...messages: string[]): string => `{'MESSAGE':[${messages.join(',\n')}],'ERROR':''}`

function outcomes(frame: string): string[] {
  return phpCodec.decode(frame).map((item) => (item.type === 'bad' ? item.reason : item.type))
}

describe('the answer of a poll', () => {
  it('holds messages whose ids are mids', () => {
    expect(phpCodec.decode(answer(ONE))).toEqual([
      {
        type: 'message',
        id: 466,
        mid: '00000000000000000000000466',
        channel: null,
        tag: null,
        time: null,
        timeAtMs: null,
        sender: null,
        createdAtMs: null,
        receipt: null,
        body: {
          module_id: 'im',
          command: 'message',
          params: { chatId: '5' },
          extra: { server_time_unix: '1600000000.5' },
        },
      } satisfies Decoded,
    ])
  })

  it('may be JSON, and bytes', () => {
    const json = JSON.stringify({ MESSAGE: [{ id: 7, module_id: 'im', command: 'Ж', params: [] }], ERROR: '' })
    const bytes = new TextEncoder().encode(json).buffer as ArrayBuffer
    for (const frame of [json, bytes])
      expect(phpCodec.decode(frame)).toMatchObject([{ mid: '00000000000000000000000007', body: { command: 'Ж' } }])
  })

  it('keeps their order, and reads a list that PHP printed as an object', () => {
    const ids = (frame: string): unknown[] => phpCodec.decode(frame).map((item) => item.type === 'message' && item.id)
    expect(ids(answer(ONE, ONE.replace('466', '12'), ONE.replace('466', '467')))).toEqual([466, 12, 467])
    expect(ids(`{'MESSAGE':{'1':${ONE},'3':${ONE.replace('466', '468')}},'ERROR':''}`)).toEqual([466, 468])
  })

  it.each([`{'MESSAGE':[],'ERROR':''}`, `{'MESSAGE':'','ERROR':''}`, `{'ERROR':''}`, '', '{}', '[]', 'null'])(
    'is empty: %s',
    (frame) => expect(phpCodec.decode(frame)).toEqual([]),
  )

  it('counts what cannot be read, and delivers its neighbours', () => {
    const bad = [`{'id':'1','module_id':'im'}`, `'text'`, 'null', '7', `{'id':'2','module_id':1,'command':'x'}`, '[]']
    expect(outcomes(answer(ONE, ...bad, ONE))).toEqual(['message', ...bad.map(() => 'not-a-message'), 'message'])
    expect(phpCodec.decode(answer(bad[0]!))).toMatchObject([{ placed: { mid: '00000000000000000000000001' } }])
    expect(outcomes('<html>')).toEqual(['not-json'])
    expect(outcomes(answer(ONE).slice(0, -1))).toEqual(['not-json'])
  })

  it('counters without an id are no repeats of each other; messages that come again are', () => {
    const counter = `{'module_id':'main','command':'user_counter','params':{'**':'3'}}`
    const frames = [answer(ONE, counter), answer(ONE, counter, counter.replace('{', `{'id':'',`))]
    const identities = frames.flatMap((frame) =>
      phpCodec.decode(frame).flatMap((item) => (item.type === 'message' ? [identityOf(item)] : [])),
    )
    expect(identities).toHaveLength(5)
    expect(new Set(identities).size).toBe(4)
    expect(identities[2]).toBe(identities[0])
  })

  it.each(['-5', '0', '1.5', 'x', '9'.repeat(30)])('an id that is none (%s) is no place in the stream', (id) => {
    expect(phpCodec.decode(answer(ONE.replace('466', id)))).toMatchObject([{ type: 'message', mid: null }])
  })
})

describe('V3: hostile answers', () => {
  it('pollute nothing', () => {
    const [message] = phpCodec.decode(answer(ONE.replace(`'chatId'`, `'__proto__':{'polluted':1},'chatId'`)))
    expect(message).toMatchObject({ body: { params: { chatId: '5' } } })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('are bounded in size, number and depth', () => {
    expect(outcomes(' '.repeat(MAX_FRAME_LENGTH + 1))).toEqual(['too-large'])
    const many = outcomes(`{MESSAGE:[${'{},'.repeat(MAX_PIECES + 1)}]}`)
    expect(many).toHaveLength(MAX_PIECES + 1)
    expect(many[MAX_PIECES]).toBe('too-many')
    expect(outcomes(answer(`{'params':${'['.repeat(100_000)}`))).toEqual(['not-json'])
  })

  it('never throw, whatever the damage', () => {
    const good = answer(ONE, ONE, `{'module_id':'main','command':'user_counter'}`)
    const edit = fc.tuple(fc.nat(good.length), fc.string({ maxLength: 4 }), fc.nat(5))
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 8 }), (edits) => {
        const frame = edits.reduce((all, [at, put, cut]) => all.slice(0, at) + put + all.slice(at + cut), good)
        for (const item of phpCodec.decode(frame)) expect(['message', 'bad']).toContain(item.type)
      }),
      { seed: SEED, numRuns: 2000 },
    )
  })
})
