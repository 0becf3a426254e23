/**
 * Owns a platform for tests in which nothing is real: time passes when it is told to, chance is seeded, storage and page
 * are objects. It counts what a client holds, so that a test can ask whether anything is left.
 */
import type { Clock, Page, PageSignal, Platform, StorageLike } from '../../src/platform/platform'

export interface FakeClock extends Clock {
  /** Lets time pass: runs what falls due, in order, and all promise jobs in between. */
  advance(ms: number): Promise<void>
  /** Moves the clock without running anything, as sleep does, and whoever sets it back. */
  jump(ms: number): void
  /** A timer of the world around the client: not counted in `timers`. */
  after(delayMs: number, run: () => void): void
  /** Timers the client holds. */
  readonly timers: number
}

export interface FakePage extends Page {
  signal(signal: PageSignal): void
  readonly listeners: number
}

export interface FakePlatform extends Platform {
  readonly clock: FakeClock
  readonly page: FakePage
  readonly storage: StorageLike
  /** Everything that was written to the console. */
  readonly log: unknown[][]
}

export const FAKE_NOW_MS = Date.parse('2026-11-20T12:00:00.250Z')

export function createFakePlatform(
  seed = 1,
  network: Partial<Pick<Platform, 'fetch' | 'webSocket'>> = {},
): FakePlatform {
  const log: unknown[][] = []
  const write = (...parts: unknown[]): void => void log.push(parts)
  return {
    clock: createFakeClock(),
    random: seededRandom(seed),
    fetch: network.fetch ?? null,
    webSocket: network.webSocket ?? null,
    storage: createFakeStorage(),
    tabStorage: null,
    page: createFakePage(),
    console: { debug: write, warn: write, error: write },
    log,
  }
}

interface Timer {
  readonly dueAtMs: number
  readonly order: number
  readonly run: () => void
  readonly isOwn: boolean
}

export function createFakeClock(startAtMs = FAKE_NOW_MS): FakeClock {
  const timers = new Set<Timer>()
  let nowMs = startAtMs
  let jumpedMs = 0
  let order = 0

  function add(run: () => void, delayMs: number, isOwn: boolean): Timer {
    // Real timers take whole milliseconds, at least one, and overflow to one.
    const boundedMs = delayMs >= 1 && delayMs < 2 ** 31 ? Math.floor(delayMs) : 1
    const timer = { dueAtMs: nowMs + boundedMs, order: order++, run, isOwn }
    timers.add(timer)
    return timer
  }

  function nextUntil(untilMs: number): Timer | null {
    let next: Timer | null = null
    timers.forEach((timer) => {
      if (timer.dueAtMs > untilMs) return
      if (!next || timer.dueAtMs < next.dueAtMs || (timer.dueAtMs === next.dueAtMs && timer.order < next.order))
        next = timer
    })
    return next
  }

  return {
    now: () => nowMs,
    elapsed: () => nowMs - jumpedMs,
    setTimeout: (run, delayMs) => add(run, delayMs, true),
    clearTimeout: (handle) => void timers.delete(handle as Timer),
    after: (delayMs, run) => void add(run, delayMs, false),
    async advance(ms) {
      const untilMs = nowMs + ms
      await promiseJobs()
      for (let next = nextUntil(untilMs); next; next = nextUntil(untilMs)) {
        timers.delete(next)
        nowMs = Math.max(nowMs, next.dueAtMs)
        next.run()
        await promiseJobs()
      }
      nowMs = Math.max(nowMs, untilMs)
    },
    jump(ms) {
      nowMs += ms
      jumpedMs += ms
    },
    get timers() {
      return [...timers].filter(({ isOwn }) => isOwn).length
    },
  }
}

/** All promise jobs run before the next turn of the event loop. */
export function promiseJobs(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export function createFakeStorage(): StorageLike {
  const values = new Map<string, string>()
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  }
}

export function createFakePage(href = 'http://portal.example/company/'): FakePage {
  const listeners = new Set<(signal: PageSignal) => void>()
  let isHidden = false
  let isOffline = false
  return {
    protocol: new URL(href).protocol,
    href,
    get isHidden() {
      return isHidden
    },
    get isOffline() {
      return isOffline
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    signal(signal) {
      isHidden = signal === 'hidden' || (isHidden && signal !== 'visible')
      isOffline = signal === 'offline' || (isOffline && signal !== 'online')
      listeners.forEach((listener) => listener(signal))
    },
    get listeners() {
      return listeners.size
    },
  }
}
