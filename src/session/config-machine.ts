/**
 * Owns when a configuration is fetched: at the start, before it ends, when the server asks for it; never twice at once,
 * never more often than the floor allows. A pure step from state and event to state and effects.
 */
import type { ConfigReason } from '../config/config'

export type ConfigState =
  | { readonly phase: 'idle' }
  | {
      readonly phase: 'loading'
      readonly reason: ConfigReason
      readonly loadedAtMs: number
      readonly failures: number
      readonly stale: number
    }
  /** The next load is planned at `dueAtMs`, or not at all (`null`: nothing ends). */
  | {
      readonly phase: 'planned'
      readonly reason: ConfigReason
      readonly dueAtMs: number | null
      readonly loadedAtMs: number
      readonly failures: number
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

export type ConfigEffect =
  | { readonly type: 'load'; readonly reason: ConfigReason }
  | { readonly type: 'plan'; readonly delayMs: number }
  | { readonly type: 'cancel' }

export interface ConfigStep {
  readonly state: ConfigState
  readonly effects: readonly ConfigEffect[]
}

export interface ConfigOptions {
  /** No two loads closer than this. */
  readonly floorMs: number
  readonly retryFirstMs: number
  readonly retryLongestMs: number
  /** First delay after a configuration that had already ended when it came (a static one, a stale cache). */
  readonly staleFirstMs: number
  readonly staleLongestMs: number
}

export const CONFIG_OPTIONS: ConfigOptions = {
  floorMs: 5000,
  retryFirstMs: 5000,
  retryLongestMs: 60_000,
  staleFirstMs: 60_000,
  staleLongestMs: 3_600_000,
}

type Moment = { readonly nowMs: number; readonly chance: number }

export function configStep(state: ConfigState, event: ConfigEvent, moment: Moment, options: ConfigOptions): ConfigStep {
  if (event.type === 'stop') return { state: { phase: 'idle' }, effects: [{ type: 'cancel' }] }
  switch (state.phase) {
    case 'idle':
      if (event.type !== 'start') return { state, effects: [] }
      return load({ reason: 'start', failures: 0, stale: 0 }, moment)
    case 'loading':
      return whileLoading(state, event, moment, options)
    case 'planned':
      return whilePlanned(state, event, moment, options)
    default:
      return state satisfies never
  }
}

function whileLoading(
  state: Extract<ConfigState, { phase: 'loading' }>,
  event: ConfigEvent,
  { nowMs, chance }: Moment,
  options: ConfigOptions,
): ConfigStep {
  switch (event.type) {
    case 'loaded': {
      const { renewAtMs } = event
      const ended = renewAtMs !== null && renewAtMs <= nowMs
      const stale = ended ? state.stale + 1 : 0
      const dueAtMs = ended ? nowMs + doubled(options.staleFirstMs, stale, options.staleLongestMs) : renewAtMs
      return plan({ ...state, phase: 'planned', reason: 'expiring', dueAtMs, failures: 0, stale }, nowMs)
    }
    case 'failed': {
      const failures = state.failures + 1
      const delayMs = doubled(options.retryFirstMs, failures, options.retryLongestMs) * (1 + 0.25 * chance)
      return plan({ ...state, phase: 'planned', dueAtMs: nowMs + delayMs, failures }, nowMs)
    }
    // What is on its way is as new as what is wanted.
    case 'wanted':
    case 'start':
    case 'due':
    case 'stop':
      return { state, effects: [] }
    default:
      return event satisfies never
  }
}

function whilePlanned(
  state: Extract<ConfigState, { phase: 'planned' }>,
  event: ConfigEvent,
  moment: Moment,
  options: ConfigOptions,
): ConfigStep {
  switch (event.type) {
    case 'due':
      return load(state, moment)
    case 'wanted': {
      const { nowMs, chance } = moment
      const dueAtMs = Math.max(nowMs + event.withinMs * chance, state.loadedAtMs + options.floorMs)
      if (state.dueAtMs !== null && state.dueAtMs <= dueAtMs) return { state, effects: [] }
      return plan({ ...state, reason: event.reason, dueAtMs }, nowMs)
    }
    case 'loaded':
    case 'failed':
    case 'start':
    case 'stop':
      return { state, effects: [] }
    default:
      return event satisfies never
  }
}

function load(state: { reason: ConfigReason; failures: number; stale: number }, { nowMs }: Moment): ConfigStep {
  const { reason, failures, stale } = state
  return {
    state: { phase: 'loading', reason, loadedAtMs: nowMs, failures, stale },
    effects: [{ type: 'cancel' }, { type: 'load', reason }],
  }
}

function plan(state: Extract<ConfigState, { phase: 'planned' }>, nowMs: number): ConfigStep {
  const { dueAtMs } = state
  return {
    state,
    effects: dueAtMs === null ? [{ type: 'cancel' }] : [{ type: 'plan', delayMs: Math.max(0, dueAtMs - nowMs) }],
  }
}

function doubled(firstMs: number, times: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** (times - 1))
}
