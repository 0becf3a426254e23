import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { channelId } from './channel-id'

const PRIVATE = '46a437d2336d4a88e4e9b3cd956ecf45'
const PAIRED = `${PRIVATE}:6221e0eb48981fce67cf4756e82e8102`
const SIGNED = `${PAIRED}.1688cda5e668568f6bae0e91bd7516ca6c58eb3c`

test('it gives the signed id to those who ask for it by name', () => {
  expect(channelId(SIGNED).reveal()).toBe(SIGNED)
})

test('H1: it is printed as ***, and compared by its first 32 hex digits', () => {
  expect(`${channelId(SIGNED)}`).toBe('***')
  expect(channelId(SIGNED).matches(PRIVATE)).toBe(true)
  expect(channelId(SIGNED).matches(PRIVATE.replace('4', '5'))).toBe(false)
})

test.each([
  ['String', (id: unknown) => String(id)],
  ['a template', (id: unknown) => `${id}`],
  ['adding', (id: unknown) => '' + (id as string)],
  ['join', (id: unknown) => [id].join()],
  ['JSON', (id: unknown) => JSON.stringify({ id })],
  ['inspect', (id: unknown) => inspect(id, { depth: 5, showHidden: true })],
  ['its keys and values', (id: unknown) => Object.entries(id as object).join()],
])('%s does not print it', (_name, print) => {
  const printed = print(channelId(SIGNED))
  expect(printed).not.toContain(PRIVATE)
  expect(printed).not.toContain('1688cda5')
})

test.each([SIGNED, PAIRED, PRIVATE, `${PRIVATE}.${'0'.repeat(40)}`, PRIVATE.toUpperCase()])(
  'it matches %s, which names the same mailbox',
  (other) => {
    expect(channelId(SIGNED).matches(other)).toBe(true)
    expect(channelId(other).matches(SIGNED)).toBe(true)
  },
)

test.each(['', '-', PRIVATE.slice(1), `${PRIVATE}0`, '6221e0eb48981fce67cf4756e82e8102', `x${SIGNED}`])(
  'it does not match %j',
  (other) => expect(channelId(SIGNED).matches(other)).toBe(false),
)
