/**
 * Owns when a configuration is fetched: at the start, before it ends, when the server asks for it; never twice at once,
 * never more often than the floor allows. A pure step from state and event to state; the state says what is to be done.
 */
import type { ConfigReason } from '../config/config'

export interface ConfigState {
  /** `loading`: a request is under way. `planned`: the next one leaves at `dueAtMs`. */
  readonly phase: 'idle' | 'loading' | 'planned'
  readonly reason: ConfigReason
  /** `Infinity`: nothing ends. */
  readonly dueAtMs: number
  /** When the last load began. */
  readonly loadedAtMs: number
  /** In a row. */
  readonly failures: number
  /** Configurations in a row that had ended when they came (a static one, a stale cache). */
  readonly stale: number
}

export type ConfigEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** `renewAtMs`: local instant to fetch again, `null` if it does not end. It is not after now when it has ended already. */
  | { readonly type: 'loaded'; readonly renewAtMs: number | null }
  | { readonly type: 'failed' }
  /** Somebody needs another one, within `withinMs` (spread at random: the same wish reaches every page at once). */
  | { readonly type: 'wanted'; readonly reason: ConfigReason; readonly withinMs: number }
  | { readonly type: 'due' }

export const IDLE: ConfigState = {
  phase: 'idle',
  reason: 'start',
  dueAtMs: Infinity,
  loadedAtMs: 0,
  failures: 0,
  stale: 0,
}

/** No two loads closer than this. */
const FLOOR_MS = 5000

/** Elsewhere an event comes too late, or what it asks for is under way: that is as new as what is wanted. */
const COUNTS_WHILE = { start: 'idle', loaded: 'loading', failed: 'loading', wanted: 'planned', due: 'planned' } as const

export function configStep(state: ConfigState, event: ConfigEvent, nowMs: number, chance: number): ConfigState {
  if (event.type === 'stop') return IDLE
  if (state.phase !== COUNTS_WHILE[event.type]) return state
  switch (event.type) {
    case 'start':
    case 'due':
      return { ...state, phase: 'loading', loadedAtMs: nowMs }
    case 'loaded': {
      const renewAtMs = event.renewAtMs || Infinity
      const stale = renewAtMs > nowMs ? 0 : state.stale + 1
      const dueAtMs = stale
        ? nowMs + doubled(60_000, stale, 3_600_000)
        : Math.max(renewAtMs, state.loadedAtMs + FLOOR_MS)
      return { ...state, phase: 'planned', reason: 'expiring', dueAtMs, failures: 0, stale }
    }
    case 'failed': {
      const failures = state.failures + 1
      const dueAtMs = nowMs + doubled(5000, failures, 60_000) * (1 + 0.25 * chance)
      return { ...state, phase: 'planned', dueAtMs, failures }
    }
    case 'wanted': {
      const dueAtMs = Math.max(nowMs + event.withinMs * chance, state.loadedAtMs + FLOOR_MS)
      // A timer stands still while the machine sleeps: what was due meanwhile may come much later.
      const isOverdue = state.dueAtMs < nowMs
      return isOverdue || dueAtMs < state.dueAtMs ? { ...state, reason: event.reason, dueAtMs } : state
    }
    default:
      return event satisfies never
  }
}

function doubled(firstMs: number, times: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** (times - 1))
}
