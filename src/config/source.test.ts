import { expect, test } from 'vitest'
import { sampleConfig } from '../../test/support/config-sample'
import { createFakeClock } from '../../test/support/fake-platform'
import { PullError } from '../core/pull-error'
import type { ConfigRequest } from './config'
import { restConfig } from './rest-source'
import { toConfigSource } from './source'
import { staticConfig } from './static-source'

const request: ConfigRequest = {
  reason: 'start',
  signal: new AbortController().signal,
  fetch: null,
  storage: null,
  clock: createFakeClock(),
}

test('an object is its own source', async () => {
  const config = sampleConfig()
  expect(await toConfigSource(config)(request)).toBe(config)
  expect(await staticConfig(config)({ ...request, reason: 'expiring' })).toBe(config)
})

test('a function gets the request', async () => {
  const seen: unknown[] = []
  const produce = (asked: unknown): Promise<unknown> => Promise.resolve(seen.push(asked))
  expect(await toConfigSource(produce)(request)).toBe(1)
  expect(seen).toEqual([request])
})

test('a function may return the object itself, and may throw before there is a promise', async () => {
  const config = sampleConfig()
  expect(await toConfigSource(() => config)(request)).toBe(config)
  const error = new Error('no token yet')
  const asked = toConfigSource(() => {
    throw error
  })(request)
  await expect(asked).rejects.toBe(error)
})

test('a ready source stays what it is', async () => {
  await expect(toConfigSource(restConfig())(request)).rejects.toMatchObject({ code: 'bad-option' })
})

test.each([[undefined], [null], ['https://portal.example'], [7], [[sampleConfig()]], [Promise.resolve({})]])(
  'anything else is refused, and the message names what is accepted: %j',
  (option) => {
    const convert = (): unknown => toConfigSource(option)
    expect(convert).toThrow(PullError)
    expect(convert).toThrow(expect.objectContaining({ code: 'bad-option', retryable: false }))
    expect(convert).toThrow(/configuration object.*function.*restConfig/)
  },
)
