import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_DEPTH, MAX_LENGTH, readPhpLiteral } from './php-literal'

const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
const RUNS = { seed: SEED, numRuns: 1000 }

describe('what PHP prints', () => {
  test.each<[string, unknown]>([
    [`{'MESSAGE':[],'ERROR':''}`, { MESSAGE: [], ERROR: '' }],
    [`{"a":1,'b':"two",c:'3'}`, { a: 1, b: 'two', c: '3' }],
    [`{\n'USER_ID':'1',\n'LIST':['a',\n'b']}`, { USER_ID: '1', LIST: ['a', 'b'] }],
    [`{'on':true,'off':false,'none':null}`, { on: true, off: false, none: null }],
    [`{1:'a',$x_9:'b','':'c'}`, { 1: 'a', $x_9: 'b', '': 'c' }],
    [`[1,-2,.5,1.5e3,-1E-2,+4,]`, [1, -2, 0.5, 1500, -0.01, 4]],
    [`{a:[1,],b:{c:1,},}`, { a: [1], b: { c: 1 } }],
    [`'it\\'s \\"so\\" \\\\ \\/ \\n\\r\\t\\b\\f\\v\\0'`, 'it\'s "so" \\ / \n\r\t\b\f\v\0'],
    [`'\\x41\\u0416\\ud83d\\ude42'`, 'AЖ🙂'],
    [`'\\q\\*\\/'`, 'q*/'],
    [`'two\\\nlines'`, 'twolines'],
    [`'real\nnewline'`, 'real\nnewline'],
    [`'<'+'/script>'`, '</script>'],
    [`{'html':'<\\/'+'scr' + "ipt>"}`, { html: '</script>' }],
    [`'a"b' `, 'a"b'],
    [`\ufeff {'a':'1'};\n`, { a: '1' }],
    ['""', ''],
    ['0', 0],
  ])('%j', (text, expected) => expect(readPhpLiteral(text)).toEqual(expected))

  test.each([
    '',
    ' ',
    '{',
    '[',
    "'",
    "'a",
    "'a\\",
    "'\\x4",
    "'\\xzz'",
    "'\\u12'",
    "{'a'}",
    "{'a':}",
    "{'a':1 'b':2}",
    "{,'a':1}",
    '[,]',
    '[1,,2]',
    '[1 2]',
    "{'a':1}}",
    "{'a':1} <script>",
    "'a'+",
    "'a'+1",
    '1+1',
    'alert(1)',
    '(function(){})()',
    'NaN',
    'undefined',
    'Infinity',
    'constructor',
    '{a:b}',
    '/x/',
    '`a`',
    '<!doctype html>',
    '// {}',
    '{[1]:2}',
    '1_000',
    '--1',
  ])('is not %j', (text) => expect(readPhpLiteral(text)).toBeUndefined())

  test('JSON, whatever is in it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 10 }), fc.boolean(), (json, pretty) => {
        const value = JSON.parse(json) as unknown
        const text = JSON.stringify(value, null, pretty ? 2 : 0)
        expect(readPhpLiteral(text)).toEqual(withoutPrototypes(value))
      }),
      RUNS,
    )
  })

  test('the same value as PHP writes it', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 5 },
        fc.string({ unit: 'binary' }),
        fc.boolean(),
        fc.constant(null),
        tie('list'),
        tie('record'),
      ),
      list: fc.array(tie('any'), { maxLength: 5 }),
      record: fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        tie('any'),
        { maxKeys: 5, noNullPrototype: true },
      ),
    })).any
    fc.assert(
      fc.property(value, (given) => {
        expect(readPhpLiteral(toPhp(given))).toEqual(given)
      }),
      RUNS,
    )
  })
})

describe('hostile texts', () => {
  test.each([
    `{"__proto__":{"polluted":1},"a":1}`,
    `{__proto__:{polluted:1},a:1}`,
    `{'__pro'+'to__':{polluted:1},a:1}`,
  ])('%s pollutes nothing', (text) => {
    const read = readPhpLiteral(text) as Record<string, unknown>
    expect(Object.keys(read)).toEqual(['a'])
    expect(read['polluted']).toBeUndefined()
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  test('nesting is bounded', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(readPhpLiteral(nested(MAX_DEPTH))).toBeDefined()
    expect(readPhpLiteral(nested(MAX_DEPTH + 1))).toBeUndefined()
    expect(readPhpLiteral('{a:'.repeat(1_000_000))).toBeUndefined()
  })

  test('size is bounded', () => {
    expect(readPhpLiteral(`'${'x'.repeat(MAX_LENGTH - 2)}'`)).toHaveLength(MAX_LENGTH - 2)
    expect(readPhpLiteral(`'${'x'.repeat(MAX_LENGTH - 1)}'`)).toBeUndefined()
  })

  test.each<[string, string]>([
    ['a string without an end', `'${'\\'.repeat(2_000_001)}`],
    ['a word without an end', 'a'.repeat(2_000_000)],
    ['a number without an end', '1'.repeat(2_000_000)],
    ['white space', ' '.repeat(2_000_000)],
    ['joined strings', `'a'${"+'a'".repeat(500_000)}+`],
    ['many elements', `[${'1,'.repeat(1_000_000)}`],
    ['many escapes', `'${'\\u0041'.repeat(300_000)}`],
  ])('%s is refused in linear time', (_name, text) => {
    const half = timeOf(() => readPhpLiteral(text.slice(0, text.length / 2)))
    const whole = timeOf(() => expect(readPhpLiteral(text)).toBeUndefined())
    // Quadratic work would be four times as much. Far above the noise of a shared machine, far below a hang.
    expect(whole).toBeLessThan(half * 40 + 2000)
  })

  test('random damage gives a value or nothing, never an exception', () => {
    const good = `{'MESSAGE':[{'id':'5','module_id':'im','command':'x','params':{'a':'\\'\\u0041'+"b"},'extra':[]}],'ERROR':'',ok:true}`
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length), fc.string({ maxLength: 4 }), fc.nat(3)), { maxLength: 8 }),
        (edits) => {
          const text = edits.reduce((all, [at, put, cut]) => all.slice(0, at) + put + all.slice(at + cut), good)
          expect(() => readPhpLiteral(text)).not.toThrow()
        },
      ),
      RUNS,
    )
  })
})

function timeOf(run: () => unknown): number {
  const startedAt = performance.now()
  run()
  return performance.now() - startedAt
}

function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => key !== '__proto__')
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutPrototypes(inner)]))
}

/** As the portal's own function prints it: quotes around everything but booleans, some characters escaped. */
function toPhp(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toPhp).join(',\n')}]`
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, inner]) => `'${escaped(key)}':${toPhp(inner)}`)
      .join(',')}}`
  }
  return typeof value === 'string' ? `'${escaped(value)}'` : String(value)
}

function escaped(text: string): string {
  return text
    .replace(/[\\'"]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\u2028/g, '\\u2028')
    .replace(/<\//g, '<\\/')
}
