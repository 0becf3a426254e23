/** Which stored messages a cursor brings back, as recorded from the real servers. No network, the clock is an argument. */
import { describe, expect, test } from 'vitest'
import { createHub, type Hub } from '../hub'
import { resolveOptions, type PullServerOptions } from '../options'
import { readQuery } from '../query'
import { signedId } from '../signature'
import { chooseGeneration, hubLimits } from './choose'
import type { Ask, Generation } from './generation'

const A = 'a'.repeat(32)
const B = 'b'.repeat(32)
const SECOND = Date.UTC(2026, 10, 20, 9, 37, 28)
const DATE = new Date(SECOND).toUTCString()
const OLDER = new Date(SECOND - 5000).toUTCString()
const time = (date: string): string => `&time=${encodeURIComponent(date)}`

const NOBODY = { channelIdsOf: () => ({ privateId: '', publicId: null }), lastSeen: () => ({}) }

interface Bench {
  readonly generation: Generation
  readonly hub: Hub
}

function bench(options: PullServerOptions): Bench {
  const settings = resolveOptions(options)
  return { generation: chooseGeneration(settings, NOBODY), hub: createHub(hubLimits(settings), SECOND) }
}

function put({ generation, hub }: Bench, channels: readonly string[], n: number, atMs = SECOND + n, expiry = 86_400) {
  return generation.submit(hub, channels, { body: String(n) }, expiry, atMs)[0]!.message
}

function ask(
  { generation, hub }: Bench,
  kind: Ask['kind'],
  query: string,
  headers: Record<string, string> = {},
  nowMs = SECOND + 500,
): string {
  const admission = generation.admit(hub, { kind, query: readQuery(`/?CHANNEL_ID=${query}`), headers, nowMs })
  if (admission.type === 'refused') return `refused ${admission.answer.status}`
  return admission.replay.map((message) => message.body).join(',')
}

describe('push-stream', () => {
  function six(options: PullServerOptions): Bench {
    const built = bench(options)
    for (let n = 1; n <= 6; n += 1) put(built, [A], n)
    return built
  }

  test.each([
    ['time only', time(DATE), ''],
    ['tag only', '&tag=3', ''],
    ['tag=0 is the whole second', `&tag=0${time(DATE)}`, '1,2,3,4,5,6'],
    ['tag and time', `&tag=3${time(DATE)}`, '4,5,6'],
    ['a tag beyond the last', `&tag=99${time(DATE)}`, ''],
    ['+ for spaces', `&tag=3&time=${DATE.replaceAll(' ', '+')}`, ''],
    ['unix seconds', `&tag=3&time=${SECOND / 1000}`, ''],
    ['empty arguments', '&tag=&time=', ''],
    ['any tag of an older second', `&tag=7${time(OLDER)}`, '1,2,3,4,5,6'],
    ['a tag that is no number', `&tag=abc${time(DATE)}`, ''],
    ['the other order', `${time(DATE)}&tag=3`, '4,5,6'],
  ])('0.4 and later on a WebSocket: %s', (_name, query, wanted) => {
    for (const pushStream of ['0.4.0', '0.5.5'] as const)
      expect(ask(six({ pushStream }), 'websocket', A + query)).toBe(wanted)
  })

  test('a weak Etag is a tag from 0.5 on', () => {
    const query = `${A}&tag=W%2F3${time(DATE)}`
    expect(ask(six({ pushStream: '0.4.0' }), 'websocket', query)).toBe('')
    expect(ask(six({ pushStream: '0.5.5' }), 'websocket', query)).toBe('4,5,6')
  })

  test('the headers of a WebSocket are no cursor, .bN is', () => {
    const headers = { 'if-modified-since': DATE, 'if-none-match': '3' }
    for (const pushStream of ['0.3.4', '0.4.0', '0.5.5'] as const) {
      expect(ask(six({ pushStream }), 'websocket', A, headers)).toBe('')
      expect(ask(six({ pushStream }), 'websocket', `${A}.b2`)).toBe('5,6')
    }
  })

  test('0.3.4 replays nothing on a WebSocket', () => {
    expect(ask(six({ version: 1 }), 'websocket', `${A}&tag=0${time(OLDER)}`)).toBe('')
  })

  test.each([
    ['headers only', '', { 'if-modified-since': DATE, 'if-none-match': '1' }, ''],
    ['If-Modified-Since and the tag argument', '&tag=1', { 'if-modified-since': DATE }, '3,4,5,6'],
    ['If-Modified-Since only', '', { 'if-modified-since': DATE }, ''],
    ['tag and time arguments', `&tag=1${time(DATE)}`, {}, '1,2,3,4,5,6'],
    ['time argument only', time(DATE), {}, '1,2,3,4,5,6'],
    ['tag argument only', '&tag=1', {}, '1,2,3,4,5,6'],
    ['nothing', '', {}, '1,2,3,4,5,6'],
    ['a 304 taken as a cursor skips tag 0', '&tag=0', { 'if-modified-since': DATE }, '2,3,4,5,6'],
  ])('a long poll of 0.3.4: %s', (_name, query, headers, wanted) => {
    expect(ask(six({ version: 1 }), 'long-polling', A + query, headers)).toBe(wanted)
  })

  test.each([
    ['headers only', '', { 'if-modified-since': DATE, 'if-none-match': '2' }, ''],
    ['If-Modified-Since and the tag argument', '&tag=2', { 'if-modified-since': DATE }, '3,4,5,6'],
    ['tag and time arguments', `&tag=2${time(DATE)}`, {}, '3,4,5,6'],
    ['time argument only', time(DATE), {}, ''],
    ['tag argument only', '&tag=2', {}, ''],
  ])('a long poll of 0.4 and later: %s', (_name, query, headers, wanted) => {
    for (const pushStream of ['0.4.0', '0.5.5'] as const) {
      expect(ask(six({ pushStream }), 'long-polling', A + query, headers)).toBe(wanted)
    }
  })

  test('an event stream of 0.3.4 resumes after tag 0 of the second, later ones exactly', () => {
    expect(ask(six({ version: 1 }), 'sse', `${A}&tag=4${time(DATE)}`)).toBe('2,3,4,5,6')
    expect(ask(six({ version: 2 }), 'sse', `${A}&tag=4${time(DATE)}`)).toBe('5,6')
  })

  test('Last-Event-ID beside tag and time: 0.3.4 takes the newer position, later ones the older', () => {
    for (const [pushStream, wanted] of [['0.3.4', '4'] as const, ['0.4.0', '2,3,4'] as const]) {
      const { generation, hub } = bench({ pushStream })
      for (let n = 1; n <= 4; n += 1) {
        generation.submit(hub, [A], { body: String(n), eventId: `ev-${n}` }, 0, SECOND)
      }
      const query = `${A}&tag=${pushStream === '0.3.4' ? 0 : 1}${time(DATE)}`
      expect(ask({ generation, hub }, 'sse', query, { 'last-event-id': 'ev-3' })).toBe(wanted)
      expect(ask({ generation, hub }, 'sse', A, { 'last-event-id': 'ev-2' })).toBe('3,4')
      expect(ask({ generation, hub }, 'sse', A, { 'last-event-id': 'unknown' })).toBe('')
    }
  })

  test('several channels come back one after the other, in the order of CHANNEL_ID', () => {
    for (const pushStream of ['0.4.0', '0.5.5'] as const) {
      const built = bench({ pushStream })
      for (const [n, channel] of [A, B, A, B, B, A].entries()) put(built, [channel], n + 1)
      const cursor = `&tag=7${time(OLDER)}`
      expect(ask(built, 'websocket', `${A}/${B}${cursor}`)).toBe('1,3,6,2,4,5')
      expect(ask(built, 'websocket', `${B}/${A}${cursor}`)).toBe('2,4,5,1,3,6')
      expect(ask(built, 'long-polling', `${A}%2F${B}${cursor}`)).toBe('1,3,6,2,4,5')
      expect(ask(built, 'sse', `${A}/${B}${cursor}`)).toBe('1,3,6,2,4,5')
    }
    const early = bench({ version: 1 })
    put(early, [A], 1)
    put(early, [B], 2)
    expect(ask(early, 'long-polling', `${A}%2F${B}`)).toBe('refused 400')
  })

  test('tags count over all channels of a second and start again with the next', () => {
    for (const [options, first] of [[{ version: 1 }, 0] as const, [{ version: 2 }, 1] as const]) {
      const built = bench(options)
      const tags = [put(built, [A], 1), put(built, [B], 2), put(built, [A], 3, SECOND + 1000)]
      expect(tags.map((message) => [message.tag - first, message.id])).toEqual([
        [0, 1],
        [1, 1],
        [0, 2],
      ])
    }
  })

  test('beyond the limit the newest stay, and only the ids tell', () => {
    const built = bench({ version: 2, historyCount: 5 })
    for (let n = 1; n <= 9; n += 1) put(built, [A], n)
    expect(ask(built, 'websocket', `${A}&tag=1${time(DATE)}`)).toBe('5,6,7,8,9')
  })

  test('a channel whose messages have run out refuses new listeners and forgets its ids', () => {
    const built = bench({ version: 2, historyTtlMs: 5000 })
    put(built, [A], 1)
    expect(ask(built, 'websocket', A, {}, SECOND + 4000)).toBe('')
    expect(ask(built, 'websocket', A, {}, SECOND + 6000)).toBe('refused 403')
    expect(put(built, [A], 2, SECOND + 7000).id).toBe(1)
  })
})

describe('Node servers', () => {
  const key = 'test-key'
  const signedA = signedId(A, null, key)
  const signedB = signedId(B, null, key)

  test.each([3, 4] as const)('version %d: mid is strictly greater, odd ones count as absent', (version) => {
    const built = bench({ version })
    const mids = [1, 2, 3].map((n) => put(built, [A], n).mid)
    expect(mids[0]).toMatch(/^1795167448(0{15}1)$/)
    const cases: [string, string][] = [
      [`&mid=${mids[0]}`, '2,3'],
      [`&mid=${mids[2]}`, ''],
      [`&mid=${'0'.repeat(26)}`, '1,2,3'],
      [`&mid=${mids[0]!.slice(0, 25)}0`, '1,2,3'],
      [`&mid=${'9'.repeat(26)}`, ''],
      [`&mid=${mids[0]!.slice(1)}`, ''],
      ['&mid=', ''],
      ['&mid=null', ''],
      [`&mid=%20${mids[0]}`, ''],
      [`&tag=0${time(OLDER)}`, ''],
      ['', ''],
    ]
    for (const kind of ['websocket', 'long-polling'] as const) {
      for (const [query, wanted] of cases) expect(ask(built, kind, signedA + query), query).toBe(wanted)
    }
  })

  test('channels are merged and sorted; a message of two channels comes twice from 2.0, once from 1.0', () => {
    for (const [version, wanted] of [[3, '1,2,3,4'] as const, [4, '1,2,3,3,4'] as const]) {
      const built = bench({ version })
      put(built, [B], 1)
      put(built, [A], 2)
      put(built, [A, B], 3)
      put(built, [B], 4)
      expect(ask(built, 'websocket', `${signedA}%2F${signedB}&mid=${'0'.repeat(26)}`)).toBe(wanted)
    }
  })

  test('2.0 stores by expiry, 1.0 everything for a day', () => {
    for (const [version, now, later] of [[3, '1,2', '1,2'] as const, [4, '2', ''] as const]) {
      const built = bench({ version })
      put(built, [A], 1, SECOND, 0)
      put(built, [A], 2, SECOND, 60)
      const query = `${signedA}&mid=${'0'.repeat(26)}`
      expect(ask(built, 'websocket', query, {}, SECOND + 59_000)).toBe(now)
      expect(ask(built, 'websocket', query, {}, SECOND + 61_000)).toBe(later)
    }
  })

  test('one bad id of several refuses all; upper case and pairs on 1.0 are bad', () => {
    const pair = signedId(A, B, key)
    const four = bench({ version: 4 })
    expect(ask(four, 'long-polling', `${signedA}/${signedB}`)).toBe('')
    expect(ask(four, 'long-polling', pair)).toBe('')
    expect(ask(four, 'long-polling', `${signedA}/`)).toBe('refused 400')
    expect(ask(four, 'long-polling', `${signedA}/${B}`)).toBe('refused 400')
    expect(ask(four, 'long-polling', signedA.toUpperCase())).toBe('refused 400')
    expect(ask(bench({ version: 3 }), 'long-polling', pair)).toBe('refused 400')
  })
})
