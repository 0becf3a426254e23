/** The bytes of protobuf: what was written reads back, what is cut or nonsense is refused. */
import { expect, test } from 'vitest'
import { bytesField, fixed32Field, numberField, readFields, textField } from './protobuf'

test('fields read back', () => {
  const bytes = Buffer.concat([
    numberField(1, 0),
    numberField(3, 4_294_967_295),
    fixed32Field(4, 4_167_978_969),
    textField(100, 'ж'),
    bytesField(5, Buffer.alloc(300, 7)),
  ])
  expect(readFields(bytes)).toEqual([
    { number: 1, value: 0 },
    { number: 3, value: 4_294_967_295 },
    { number: 4, value: 4_167_978_969 },
    { number: 100, value: Buffer.from('ж') },
    { number: 5, value: Buffer.alloc(300, 7) },
  ])
})

test('unknown numbers of 64 bits are stepped over', () => {
  expect(readFields(Buffer.from('3901020304050607080801', 'hex'))).toEqual([{ number: 1, value: 1 }])
})

test.each([
  ['field 0', '0102030405'],
  ['a group', '0b0c'],
  ['a wire type that is none', '0f'],
  ['a length beyond the end', '0a05aa'],
  ['an endless varint', '08ffffffffffffffffffffff01'],
  ['a cut varint', '0880'],
  ['a cut fixed32', '0d0102'],
  ['a cut fixed64', '090102'],
  ['JSON', Buffer.from('{"jsonrpc":"2.0"}').toString('hex')],
])('refused: %s', (_name, hex) => {
  expect(readFields(Buffer.from(hex, 'hex'))).toBeNull()
})

test('every cut of a good message is refused or shorter, never more', () => {
  const whole = Buffer.concat([textField(1, 'abc'), numberField(2, 300), textField(3, 'def')])
  for (let length = 0; length < whole.length; length += 1) {
    const fields = readFields(whole.subarray(0, length))
    expect(fields === null || fields.length < 3, String(length)).toBe(true)
  }
})
