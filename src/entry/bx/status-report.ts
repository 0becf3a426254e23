/**
 * Owns the three statuses that old pages know, and when they are told: `offline` only when it has lasted, then the
 * tries that last, else all at once, nothing while the page is away.
 */
import type { StatusFact } from '../../session/status'
import type { Clock } from '../../platform/platform'
import type { LegacyStatus } from './names'

/** Short breaks are nobody's business. */
const OFFLINE_DELAY_MS = 5000
/** In a long outage tries that fail sooner are not told: status bars wait before they show a thing, and would never get to it. */
const TRY_DELAY_MS = 1000

export interface StatusReport {
  readonly status: LegacyStatus
  /** A fact of the client, or a line of its timeline. */
  heard(fact: Pick<StatusFact, 'status' | 'reason'> | null, line?: string): void
  /** The page asked for no connection. */
  isAway: boolean
}

export function createStatusReport(clock: Clock, tell: (status: LegacyStatus) => void): StatusReport {
  let current: Pick<StatusFact, 'status' | 'reason'> = { status: 'idle', reason: '' }
  /** Between two connections: whether one is being tried. */
  let isTrying = true
  let timer: unknown = null
  /** Nothing before a start. */
  let told: LegacyStatus | null = null

  function hush(): void {
    clock.clearTimeout(timer)
    timer = null
  }

  function say(next: LegacyStatus): void {
    hush()
    report.status = next
    if (next !== told) tell((told = next))
  }

  function later(next: LegacyStatus, delayMs: number): void {
    timer = timer || clock.setTimeout(() => say(next), delayMs)
  }

  function set(next: LegacyStatus): void {
    report.status = next
    const isOffline = told === 'offline'
    if (next === 'online') {
      // No page has ever seen it come out of nothing.
      if (isOffline) say('connect')
      say(next)
    } else if (!isOffline) {
      // Tries come quickly at first: one that fails does not put off what is told about the outage.
      if (next === 'offline') later(next, OFFLINE_DELAY_MS)
      else if (told !== next) tell((told = next))
    } else if (next === 'connect') later(next, TRY_DELAY_MS)
    else hush()
  }

  const report = {
    status: 'offline' as LegacyStatus,
    isAway: false,
    heard(fact: typeof current | null, line?: string) {
      current = fact || current
      if (fact && fact.reason === 'starting') {
        hush()
        if (told === 'offline') told = null
      }
      // A start, or a line that says what is being done.
      if (line === 'wait') isTrying = false
      else if (line === 'open' || (fact && fact.reason === 'starting')) isTrying = true
      const { status, reason } = current
      if (status === 'connected') return set('online')
      const isPageAway = reason === 'page-hidden' && !report.isAway
      const isOver = status === 'stopped' || status === 'idle' || report.isAway
      if (!isPageAway) set(isOver || !isTrying ? 'offline' : 'connect')
    },
  }
  return report
}
