import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEventParser as library } from './event-parser'
import { createEventParser as lite } from './event-parser-lite'

type Create = typeof library
type Heard = readonly string[]

const SEED = Number(process.env['BX_PULL_SEED'] ?? Date.now() % 1e9)

function read(create: Create, pieces: readonly string[]): Heard {
  const heard: string[] = []
  const feed = create(
    (data) => heard.push(`event ${data}`),
    () => heard.push('comment'),
  )
  pieces.forEach(feed)
  return heard
}

/** Cut at each of the places, which may coincide: an empty piece is what half a character decodes to. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length]
  return at.slice(1).map((end, index) => text.slice(at[index], end))
}

describe.each<[string, Create]>([
  ['eventsource-parser', library],
  ['the stand-in of the script-tag file', lite],
])('%s', (_, create) => {
  test.each<[string, string[], Heard]>([
    ['one event', ['data: a\n\n'], ['event a']],
    ['cut anywhere', ['d', 'ata', ':', ' ', 'a', 'b', '\n', '\n'], ['event ab']],
    ['CR and CRLF', ['data: a\r\rdata: b\r\n\r\ndata: c\n\n'], ['event a', 'event b', 'event c']],
    ['CRLF cut in two is one line end', ['data: a\r', '\ndata: b\r', '', '\n\r', '\n:\n'], ['event a\nb', 'comment']],
    ['lines are joined', ['data: a\ndata\ndata:b\n\n'], ['event a\n\nb']],
    ['one space belongs to the colon', ['data:  a\n\ndata:\tb \n\n'], ['event  a', 'event \tb ']],
    ['an empty event is one, no data is none', ['data\n\nevent: x\nid: 1\nretry: 5\n\n\n'], ['event ']],
    ['other fields and names that only begin alike', ['dat: x\ndata2: y\n data: z\nfoo\ndata: a\n\n'], ['event a']],
    [
      'comments, also inside of an event',
      [':\n: -1\n\ndata: a\n:x\ndata: b\n\n'],
      ['comment', 'comment', 'comment', 'event a\nb'],
    ],
    ['other line ends of Unicode are text', ['data: a\u2028b\u0085c\vd\n\n'], ['event a\u2028b\u0085c\vd']],
    ['what has not ended is not delivered', ['data: a\n\ndata: b\n'], ['event a']],
  ])('%s', (_name, pieces, expected) => expect(read(create, pieces)).toEqual(expected))

  test('an unfinished event has a longest size, over all its lines; finished ones leave nothing behind', () => {
    const feed = create(
      () => {},
      () => {},
      20,
    )
    for (let i = 0; i < 10; i++) feed('data: 0123456789\n\n')
    feed('data: 0123456789\n')
    feed('data: 0123')
    expect(() => feed('4')).toThrow(RangeError)
  })

  test('a long event in many pieces takes time in proportion to its length', () => {
    const pieces = Array.from({ length: 2000 }, () => 'x'.repeat(4096))
    const heard: number[] = []
    const feed = create(
      (data) => heard.push(data.length),
      () => {},
    )
    ;['data: ', ...pieces, '\n\n'].forEach(feed)
    expect(heard).toEqual([2000 * 4096])
  }, 2000)
})

test(`both read any stream alike, however it is cut (seed ${SEED})`, () => {
  const token = fc.constantFrom(
    ...[
      'data',
      'data:',
      'data: ',
      ':',
      ' ',
      'event: x',
      'id: 1',
      'retry: 5',
      'retry: x',
      'dat',
      'a',
      'ё',
      '🙂',
      '\u2028',
    ],
    ...['\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\n', '\r\n'],
  )
  const stream = fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join(''))
  const property = fc.property(stream, fc.array(fc.nat(400), { maxLength: 30 }), (text, places) => {
    // The library keeps a CR at the end until it knows what follows.
    const pieces = [...cut(text, places), '\n:\n']
    const expected = read(library, [`${text}\n:\n`])
    expect(read(library, pieces)).toEqual(expected)
    expect(read(lite, pieces)).toEqual(expected)
  })
  fc.assert(property, { seed: SEED, numRuns: 3000 })
})
