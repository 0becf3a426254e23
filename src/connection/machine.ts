/**
 * Owns every decision about keeping one connection alive: a pure step from state and event to state and effects.
 * The table at the end is total: a new phase or event does not compile until every cell is decided.
 */
import { type Loss, loss, reactionTo } from '../core/loss'
import {
  type Draft,
  closeLink,
  clearTimer,
  draft,
  finish,
  linkOf,
  openLink,
  setTimer,
  tryNext,
  updateLink,
} from './machine-draft'
import type { ConnectionEvent, Link, MachineOptions, Memory, Moment, Phase, State, Step } from './machine-types'
import {
  NO_LESSONS,
  betterThan,
  isDemoted,
  learnRefusal,
  learnUseful,
  learnUseless,
  rankOf,
  roundOrder,
  skipReason,
} from './negotiation'

/** Checks of an open connection caused by page hints keep this distance. */
const CHECK_FLOOR_MS = 10_000

export function step(state: State, event: ConnectionEvent, moment: Moment, options: MachineOptions): Step {
  const d = draft(state, moment, options)
  const cell = TABLE[state.phase][event.type] as (d: Draft, event: ConnectionEvent) => void
  cell(d, event)
  return finish(d)
}

/** A round: every candidate once, the next one when the first fails or takes too long. */
function beginRound(d: Draft): void {
  const { memory, options, moment } = d
  const waitMs = memory.lastAttemptAtMs + options.floorMs - moment.nowMs
  if (waitMs > 0) return wait(d, waitMs)
  clearTimer(d, 'retry')
  d.phase = 'connecting'
  // Reasons of an earlier round are history; a demotion lasts until the kind proves itself.
  const { skipped } = memory.lessons
  const lasting = Object.keys(skipped).filter((kind) => isDemoted(memory.lessons, kind as Link['kind']))
  const kept = lasting.reduce((all, kind) => ({ ...all, [kind]: skipped[kind as Link['kind']] }), {})
  d.memory = { ...memory, lessons: { ...memory.lessons, skipped: kept } }
  d.queue = [...roundOrder(memory.target.candidates, memory.lessons)]
  tryNext(d)
}

function wait(d: Draft, delayMs: number): void {
  d.phase = 'waiting'
  d.queue = []
  clearTimer(d, 'race')
  clearTimer(d, 'probe')
  clearTimer(d, 'replace')
  setTimer(d, 'retry', delayMs)
}

/** Nothing is left to try: count the failure, ask for new channels where those are the cause, wait. */
function giveUpRound(d: Draft, lost: Loss, wasUseful: boolean): void {
  d.links.slice().forEach((link) => closeLink(d, link, 'replaced'))
  d.active = null
  const { memory, moment } = d
  const failures = wasUseful ? 1 : memory.failures + 1
  const outageSinceMs = memory.outageSinceMs ?? moment.nowMs
  d.memory = { ...memory, failures, outageSinceMs, lastLoss: lost }
  const { candidates } = memory.target
  // Browsers hide why a handshake was refused. Where nothing else may be tried to find out, the channels are suspected
  // at the 2nd, 4th, 8th, ... failure: a dead server must not turn every page into a stream of configuration requests.
  const suspect =
    candidates.length === 1 && lost.reason === 'refused' && failures > 1 && (failures & (failures - 1)) === 0
  if (reactionTo(lost.reason) === 'renew' || suspect) d.effects.push({ type: 'renew' })
  wait(d, delayAfter(d, lost, wasUseful))
}

function delayAfter(d: Draft, lost: Loss, wasUseful: boolean): number {
  const { memory, moment, options } = d
  const announced = moment.nowMs < memory.restartUntilMs
  const asked = options.backoff({
    failures: memory.failures,
    code: lost.code,
    reason: announced ? 'server-restart' : lost.reason,
    wasUseful,
    elapsedMs: memory.outageSinceMs === null ? 0 : moment.nowMs - memory.outageSinceMs,
    chance: moment.chance,
  })
  // A policy is foreign code: whatever it answers, the floor between two attempts stays.
  const policyMs = asked >= 0 ? asked : 0
  return Math.max(policyMs, lost.retryAfterMs ?? 0, memory.lastAttemptAtMs + options.floorMs - moment.nowMs)
}

/** An attempt that never opened is over. */
function attemptFailed(d: Draft, link: Link, lost: Loss): void {
  const reason = skipReason(lost.reason, lost.code)
  d.memory = { ...d.memory, lessons: learnRefusal(d.memory.lessons, link.kind, reason, d.moment.nowMs) }
  d.links = d.links.filter((other) => other.id !== link.id)
  clearTimer(d, 'deadline', link.id)
  const { active } = d
  if (!active) {
    // Refused channels are refused everywhere: the other transports would only say the same.
    const hopeless = reactionTo(lost.reason) === 'renew'
    if (!hopeless && tryNext(d)) return
    if (hopeless || d.links.length === 0) giveUpRound(d, lost, false)
    return
  }
  if (active.targetId !== d.memory.target.id && link.targetId === d.memory.target.id) {
    if (reactionTo(lost.reason) === 'renew') d.effects.push({ type: 'renew' })
    setTimer(d, 'replace', delayAfter({ ...d, memory: { ...d.memory, failures: d.memory.failures + 2 } }, lost, false))
  } else if (!tryNext(d)) planProbe(d)
}

function deadlineOver(d: Draft, link: Link): void {
  const isOwnStream = link.kind === 'sse' && d.memory.target.candidates.some((c) => c.kind === 'sse' && c.ownAddress)
  const lost = loss(isOwnStream ? 'buffered' : 'timeout')
  closeLink(d, link, lost.reason as 'buffered' | 'timeout')
  if (d.active?.id === link.id) activeLost(d, link, lost)
  else attemptFailed(d, link, lost)
}

/** The first link of a round opened: what is not better than it is closed, what is better may still come. */
function connected(d: Draft, link: Link): void {
  d.phase = 'connected'
  d.active = link
  d.links = d.links.filter((other) => other.id !== link.id)
  d.memory = { ...d.memory, hasConnected: true }
  clearTimer(d, 'race')
  settled(d, link)
}

/** Called when the active link opened or changed: closes worse attempts and plans the way up. */
function settled(d: Draft, link: Link): void {
  const { candidates } = d.memory.target
  if (link.confirmed || link.kind !== 'sse') clearTimer(d, 'deadline', link.id)
  if (link.confirmed) d.queue = []
  if (!link.useful) setTimer(d, 'useful', d.options.usefulAfterMs, link.id)
  const worse = d.links.filter(
    (other) => other.openedAtMs === null && rankOf(candidates, other.kind) >= rankOf(candidates, link.kind),
  )
  worse.forEach((other) => closeLink(d, other, 'replaced'))
  planProbe(d)
}

function planProbe(d: Draft): void {
  const { active, memory } = d
  if (active && betterThan(memory.target.candidates, active.kind).length > 0) setTimer(d, 'probe', memory.probeDelayMs)
  else clearTimer(d, 'probe')
}

function probe(d: Draft): void {
  const { active, memory } = d
  if (!active || d.links.some((link) => link.openedAtMs === null)) return planProbe(d)
  d.queue = [...betterThan(memory.target.candidates, active.kind)]
  if (!tryNext(d)) planProbe(d)
}

/** Opens a successor of the active link beside it. */
function replace(d: Draft): void {
  const { active, memory, options, moment } = d
  if (!active) return
  const waitMs = memory.lastAttemptAtMs + options.floorMs - moment.nowMs
  if (waitMs > 0) return setTimer(d, 'replace', waitMs)
  if (d.links.some((link) => link.openedAtMs === null && link.targetId === memory.target.id)) return
  const { candidates } = memory.target
  const kind =
    rankOf(candidates, active.kind) < candidates.length ? active.kind : roundOrder(candidates, memory.lessons)[0]
  if (kind) openLink(d, kind)
}

/** A successor or a better transport opened: it takes over, the old one is read on until it is drained. */
function promote(d: Draft, link: Link): void {
  const old = d.active
  d.links = d.links.filter((other) => other.id !== link.id)
  d.active = link
  if (old) {
    d.links.push(old)
    clearTimer(d, 'useful', old.id)
    clearTimer(d, 'deadline', old.id)
    setTimer(d, 'drain', d.options.drainMs, old.id)
  }
  if (link.targetId === d.memory.target.id) clearTimer(d, 'replace')
  settled(d, link)
}

function isBetterOrNewer(d: Draft, link: Link): boolean {
  const { active } = d
  const { candidates } = d.memory.target
  return !active || link.targetId > active.targetId || rankOf(candidates, link.kind) <= rankOf(candidates, active.kind)
}

function useful(d: Draft, link: Link): void {
  if (d.active?.id !== link.id || link.useful) return
  clearTimer(d, 'useful', link.id)
  d.active = { ...link, useful: true }
  const atTop = betterThan(d.memory.target.candidates, link.kind).length === 0
  d.memory = {
    ...d.memory,
    lessons: learnUseful(d.memory.lessons, link.kind),
    failures: 0,
    outageSinceMs: null,
    probeDelayMs: atTop ? d.options.probeFirstMs : d.memory.probeDelayMs,
  }
}

function activeLost(d: Draft, link: Link, lost: Loss): void {
  const { moment } = d
  d.active = null
  clearTimer(d, 'useful', link.id)
  clearTimer(d, 'deadline', link.id)
  d.memory = { ...d.memory, lastLoss: lost, lessons: lessonOfLoss(d, link, lost) }
  const spare = d.links
    .filter((other) => other.openedAtMs !== null)
    .sort((a, b) => b.targetId - a.targetId || b.id - a.id)[0]
  if (spare) {
    // What was being drained is alive: it carries on, and the way up is tried again later.
    d.links = d.links.filter((other) => other.id !== spare.id)
    d.active = spare
    clearTimer(d, 'drain', spare.id)
    if (spare.targetId !== d.memory.target.id) setTimer(d, 'replace', delayAfter(d, lost, link.useful))
    return planProbe(d)
  }
  d.memory = { ...d.memory, outageSinceMs: d.memory.outageSinceMs ?? moment.nowMs }
  const attempts = d.links.length > 0 || d.queue.length > 0
  if (!link.useful && attempts && reactionTo(lost.reason) !== 'renew') {
    d.phase = 'connecting'
    clearTimer(d, 'probe')
    clearTimer(d, 'replace')
    tryNext(d)
    return
  }
  giveUpRound(d, lost, link.useful)
}

function lessonOfLoss(d: Draft, link: Link, lost: Loss): Memory['lessons'] {
  const { lessons } = d.memory
  // A restart, refused channels or a full server say nothing about the transport.
  if (link.useful || reactionTo(lost.reason) !== 'retry' || d.moment.nowMs < d.memory.restartUntilMs) return lessons
  if (lost.reason === 'buffered') return learnRefusal(lessons, link.kind, 'buffered', d.moment.nowMs)
  return learnUseless(lessons, link.kind, d.moment.nowMs)
}

function suspend(d: Draft): void {
  const all = d.active ? [d.active, ...d.links] : d.links.slice()
  all.forEach((link) => closeLink(d, link, 'stopped'))
  d.effects.push({ type: 'clear-timers' })
  d.memory = { ...d.memory, outageSinceMs: d.memory.outageSinceMs ?? d.moment.nowMs }
  d.active = null
  d.queue = []
  d.phase = 'suspended'
}

type Of<T extends ConnectionEvent['type']> = Extract<ConnectionEvent, { type: T }>
type Cell<T extends ConnectionEvent['type']> = (d: Draft, event: Of<T>) => void
type Table = { readonly [P in Phase]: { readonly [T in ConnectionEvent['type']]: Cell<T> } }

const ignore = (): void => {}

const stop: Cell<'stop'> = (d) => {
  suspend(d)
  d.phase = 'idle'
}
const announce: Cell<'restart-announced'> = (d) => {
  d.memory = { ...d.memory, restartUntilMs: d.moment.nowMs + 2 * d.options.restartSpreadMs }
}
const adopt: Cell<'retarget'> = (d, { target }) => {
  d.memory = { ...d.memory, target }
}
/** Closes what aims at the old target and has not opened, then makes the new one the target. */
const adoptAndDrop: Cell<'retarget'> = (d, event) => {
  adopt(d, event)
  d.links.filter((link) => link.openedAtMs === null).forEach((link) => closeLink(d, link, 'replaced'))
  d.queue = []
}

const TABLE: Table = {
  idle: {
    start: (d, { target, preferred }) => {
      const { options } = d
      d.memory = { ...d.memory, target, lessons: { ...NO_LESSONS, preferred }, probeDelayMs: options.probeFirstMs }
      beginRound(d)
    },
    stop: ignore,
    retarget: ignore,
    opened: ignore,
    carried: ignore,
    lost: ignore,
    timer: ignore,
    'restart-announced': ignore,
    hint: ignore,
  },
  connecting: {
    start: ignore,
    stop,
    retarget: (d, event) => {
      adoptAndDrop(d, event)
      clearTimer(d, 'race')
      beginRound(d)
    },
    opened: (d, event) => {
      const link = updateLink(d, event)
      if (link) connected(d, link)
    },
    carried: ignore,
    lost: (d, event) => {
      const link = linkOf(d, event.linkId)
      if (link) attemptFailed(d, link, event.loss)
    },
    timer: (d, { name, linkId }) => {
      const link = linkId === null ? null : linkOf(d, linkId)
      if (name === 'race') tryNext(d)
      if (name === 'deadline' && link) deadlineOver(d, link)
    },
    'restart-announced': announce,
    hint: (d, { hint }) => {
      if (hint === 'leave') suspend(d)
    },
  },
  connected: {
    start: ignore,
    stop,
    retarget: (d, event) => {
      adoptAndDrop(d, event)
      replace(d)
    },
    opened: (d, event) => {
      const before = linkOf(d, event.linkId)
      const link = updateLink(d, event)
      if (!link || !before) return
      if (link.id === d.active?.id) return settled(d, link)
      // A drained link may still tell that it was confirmed; that changes nothing.
      if (before.openedAtMs !== null) return
      if (isBetterOrNewer(d, link)) promote(d, link)
      else closeLink(d, link, 'replaced')
    },
    carried: (d, { linkId }) => {
      const link = linkOf(d, linkId)
      if (link) useful(d, link)
    },
    lost: (d, event) => {
      const link = linkOf(d, event.linkId)
      if (!link) return
      if (link.id === d.active?.id) return activeLost(d, link, event.loss)
      if (link.openedAtMs === null) return attemptFailed(d, link, event.loss)
      d.links = d.links.filter((other) => other.id !== link.id)
      clearTimer(d, 'drain', link.id)
    },
    timer: (d, { name, linkId }) => {
      const link = linkId === null ? null : linkOf(d, linkId)
      if (name === 'race') tryNext(d)
      else if (name === 'replace') replace(d)
      else if (name === 'probe') {
        d.memory = { ...d.memory, probeDelayMs: Math.min(d.memory.probeDelayMs * 2, d.options.probeLongestMs) }
        probe(d)
      } else if (link && name === 'useful') useful(d, link)
      else if (link && name === 'deadline') deadlineOver(d, link)
      else if (link && name === 'drain') closeLink(d, link, 'replaced')
    },
    'restart-announced': (d, event) => {
      announce(d, event)
      setTimer(d, 'replace', d.options.restartSpreadMs * d.moment.chance)
    },
    hint: (d, { hint }) => {
      const { active, memory, moment } = d
      if (hint === 'leave') return suspend(d)
      if (!active || hint === 'return' || moment.nowMs - memory.lastCheckAtMs < CHECK_FLOOR_MS) return
      const canImprove = betterThan(memory.target.candidates, active.kind).length > 0
      if (!canImprove && hint === 'retry') return
      d.memory = { ...memory, lastCheckAtMs: moment.nowMs }
      if (canImprove) probe(d)
      else replace(d)
    },
  },
  waiting: {
    start: ignore,
    stop,
    retarget: (d, event) => {
      adopt(d, event)
      beginRound(d)
    },
    opened: ignore,
    carried: ignore,
    lost: ignore,
    timer: (d, { name }) => {
      if (name === 'retry') beginRound(d)
    },
    'restart-announced': announce,
    hint: (d, { hint }) => {
      const { memory, moment, options } = d
      if (hint === 'leave') return suspend(d)
      if (moment.nowMs - memory.lastCheckAtMs < options.hintFloorMs) return
      d.memory = { ...memory, lastCheckAtMs: moment.nowMs }
      beginRound(d)
    },
  },
  suspended: {
    start: ignore,
    stop,
    retarget: adopt,
    opened: ignore,
    carried: ignore,
    lost: ignore,
    timer: ignore,
    'restart-announced': announce,
    hint: (d, { hint }) => {
      if (hint !== 'leave') beginRound(d)
    },
  },
}
