/** Owns rounds: trying the candidates one after the other, giving up, waiting, and what a failed attempt teaches. */
import { type Loss, reactionTo } from '../core/loss'
import { type Draft, clearTimer, closeLink, setTimer, tryNext } from './machine-draft'
import type { Link } from './machine-types'
import { betterThan, isDemoted, learnRefusal, roundOrder, skipReason } from './negotiation'

/** A round: every candidate once, the next one when the first fails or takes too long. */
export function beginRound(d: Draft): void {
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
export function giveUpRound(d: Draft, lost: Loss, wasUseful: boolean): void {
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

export function delayAfter(d: Draft, lost: Loss, wasUseful: boolean): number {
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
export function attemptFailed(d: Draft, link: Link, lost: Loss): void {
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

export function planProbe(d: Draft): void {
  const { active, memory } = d
  if (active && betterThan(memory.target.candidates, active.kind).length > 0) setTimer(d, 'probe', memory.probeDelayMs)
  else clearTimer(d, 'probe')
}
