/** Owns the small moves the machine is made of: a draft of the next state, and the effects that go with each change. */
import type { LossReason } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'
import type { Effect, Link, MachineOptions, Memory, Moment, Phase, State, Step, TimerName } from './machine-types'
import { NO_LESSONS } from './negotiation'

/** The next state while it is being decided. It lives inside one step only. */
export interface Draft {
  phase: Phase
  memory: Memory
  active: Link | null
  links: Link[]
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
  outageSinceMs: null,
  lastLoss: null,
  probeDelayMs: 0,
  lastCheckAtMs: -Infinity,
  hasConnected: false,
  restartUntilMs: -Infinity,
}

export function draft(state: State, moment: Moment, options: MachineOptions): Draft {
  return {
    phase: state.phase,
    memory: state.phase === 'idle' ? FRESH : state.memory,
    active: state.phase === 'connected' ? state.active : null,
    links: 'links' in state ? state.links.slice() : [],
    queue: 'queue' in state ? state.queue.slice() : [],
    effects: [],
    moment,
    options,
  }
}

export function finish(d: Draft): Step {
  return { state: stateOf(d), effects: d.effects }
}

function stateOf({ phase, memory, active, links, queue }: Draft): State {
  switch (phase) {
    case 'idle':
      return { phase }
    case 'connecting':
      return { phase, memory, links, queue }
    case 'connected':
      if (!active) throw new Error('connected without an active link')
      return { phase, memory, active, links, queue }
    case 'waiting':
    case 'suspended':
      return { phase, memory }
    default:
      return phase satisfies never
  }
}

export function linkOf(d: Draft, linkId: number): Link | null {
  if (d.active?.id === linkId) return d.active
  return d.links.filter((link) => link.id === linkId)[0] ?? null
}

/** Writes what `opened` says into the link; `null` for a link that is not ours any more. */
export function updateLink(d: Draft, told: { linkId: number; kind: TransportKind; confirmed: boolean }): Link | null {
  const link = linkOf(d, told.linkId)
  if (!link) return null
  const { kind, confirmed } = told
  const updated: Link = {
    ...link,
    kind,
    confirmed: link.confirmed || confirmed,
    openedAtMs: link.openedAtMs ?? d.moment.nowMs,
  }
  if (d.active?.id === link.id) d.active = updated
  d.links = d.links.map((other) => (other.id === link.id ? updated : other))
  return updated
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
  const { memory, moment, options } = d
  const id = memory.nextLinkId
  const isOwnStream = kind === 'sse' && memory.target.candidates.some((c) => c.kind === 'sse' && c.ownAddress)
  d.links.push({
    id,
    kind,
    targetId: memory.target.id,
    startedAtMs: moment.nowMs,
    openedAtMs: null,
    confirmed: false,
    useful: false,
  })
  d.memory = { ...memory, nextLinkId: id + 1, lastAttemptAtMs: moment.nowMs }
  // While another link carries the traffic nothing is missed until now.
  const sinceMs = d.active ? moment.nowMs : (memory.outageSinceMs ?? moment.nowMs)
  d.effects.push({ type: 'open', linkId: id, kind, sinceMs })
  setTimer(d, 'deadline', isOwnStream ? options.firstByteMs : options.connectTimeoutMs, id)
}

export function closeLink(d: Draft, link: Link, reason: LossReason | 'stopped'): void {
  d.links = d.links.filter((other) => other.id !== link.id)
  clearTimer(d, 'deadline', link.id)
  clearTimer(d, 'useful', link.id)
  clearTimer(d, 'drain', link.id)
  d.effects.push({ type: 'close', linkId: link.id, code: 1000, reason })
}

export function setTimer(d: Draft, name: TimerName, delayMs: number, linkId: number | null = null): void {
  d.effects.push({ type: 'set-timer', name, linkId, delayMs: Math.max(0, delayMs) })
}

/** Clearing a timer that is not set is no error: the runner knows which are. */
export function clearTimer(d: Draft, name: TimerName, linkId: number | null = null): void {
  d.effects.push({ type: 'clear-timer', name, linkId })
}
