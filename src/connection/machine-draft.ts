/** Owns the small moves the machine is made of: a draft of the next state, and the effects that go with each change. */
import type { LossReason } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'
import type { Effect, Link, MachineOptions, Memory, Moment, Phase, State, Step, TimerName } from './machine-types'
import { NO_LESSONS, hasOwnStream } from './negotiation'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** The next state while it is being decided: copies that may be written to. It lives inside one step only. */
export interface Draft {
  phase: Phase
  memory: Writable<Memory>
  active: Writable<Link> | null
  /** Attempts, and replaced links that are being drained; never the active one. */
  links: Writable<Link>[]
  queue: TransportKind[]
  readonly effects: Effect[]
  readonly moment: Moment
  readonly options: MachineOptions
}

const FRESH: Memory = {
  target: { id: 0, candidates: [] },
  lessons: NO_LESSONS,
  nextLinkId: 1,
  lastAttemptAtMs: -Infinity,
  failures: 0,
  uselessAtMs: [],
  outageSinceMs: null,
  lastLoss: null,
  probeDelayMs: 0,
  lastCheckAtMs: -Infinity,
  hasConnected: false,
  isDoubted: false,
  restartUntilMs: -Infinity,
}

export function draft(state: State, moment: Moment, options: MachineOptions): Draft {
  // Members that a phase does not have are missing: an empty draft stands in for them.
  const members = { memory: FRESH, active: null, links: [], queue: [], ...state }
  const d = { ...members, effects: [], moment, options } as unknown as Draft
  d.memory = { ...d.memory }
  d.active = d.active && { ...d.active }
  d.links = d.links.map((link) => ({ ...link }))
  d.queue = d.queue.slice()
  return d
}

/** A phase without links has empty lists of them: more than its type tells, and never less. */
export function finish({ phase, memory, active, links, queue, effects }: Draft): Step {
  return { state: (phase === 'idle' ? { phase } : { phase, memory, active, links, queue }) as State, effects }
}

/** The link of that id, or `undefined`: late facts of links that are not ours any more change nothing. */
export function linkOf({ active, links }: Draft, linkId: number | null): Writable<Link> | undefined {
  return active && active.id === linkId ? active : links.find((link) => link.id === linkId)
}

export function setTimer(d: Draft, name: TimerName, delayMs: number, linkId: number | null = null): void {
  d.effects.push({ type: 'set-timer', name, linkId, delayMs: Math.max(0, delayMs) })
}

/** Clearing a timer that is not set is no error: the runner knows which are. */
export function clearTimer(d: Draft, name: TimerName, linkId: number | null = null): void {
  d.effects.push({ type: 'clear-timer', name, linkId })
}

/** Milliseconds until the floor between two attempts allows the next one; negative when it does already. */
export function floorMs({ memory, options, moment }: Draft): number {
  return memory.lastAttemptAtMs + options.floorMs - moment.nowMs
}

export function isOwnStream({ memory }: Draft, kind: TransportKind): boolean {
  return kind === 'sse' && hasOwnStream(memory.target.candidates)
}

/** Starts the next candidate of the queue; `false` when there is none. */
export function tryNext(d: Draft): boolean {
  clearTimer(d, 'race')
  const kind = d.queue.shift()
  if (kind === undefined) return false
  openLink(d, kind)
  if (d.queue.length > 0) setTimer(d, 'race', d.options.raceAfterMs)
  return true
}

export function openLink(d: Draft, kind: TransportKind): void {
  const { memory, options } = d
  const { nowMs } = d.moment
  const id = memory.nextLinkId++
  const targetId = memory.target.id
  memory.lastAttemptAtMs = nowMs
  d.links.push({ id, kind, targetId, startedAtMs: nowMs, openedAtMs: null, confirmed: false, useful: false })
  // While another link carries the traffic nothing is missed until now.
  const sinceMs = d.active || memory.outageSinceMs === null ? nowMs : memory.outageSinceMs
  d.effects.push({ type: 'open', linkId: id, kind, sinceMs, isDoubted: d.active !== null && memory.isDoubted })
  setTimer(d, 'deadline', isOwnStream(d, kind) ? options.firstByteMs : options.connectTimeoutMs, id)
}

/** Takes a link out of the draft, with its timers. */
export function dropLink(d: Draft, { id }: Link): void {
  d.links = d.links.filter((other) => other.id !== id)
  if (d.active && d.active.id === id) d.active = null
  const names: TimerName[] = ['deadline', 'useful', 'drain']
  names.forEach((name) => clearTimer(d, name, id))
}

export function closeLink(d: Draft, link: Link, reason: LossReason | 'stopped'): void {
  dropLink(d, link)
  d.effects.push({ type: 'close', linkId: link.id, code: 1000, reason })
}

export function closeAll(d: Draft, reason: LossReason | 'stopped'): void {
  ;[d.active, ...d.links].forEach((link) => link && closeLink(d, link, reason))
}
