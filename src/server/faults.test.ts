import { describe, expect, test } from 'vitest'
import { disturb, nextRandom, requestFault, valueFor, type Disorder } from './faults'

describe('what befalls a request', () => {
  test('nothing, unless it is set', () => {
    for (const kind of ['websocket', 'sse', 'long-polling', 'config', 'publish'] as const) {
      expect(requestFault({}, kind)).toEqual({ type: 'none' })
    }
  })

  test.each([
    [{ upgradeStatus: 502 }, 'websocket', { type: 'answer', status: 502, body: null }],
    [{ upgradeHang: true, upgradeStatus: 502 }, 'websocket', { type: 'hang' }],
    [{ upgradeStatus: 502 }, 'sse', { type: 'none' }],
    [{ sse: 'buffer' }, 'sse', { type: 'buffer' }],
    [{ sse: 'hang' }, 'sse', { type: 'hang' }],
    [{ sse: 404 }, 'sse', { type: 'answer', status: 404, body: null }],
    [{ poll: 'hang' }, 'long-polling', { type: 'hang' }],
    [{ poll: 504 }, 'long-polling', { type: 'answer', status: 504, body: null }],
    [{ config: { status: 401 } }, 'config', { type: 'answer', status: 401, body: null }],
    [{ config: { body: '<html>' } }, 'config', { type: 'answer', status: 200, body: '<html>' }],
    [{ config: { delayMs: 5 } }, 'config', { type: 'none' }],
    [{ poll: 'hang', times: 0 }, 'long-polling', { type: 'none' }],
  ] as const)('%o on %s', (settings, kind, wanted) => {
    expect(requestFault(settings, kind)).toEqual(wanted)
  })
})

test('a value may hold for one transport only', () => {
  expect(valueFor(3, 'sse')).toBe(3)
  expect(valueFor({ sse: 3 }, 'sse')).toBe(3)
  expect(valueFor({ sse: 3 }, 'websocket')).toBe(0)
  expect(valueFor(undefined, 'websocket')).toBe(0)
})

describe('disorder', () => {
  function run(seed: number, chance: { duplicate: number; reorder: number }, count = 200): number[] {
    let state: Disorder<number> = { seed, held: null }
    const out: number[] = []
    for (let n = 1; n <= count; n += 1) {
      const decided = disturb(state, n, chance)
      state = decided.state
      out.push(...decided.out)
    }
    return state.held === null ? out : [...out, state.held]
  }

  test('reordering swaps neighbours and loses nothing; the seed decides', () => {
    const swapped = run(1, { duplicate: 0, reorder: 0.5 })
    expect(swapped).not.toEqual([...swapped].sort((a, b) => a - b))
    expect([...swapped].sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
    expect(run(1, { duplicate: 0, reorder: 0.5 })).toEqual(swapped)
    expect(run(2, { duplicate: 0, reorder: 0.5 })).not.toEqual(swapped)
  })

  test('doubling doubles', () => {
    expect(run(1, { duplicate: 1, reorder: 0 }, 3)).toEqual([1, 1, 2, 2, 3, 3])
    const some = run(1, { duplicate: 0.3, reorder: 0.3 })
    expect(new Set(some).size).toBe(200)
    expect(some.length).toBeGreaterThan(220)
  })

  test('the random numbers are spread between 0 and 1', () => {
    let seed = 1
    let sum = 0
    for (let n = 0; n < 1000; n += 1) {
      const next = nextRandom(seed)
      seed = next.seed
      sum += next.value
    }
    expect(sum / 1000).toBeGreaterThan(0.45)
    expect(sum / 1000).toBeLessThan(0.55)
  })
})
