/**
 * Owns time in a world where nothing is real: true time, which servers and networks live by, and the clock of a page, which
 * may be wrong, jump, be throttled, freeze and die with its page. Everything happens in the order of true time.
 */
import type { Clock } from '../../../src/platform/platform'
import { promiseJobs } from '../fake-platform'

export interface VirtualClock {
  /** True time, Unix ms. */
  now(): number
  /** Something in the world outside of any page. */
  after(delayMs: number, run: () => void): void
  /** How far the clock of the device is ahead of true time. */
  offsetMs: number
  createPage(random: () => number): PageTime
  /** Lets time pass: what falls due runs in order, and all promise jobs in between. */
  advance(ms: number): Promise<void>
}

/** The time of one page load: its timers, and what reaches it from outside. */
export interface PageTime extends Clock {
  /** Something reaches the page: not while it is frozen, and never when it is gone. */
  deliver(delayMs: number, run: () => void): void
  readonly timers: number
  /** Timers are late by up to this, as in pages that nobody looks at. */
  throttleMs: number
  freeze(): void
  /** `late`: overdue timers run now. Otherwise they go on with the time they had left. */
  thaw(isLate: boolean): void
  kill(): void
}

interface Due {
  atMs: number
  order: number
  readonly run: () => void
  readonly owner: Owner | null
  readonly isTimer: boolean
  isPutOff: boolean
  isOver: boolean
}

interface Owner {
  isFrozen: boolean
  isGone: boolean
  throttleMs: number
  readonly parked: Due[]
  readonly random: () => number
}

/** Errors of what the page was given to run. */
export type Caught = (error: unknown) => void

export function createVirtualClock(startAtMs: number, caught: Caught): VirtualClock {
  const heap: Due[] = []
  let nowMs = startAtMs
  let order = 0

  const isBefore = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

  function push(due: Due): void {
    due.order = order++
    let at = heap.length
    heap.push(due)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(due, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = due
  }

  function pop(): Due {
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }

  function add(delayMs: number, run: () => void, owner: Owner | null, isTimer: boolean): Due {
    // Real timers take whole milliseconds, at least one, and overflow to one.
    const boundedMs = delayMs >= 1 && delayMs < 2 ** 31 ? Math.floor(delayMs) : 1
    const due = { atMs: nowMs + boundedMs, order: 0, run, owner, isTimer, isPutOff: false, isOver: false }
    push(due)
    return due
  }

  /** Whether it ran. */
  function happen(due: Due): boolean {
    const { owner } = due
    if (due.isOver || owner?.isGone) return false
    if (owner?.isFrozen) {
      owner.parked.push(due)
      return false
    }
    if (owner && due.isTimer && owner.throttleMs > 0 && !due.isPutOff) {
      due.isPutOff = true
      due.atMs = nowMs + Math.floor(owner.random() * owner.throttleMs)
      push(due)
      return false
    }
    due.isOver = true
    try {
      due.run()
    } catch (error) {
      caught(error)
    }
    return true
  }

  const clock: VirtualClock = {
    now: () => nowMs,
    after: (delayMs, run) => void add(delayMs, run, null, false),
    offsetMs: 0,
    createPage(random) {
      const owner: Owner = { isFrozen: false, isGone: false, throttleMs: 0, parked: [], random }
      const timers = new Set<Due>()
      let frozenAtMs = 0
      return {
        now: () => nowMs + clock.offsetMs,
        elapsed: () => nowMs,
        setTimeout(run, delayMs) {
          const due = add(
            delayMs,
            () => {
              timers.delete(due)
              run()
            },
            owner,
            true,
          )
          timers.add(due)
          return due
        },
        clearTimeout(handle) {
          const due = handle as Due | null | undefined
          if (!due) return
          due.isOver = true
          timers.delete(due)
        },
        deliver: (delayMs, run) => void add(delayMs, run, owner, false),
        get timers() {
          return timers.size
        },
        get throttleMs() {
          return owner.throttleMs
        },
        set throttleMs(ms) {
          owner.throttleMs = ms
        },
        freeze() {
          if (owner.isFrozen) return
          owner.isFrozen = true
          frozenAtMs = nowMs
        },
        thaw(isLate) {
          if (!owner.isFrozen) return
          owner.isFrozen = false
          for (const due of owner.parked.splice(0)) {
            due.atMs = due.isTimer && !isLate ? due.atMs + nowMs - frozenAtMs : nowMs
            push(due)
          }
        },
        kill() {
          owner.isGone = true
          timers.clear()
        },
      }
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      await promiseJobs()
      while (heap.length > 0 && heap[0]!.atMs <= untilMs) {
        const due = pop()
        nowMs = Math.max(nowMs, due.atMs)
        if (happen(due)) await promiseJobs()
      }
      nowMs = Math.max(nowMs, untilMs)
    },
  }
  return clock
}
