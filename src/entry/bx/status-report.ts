/**
 * Owns the three statuses that old pages know, and when they are told: `offline` only when it has lasted, the others at
 * once, nothing while the page is away.
 */
import type { StatusFact } from '../../session/status'
import type { Clock } from '../../platform/platform'
import type { LegacyStatus } from './names'

/** Short breaks are nobody's business. */
const OFFLINE_DELAY_MS = 5000

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
  let told: LegacyStatus = 'offline'

  function say(next: LegacyStatus): void {
    clock.clearTimeout(timer)
    timer = null
    report.status = next
    if (next !== told) tell((told = next))
  }

  function set(next: LegacyStatus): void {
    report.status = next
    if (next === 'online') return say(next)
    if (next === told) return
    if (next === 'offline') timer = timer || clock.setTimeout(() => say(next), OFFLINE_DELAY_MS)
    // Tries come quickly at first: one that fails does not put off what is told about the outage.
    else tell((told = next))
  }

  const report = {
    status: 'offline' as LegacyStatus,
    isAway: false,
    heard(fact: typeof current | null, line?: string) {
      current = fact || current
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
