import { expect, test, vi } from 'vitest'
import { createFakeClock, createFakeStorage } from '../../test/support/fake-platform'
import { createTransportMemory } from './transport-memory'

test('N8: the next page starts with what worked, for an hour', async () => {
  const clock = createFakeClock()
  const storage = createFakeStorage()
  createTransportMemory({ storage, clock }).remember('long-polling')
  const nextPage = createTransportMemory({ storage, clock })
  expect(nextPage.recall()).toBe('long-polling')
  await clock.advance(3_599_999)
  expect(nextPage.recall()).toBe('long-polling')
  await clock.advance(1)
  expect(nextPage.recall()).toBeNull()
})

test('nothing is remembered where the first choice works', () => {
  const clock = createFakeClock()
  const storage = createFakeStorage()
  const memory = createTransportMemory({ storage, clock })
  memory.remember('sse')
  memory.remember(null)
  expect(memory.recall()).toBeNull()
  expect(storage.getItem('bx-pull-transport')).toBeNull()
})

test('writes once, not at every step of the connection', () => {
  const storage = createFakeStorage()
  const setItem = vi.spyOn(storage, 'setItem')
  const memory = createTransportMemory({ storage, clock: createFakeClock() })
  for (let times = 0; times < 5; times++) memory.remember('sse')
  expect(setItem).toHaveBeenCalledTimes(1)
})

test.each(['', 'sse', 'carrier-pigeon 1795176000000', 'sse tomorrow', 'sse 9999999999999', '{"kind":"sse"}'])(
  'garbage in the storage is no memory: %j',
  (text) => {
    const storage = createFakeStorage()
    storage.setItem('bx-pull-transport', text)
    expect(createTransportMemory({ storage, clock: createFakeClock() }).recall()).toBeNull()
  },
)

test('a storage that throws, or none, means no memory and no error', () => {
  const refuse = (): never => {
    throw new DOMException('blocked', 'SecurityError')
  }
  for (const storage of [{ getItem: refuse, setItem: refuse, removeItem: refuse }, null]) {
    const memory = createTransportMemory({ storage, clock: createFakeClock() })
    expect(() => {
      memory.remember('sse')
      memory.remember(null)
    }).not.toThrow()
    expect(memory.recall()).toBeNull()
  }
})
