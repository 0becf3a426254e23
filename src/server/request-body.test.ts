import { expect, test } from 'vitest'
import { readFields, readForm } from './request-body'

test.each([
  ['a=1&B=2', { a: '1', b: '2' }],
  ['tags[0]=x&tags[1]=y', { tags: ['x', 'y'] }],
  ['users[]=1&users[]=2', { users: ['1', '2'] }],
  ['TAGS%5B%5D=a%26b', { tags: ['a&b'] }],
  ['p[a][b]=1&p[a][c][]=2', { p: { a: { b: '1', c: ['2'] } } }],
  ['u[7]=x', { u: { 7: 'x' } }],
  ['a=1&a=2', { a: '2' }],
  ['a=1&a[b]=2', { a: { b: '2' } }],
  ['[x]=1', { '[x]': '1' }],
  ['', {}],
])('PHP reads %j', (text, fields) => {
  expect(Object.fromEntries(readForm(text))).toEqual(fields)
})

test('a field named like a prototype is a field', () => {
  const form = readForm('__proto__[x]=1&a[__proto__]=2')
  expect(form.get('__proto__')).toEqual({ x: '1' })
  expect(({} as { x?: unknown }).x).toBeUndefined()
})

test('bottomless nesting is dropped', () => {
  expect(readForm(`a${'[b]'.repeat(5000)}=1`).size).toBe(0)
})

test('JSON counts as fields, and the body wins over the query', () => {
  const fields = readFields('/x?Tags=q&cache=Y', 'application/json', '{"tags":["a"],"N":7}')
  expect(Object.fromEntries(fields)).toEqual({ tags: ['a'], cache: 'Y', n: 7 })
  expect(readFields('/x?a=1', 'application/x-www-form-urlencoded', 'A=2').get('a')).toBe('2')
  expect(readFields('/x', 'application/json', '[1]').size).toBe(0)
})
