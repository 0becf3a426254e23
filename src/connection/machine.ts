/**
 * Owns every decision about keeping one connection alive: a pure step from state and event to state and effects.
 * machine-rounds has the attempts, machine-links what is open. Phases without links ignore facts of links by themselves.
 */
import { reactionTo } from '../core/loss'
import { type Draft, clearTimer, closeAll, closeLink, draft, finish, linkOf, setTimer, tryNext } from './machine-draft'
import { deadlineOver, lost, opened, probe, replace, suspend, useful } from './machine-links'
import { beginRound } from './machine-rounds'
import type { ConnectionEvent, Hint, MachineOptions, Moment, State, Step, Target, TimerName } from './machine-types'
import { betterThan } from './negotiation'

/** Checks of an open connection caused by page hints keep this distance. */
const CHECK_FLOOR_MS = 3000
/** An attempt that is younger than this is left alone: the signals of a page come together. */
const HUNG_MS = 1000

export function step(state: State, event: ConnectionEvent, moment: Moment, options: MachineOptions): Step {
  const d = draft(state, moment, options)
  decide(d, event)
  return finish(d)
}

function decide(d: Draft, event: ConnectionEvent): void {
  const { memory, options, moment } = d
  const link = 'linkId' in event ? linkOf(d, event.linkId) : undefined
  if (d.phase === 'idle') {
    if (event.type !== 'start') return
    memory.target = event.target
    memory.lessons = { ...memory.lessons, preferred: event.preferred }
    memory.probeDelayMs = options.probeFirstMs
    return beginRound(d)
  }
  switch (event.type) {
    case 'start':
      return
    case 'stop':
      suspend(d)
      d.phase = 'idle'
      return
    case 'retarget':
      return retarget(d, event.target)
    case 'opened':
      if (link) opened(d, link, event.kind, event.confirmed)
      return
    case 'carried':
      if (link) useful(d, link)
      return
    case 'lost':
      if (link) lost(d, link, event.loss)
      return
    case 'timer':
      return timerFired(d, event.name, link)
    case 'restart-announced':
      memory.restartUntilMs = moment.nowMs + 2 * options.restartSpreadMs
      if (d.active) setTimer(d, 'replace', options.restartSpreadMs * moment.chance)
      return
    case 'hint':
      return hinted(d, event.hint)
    default:
      return event satisfies never
  }
}

/** What aims at the old target and has not opened is closed; what is open stays until its successor is. */
function retarget(d: Draft, target: Target): void {
  d.memory.target = target
  d.queue = []
  d.links.filter((link) => link.openedAtMs === null).forEach((link) => closeLink(d, link, 'replaced'))
  if (d.active) return replace(d)
  clearTimer(d, 'race')
  // A server that blocks clients who ask faster than its ladder does so whatever they have learnt meanwhile.
  const mayHurry = d.options.hintFloorMs <= d.options.floorMs
  if (d.phase === 'connecting' || (d.phase === 'waiting' && mayHurry)) beginRound(d)
}

function timerFired(d: Draft, name: TimerName, link: ReturnType<typeof linkOf>): void {
  const { memory, options } = d
  switch (name) {
    case 'retry':
      if (d.phase === 'waiting') beginRound(d)
      return
    case 'race':
      tryNext(d)
      return
    case 'probe':
      memory.probeDelayMs = Math.min(memory.probeDelayMs * 2, options.probeLongestMs)
      return probe(d)
    case 'replace':
      return replace(d)
    case 'useful':
      if (link) useful(d, link)
      return
    case 'deadline':
      if (link) deadlineOver(d, link)
      return
    case 'drain':
      // Until the server has answered its successor, what is open may be all there is.
      if (link && d.active && !d.active.confirmed) setTimer(d, 'drain', options.drainMs, link.id)
      else if (link) closeLink(d, link, 'replaced')
      return
    default:
      return name satisfies never
  }
}

function hinted(d: Draft, hint: Hint): void {
  const { active, memory, moment, options, phase } = d
  if (hint === 'leave') {
    if (phase !== 'suspended') suspend(d)
    return
  }
  if (phase === 'suspended') return beginRound(d)
  if (phase === 'connecting') {
    // What was begun on another network, or before a sleep, may hang until its deadline.
    const isHung = d.links.length > 0 && d.links.every(({ startedAtMs }) => moment.nowMs - startedAtMs > HUNG_MS)
    if (hint !== 'check' || !isHung) return
    closeAll(d, 'replaced')
    return beginRound(d)
  }
  if (active && hint === 'return') return
  const canImprove = active !== null && betterThan(memory.target.candidates, active.kind).length > 0
  if (active && !canImprove && hint === 'retry') return
  // A full server asked us to stay away, or one told for how long: a page hint is no reason to come back earlier.
  const { lastLoss } = memory
  const isAsked = lastLoss !== null && (lastLoss.retryAfterMs !== null || reactionTo(lastLoss.reason) === 'back-off')
  const isSentAway = !active && isAsked
  if (isSentAway || Math.abs(moment.nowMs - memory.lastCheckAtMs) < (active ? CHECK_FLOOR_MS : options.hintFloorMs))
    return
  memory.lastCheckAtMs = moment.nowMs
  if (hint === 'check' && active) memory.isDoubted = true
  if (canImprove) probe(d)
  else if (active) replace(d)
  else beginRound(d)
}
