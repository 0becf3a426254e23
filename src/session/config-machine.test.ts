import { describe, expect, test } from 'vitest'
import { type ConfigEvent, type ConfigState, IDLE, configStep } from './config-machine'

const NOW_MS = 10_000_000
const MINUTE_MS = 60_000

const idle = IDLE
const loading: ConfigState = { ...IDLE, phase: 'loading', loadedAtMs: NOW_MS - 1000 }
const planned: ConfigState = {
  phase: 'planned',
  reason: 'expiring',
  dueAtMs: NOW_MS + 3_600_000,
  loadedAtMs: NOW_MS - MINUTE_MS,
  failures: 0,
  stale: 0,
}

type Deed = { readonly load: string } | { readonly timerMs: number }

function deedOf({ phase, reason, dueAtMs }: ConfigState): Deed {
  return phase === 'loading' ? { load: reason } : { timerMs: dueAtMs - NOW_MS }
}

interface Case {
  readonly name: string
  readonly given: ConfigState
  readonly when: ConfigEvent
  readonly then: Partial<ConfigState> & { phase: ConfigState['phase'] }
  /** What the state asks for. Without it nothing may happen: the state is the very one that was given. */
  readonly does?: Deed
  readonly chance?: number
}

const start: ConfigEvent = { type: 'start' }
const stop: ConfigEvent = { type: 'stop' }
const due: ConfigEvent = { type: 'due' }
const failed: ConfigEvent = { type: 'failed' }
const loaded = (renewAtMs: number | null): ConfigEvent => ({ type: 'loaded', renewAtMs })
const wanted = (withinMs = 0): ConfigEvent => ({ type: 'wanted', reason: 'config-expired', withinMs })
const plan = (delayMs: number): Deed => ({ timerMs: delayMs })
const CANCEL: Deed = { timerMs: Infinity }

/** Every cell is decided: a new phase or event does not compile until it has its row here. */
const TABLE: Record<ConfigState['phase'], Record<ConfigEvent['type'], readonly Case[]>> = {
  idle: {
    start: [
      {
        name: 'loads',
        given: idle,
        when: start,
        then: { phase: 'loading', reason: 'start', loadedAtMs: NOW_MS },
        does: { load: 'start' },
      },
    ],
    stop: [{ name: 'stays', given: idle, when: stop, then: idle, does: CANCEL }],
    loaded: [{ name: 'comes too late', given: idle, when: loaded(null), then: idle }],
    failed: [{ name: 'comes too late', given: idle, when: failed, then: idle }],
    wanted: [{ name: 'nobody is there', given: idle, when: wanted(), then: idle }],
    due: [{ name: 'comes too late', given: idle, when: due, then: idle }],
  },
  loading: {
    start: [{ name: 'is under way', given: loading, when: start, then: loading }],
    stop: [{ name: 'ends', given: loading, when: stop, then: idle, does: CANCEL }],
    loaded: [
      {
        name: 'plans the renewal',
        given: loading,
        when: loaded(NOW_MS + MINUTE_MS),
        then: { phase: 'planned', reason: 'expiring', dueAtMs: NOW_MS + MINUTE_MS, failures: 0, stale: 0 },
        does: plan(MINUTE_MS),
      },
      {
        name: 'not sooner than the floor, however soon the next channel ends',
        given: loading,
        when: loaded(NOW_MS + 500),
        then: { phase: 'planned', dueAtMs: NOW_MS + 4000 },
        does: plan(4000),
      },
      {
        name: 'plans nothing where nothing ends',
        given: loading,
        when: loaded(null),
        then: { phase: 'planned', dueAtMs: Infinity },
        does: CANCEL,
      },
      {
        name: 'what has ended already is asked for again in a minute, for it may be all there is',
        given: loading,
        when: loaded(NOW_MS),
        then: { phase: 'planned', stale: 1 },
        does: plan(MINUTE_MS),
      },
      {
        name: 'and ever more rarely',
        given: { ...loading, stale: 3 },
        when: loaded(NOW_MS - 5),
        then: { phase: 'planned', stale: 4 },
        does: plan(8 * MINUTE_MS),
      },
      {
        name: 'up to an hour',
        given: { ...loading, stale: 50 },
        when: loaded(NOW_MS - 5),
        then: { phase: 'planned', stale: 51 },
        does: plan(60 * MINUTE_MS),
      },
      {
        name: 'a good one ends the row of failures and stale ones',
        given: { ...loading, failures: 7, stale: 7 },
        when: loaded(NOW_MS + MINUTE_MS),
        then: { phase: 'planned', failures: 0, stale: 0 },
        does: plan(MINUTE_MS),
      },
    ],
    failed: [
      { name: 'tries again', given: loading, when: failed, then: { phase: 'planned', failures: 1 }, does: plan(5000) },
      {
        name: 'ever later, with jitter',
        given: { ...loading, failures: 2 },
        when: failed,
        then: { phase: 'planned', failures: 3, reason: 'start' },
        does: plan(20_000 * 1.125),
        chance: 0.5,
      },
      {
        name: 'up to a minute, and never gives up',
        given: { ...loading, failures: 500 },
        when: failed,
        then: { phase: 'planned', failures: 501 },
        does: plan(60_000),
      },
      {
        name: 'plus a quarter by jitter at the most',
        given: { ...loading, failures: 500 },
        when: failed,
        then: { phase: 'planned', failures: 501 },
        does: plan(75_000),
        chance: 1,
      },
    ],
    wanted: [{ name: 'what is on its way is new', given: loading, when: wanted(), then: loading }],
    due: [{ name: 'is under way', given: loading, when: due, then: loading }],
  },
  planned: {
    start: [{ name: 'has started', given: planned, when: start, then: planned }],
    stop: [{ name: 'ends', given: planned, when: stop, then: idle, does: CANCEL }],
    loaded: [{ name: 'an orphan', given: planned, when: loaded(null), then: planned }],
    failed: [{ name: 'an orphan', given: planned, when: failed, then: planned }],
    wanted: [
      {
        name: 'comes first',
        given: planned,
        when: wanted(),
        then: { phase: 'planned', reason: 'config-expired', dueAtMs: NOW_MS },
        does: plan(0),
      },
      {
        name: 'is spread where everybody wants it at once',
        given: planned,
        when: wanted(15_000),
        then: { phase: 'planned', dueAtMs: NOW_MS + 7500 },
        does: plan(7500),
        chance: 0.5,
      },
      {
        name: 'keeps the floor between two loads',
        given: { ...planned, loadedAtMs: NOW_MS - 1000 },
        when: wanted(),
        then: { phase: 'planned', dueAtMs: NOW_MS + 4000 },
        does: plan(4000),
      },
      {
        name: 'does not put off what is due earlier',
        given: { ...planned, dueAtMs: NOW_MS + 10 },
        when: wanted(15_000),
        then: { ...planned, dueAtMs: NOW_MS + 10 },
        chance: 0.5,
      },
      {
        name: 'is not put off by what is overdue: the timer stood still while the machine slept',
        given: { ...planned, dueAtMs: NOW_MS - 1 },
        when: wanted(),
        then: { phase: 'planned', dueAtMs: NOW_MS },
        does: plan(0),
      },
      {
        name: 'wakes up where nothing was planned',
        given: { ...planned, dueAtMs: Infinity },
        when: wanted(),
        then: { phase: 'planned', dueAtMs: NOW_MS },
        does: plan(0),
      },
    ],
    due: [
      {
        name: 'loads',
        given: planned,
        when: due,
        then: { phase: 'loading', reason: 'expiring', loadedAtMs: NOW_MS },
        does: { load: 'expiring' },
      },
    ],
  },
}

describe.each(Object.entries(TABLE))('F3 F5: %s', (phase, row) => {
  describe.each(Object.entries(row))('%s', (type, cases) => {
    test.each(cases)('$name', ({ given, when, then, does, chance = 0 }) => {
      expect([given.phase, when.type]).toEqual([phase, type])
      const state = configStep(given, when, NOW_MS, chance)
      expect(state).toMatchObject(then)
      if (does) expect(deedOf(state)).toEqual(does)
      else expect(state).toBe(given)
    })
  })
})
