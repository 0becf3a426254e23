/** Tokens against ones made by hand, and against everything that must not pass. */
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { readToken, signToken, type Claims } from './jwt'

const claims: Claims = { iss: 'portal', iat: 1_600_000_000, exp: 1_600_000_060, sub: '7', chan: 'a'.repeat(32) }
const inTimeMs = 1_600_000_059_000

function handMade(head: object, body: object, key: string): string {
  const text = [head, body].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
}

test('a token says what was signed, until it ends', () => {
  const token = signToken(claims, 'test-key')
  expect(readToken(token, 'test-key', inTimeMs)).toEqual(claims)
  expect(readToken(token, 'test-key', 1_600_000_060_000)).toBeNull()
})

test('a token made by hand reads the same, whatever the order of its header', () => {
  const token = handMade({ alg: 'HS256', typ: 'JWT' }, { ...claims, more: 1 }, 'test-key')
  expect(readToken(token, 'test-key', inTimeMs)).toEqual(claims)
})

test('a visitor has no sub', () => {
  const anonymous: Claims = { iss: claims.iss, iat: claims.iat, exp: claims.exp, chan: claims.chan }
  expect(readToken(signToken(anonymous, 'k'), 'k', inTimeMs)).toEqual(anonymous)
})

test.each([
  ['another key', signToken(claims, 'other')],
  ['no algorithm', handMade({ alg: 'none' }, claims, 'test-key')],
  ['a cut mark', signToken(claims, 'test-key').slice(0, -3)],
  ['a fourth part', `${signToken(claims, 'test-key')}.x`],
  ['two parts', 'a.b'],
  ['no JSON', `${Buffer.from('{').toString('base64url')}.b.c`],
  ['a list for claims', handMade({ alg: 'HS256' }, [], 'test-key')],
  ['no end', handMade({ alg: 'HS256' }, { ...claims, exp: 'later' }, 'test-key')],
  ['nothing', ''],
])('refused: %s', (_name, token) => {
  expect(readToken(token, 'test-key', inTimeMs)).toBeNull()
})
