import { expect, test } from 'vitest'
import { phpLiteral } from './php-literal'

test.each([
  ['a text', "'a text'"],
  ['it\'s \\ "q"', "'it\\'s \\\\ \\\"q\\\"'"],
  ['a\r\nb\rc\nd', "'a\\nb\\nc\\nd'"],
  ['</script>', "'<\\/script>'"],
  ['a\u2028b\u2029c', "'a\\nb c'"],
  // PHP escapes this one only where something else asks for escaping.
  ['a*/b', "'a*/b'"],
  ["'a*/b'", "'\\'a*\\/b\\''"],
  [7, "'7'"],
  [1.5, "'1.5'"],
  [null, "''"],
  [true, 'true'],
  [false, 'false'],
  [[], '[]'],
  [{}, '[]'],
  [['a', 1], "['a','1']"],
  [{ 0: 'a', 1: 'b' }, "['a','b']"],
  [{ 1: 'a' }, "{'1':'a'}"],
  [{ "k'": { n: [true] } }, "{'k\\'':{'n':[true]}}"],
])('%j is printed as PHP does', (value, text) => {
  expect(phpLiteral(value)).toBe(text)
})

test('what is printed reads as the same text in JavaScript', () => {
  const texts = ["'", '"', '\\', '\\n', '</', '*/', "\\'", '\n', '\u0001', 'ü', '😀', '<!--', "'</script"]
  for (const one of texts) {
    for (const two of texts) {
      const read: unknown = new Function(`return ${phpLiteral([one + two])}`)()
      expect(read).toEqual([one + two])
    }
  }
})
