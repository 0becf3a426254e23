import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Clock } from '../../platform/platform'
import { createStatusReport } from './status-report'

const clock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}
const STARTING = { status: 'connecting', reason: 'starting' } as const
const OPEN = { status: 'connected', reason: 'open' } as const
const LOST = { status: 'reconnecting', reason: 'server-unreachable' } as const
const STOPPED = { status: 'stopped', reason: 'stopped' } as const

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  expect(vi.getTimerCount(), 'timers left').toBe(0)
  vi.useRealTimers()
})

function started(): { report: ReturnType<typeof createStatusReport>; told: string[] } {
  const told: string[] = []
  const report = createStatusReport(clock, (status) => told.push(status))
  report.heard(STARTING)
  return { report, told }
}

/** A try that fails after so long. */
function tries(report: ReturnType<typeof createStatusReport>, lastsMs: number): void {
  report.heard(null, 'open')
  vi.advanceTimersByTime(lastsMs)
  report.heard(null, 'wait')
}

describe('statuses of old pages', () => {
  test('connect and online come at once, a short break is no offline', () => {
    const { report, told } = started()
    report.heard(OPEN)
    report.heard(LOST, 'wait')
    vi.advanceTimersByTime(4000)
    report.heard(null, 'open')
    report.heard(OPEN)
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual(['connect', 'online', 'connect', 'online'])
  })

  test('quick tries that fail neither put off what is told nor repeat themselves', () => {
    const { report, told } = started()
    report.heard(OPEN)
    report.heard(LOST, 'wait')
    for (const pauseMs of [300, 700, 1500, 2000]) {
      vi.advanceTimersByTime(pauseMs)
      tries(report, 10)
    }
    expect(told).toEqual(['connect', 'online', 'connect'])
    vi.advanceTimersByTime(500)
    expect(told.slice(3)).toEqual(['offline'])
    expect(report.status).toBe('offline')
    for (let round = 0; round < 5; round++) {
      vi.advanceTimersByTime(15_000)
      tries(report, 10)
    }
    expect(told.slice(4)).toEqual([])
    report.heard(null, 'open')
    report.heard(OPEN)
    expect(told.slice(4)).toEqual(['connect', 'online'])
  })

  test('a try that lasts is told in a long outage, too', () => {
    const { report, told } = started()
    report.heard(null, 'wait')
    vi.advanceTimersByTime(5000)
    report.heard(null, 'open')
    vi.advanceTimersByTime(1000)
    expect(told).toEqual(['connect', 'offline', 'connect'])
    report.heard(OPEN)
    expect(told.slice(3)).toEqual(['online'])
  })

  test('a new start is told at once, and what an earlier outage planned is forgotten', () => {
    const { report, told } = started()
    report.heard(STOPPED)
    vi.advanceTimersByTime(4999)
    report.heard(STARTING)
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual(['connect'])
    report.heard(STOPPED)
    vi.advanceTimersByTime(5000)
    report.heard(STARTING)
    expect(told).toEqual(['connect', 'offline', 'connect'])
  })
})
