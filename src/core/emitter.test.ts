import { expect, test, vi } from 'vitest'
import { createEmitter } from './emitter'

test('calls every listener of a key, in order, with all arguments', () => {
  const { emit, on } = createEmitter(vi.fn())
  const calls: unknown[] = []
  on('im:message', (...args: unknown[]) => calls.push(['one', ...args]))
  on('im:message', (...args: unknown[]) => calls.push(['two', ...args]))
  on('im:other', () => calls.push(['other']))
  emit('im:message', 1, 'x')
  expect(calls).toEqual([
    ['one', 1, 'x'],
    ['two', 1, 'x'],
  ])
})

test('calls a function twice that subscribed twice, and each undo takes away its own', () => {
  const { emit, on, count } = createEmitter(vi.fn())
  const listener = vi.fn()
  const undo = on('a:b', listener)
  on('a:b', listener)
  emit('a:b')
  expect(listener).toHaveBeenCalledTimes(2)
  undo()
  undo()
  expect(count('a:b')).toBe(1)
  emit('a:b')
  expect(listener).toHaveBeenCalledTimes(3)
})

test('isolates a listener that throws: the others are served and the thrown is handed over with its key', () => {
  const onThrow = vi.fn()
  const { emit, on } = createEmitter(onThrow)
  const after = vi.fn()
  const thrown = new Error('mine')
  on('a:b', () => {
    throw thrown
  })
  on('a:b', after)
  expect(() => emit('a:b')).not.toThrow()
  expect(after).toHaveBeenCalledTimes(1)
  expect(onThrow).toHaveBeenCalledExactlyOnceWith(thrown, 'a:b')
})

test('hands over what the promise of an async listener rejects with', async () => {
  const told = new Promise<unknown[]>((resolve) => {
    const { emit, on } = createEmitter((...args) => resolve(args))
    on('a:b', () => Promise.reject(new Error('later')))
    emit('a:b')
  })
  expect(await told).toEqual([new Error('later'), 'a:b'])
})

test('lets listeners subscribe and unsubscribe inside their own call', () => {
  const { emit, on } = createEmitter(vi.fn())
  const late = vi.fn()
  const second = vi.fn()
  const undo = on('a:b', () => {
    undo()
    undoSecond()
    on('a:b', late)
  })
  const undoSecond = on('a:b', second)
  emit('a:b')
  // Who was subscribed when it happened hears of it.
  expect(second).toHaveBeenCalledTimes(1)
  expect(late).not.toHaveBeenCalled()
  emit('a:b')
  expect(second).toHaveBeenCalledTimes(1)
  expect(late).toHaveBeenCalledTimes(1)
})

test('a key nobody listens to is no error, whatever its name', () => {
  const { emit, count } = createEmitter(vi.fn())
  for (const key of ['x:y', '__proto__:x', 'constructor:toString']) {
    expect(() => emit(key, {})).not.toThrow()
    expect(count(key)).toBe(0)
  }
})
