/** Owns rounds: trying the candidates one after the other, giving up, waiting, and what a failed attempt teaches. */
import { type Loss, reactionTo } from '../core/loss'
import { type Draft, clearTimer, closeAll, dropLink, floorMs, setTimer, tryNext } from './machine-draft'
import type { Link, Memory } from './machine-types'
import { betterThan, learnRefusal, lastingSkips, roundOrder, skipReason } from './negotiation'

/** Of what opens in vain, so many are begun in a minute. */
export const USELESS_MOST = 6
/** And a second for what handshakes take longer now and then: it is counted where they arrive. */
const MINUTE_MS = 61_000

/** A round: every candidate once, the next one when the first fails or takes too long. */
export function beginRound(d: Draft): void {
  const { memory } = d
  if (floorMs(d) > 0) return wait(d, floorMs(d))
  clearTimer(d, 'retry')
  d.phase = 'connecting'
  memory.lessons = { ...memory.lessons, skipped: lastingSkips(memory.lessons) }
  d.queue = roundOrder(memory.target.candidates, memory.lessons)
  tryNext(d)
}

function wait(d: Draft, delayMs: number): void {
  d.phase = 'waiting'
  d.queue = []
  clearTimer(d, 'race')
  stopClimbing(d)
  setTimer(d, 'retry', delayMs)
}

/** No active link any more: nothing to replace, and nothing to climb up from. */
export function stopClimbing(d: Draft): void {
  clearTimer(d, 'probe')
  clearTimer(d, 'replace')
}

/** Nothing is left to try: count the failure, ask for new channels where those are the cause, wait. */
export function giveUpRound(d: Draft, lost: Loss, wasUseful: boolean): void {
  closeAll(d, 'replaced')
  const { memory } = d
  const failures = wasUseful ? 1 : memory.failures + 1
  memory.failures = failures
  memory.lastLoss = lost
  noticeOutage(d)
  renewIfRefused(d, lost, memory.target.candidates.length === 1)
  wait(d, delayAfter(d, lost, wasUseful, failures))
}

/** What was in use is worth nothing here: the next one is tried at once. */
export function changeTransport(d: Draft, lost: Loss): void {
  d.memory.failures++
  wait(d, soonest(d, lost))
}

export function noticeOutage({ memory, moment }: Draft): void {
  if (memory.outageSinceMs === null) memory.outageSinceMs = moment.nowMs
}

/**
 * Browsers hide why a handshake was refused. Where nothing else is tried to find out, the channels are suspected at the
 * 2nd, 4th, 8th and every 16th failure: a dead server must not turn every page into a stream of configuration requests.
 */
function renewIfRefused({ memory, effects }: Draft, { reason }: Loss, isAlone = true): void {
  const { failures } = memory
  const isSuspect =
    isAlone && reason === 'refused' && failures > 1 && (failures % 16 === 0 || (failures & (failures - 1)) === 0)
  if (isSuspect || reactionTo(reason) === 'renew') effects.push({ type: 'renew' })
}

function delayAfter(d: Draft, lost: Loss, wasUseful: boolean, failures: number): number {
  const { memory, moment, options } = d
  const asked = options.backoff({
    failures,
    code: lost.code,
    reason: isRestarting(d) ? 'server-restart' : lost.reason,
    wasUseful,
    elapsedMs: memory.outageSinceMs === null ? 0 : moment.nowMs - memory.outageSinceMs,
    chance: moment.chance,
  })
  return Math.max(asked >= 0 ? asked : 0, soonest(d, lost))
}

/** A policy is foreign code, and what has just failed may not count: this much lies before the next attempt all the same. */
function soonest(d: Draft, { retryAfterMs }: Loss): number {
  const { uselessAtMs } = d.memory
  // Something on the way kills what opens: that is asked six times a minute at most.
  const sixthAtMs = uselessAtMs[uselessAtMs.length - USELESS_MOST]
  const quietMs = sixthAtMs === undefined ? 0 : Math.min(MINUTE_MS, sixthAtMs + MINUTE_MS - d.moment.nowMs)
  return Math.max(floorMs(d), retryAfterMs || 0, quietMs)
}

/** The server told that it restarts: what is lost now is part of that. */
export function isRestarting({ memory, moment }: Draft): boolean {
  return moment.nowMs < memory.restartUntilMs
}

/** An attempt that never opened is over. */
export function attemptFailed(d: Draft, link: Link, lost: Loss): void {
  const { memory, active } = d
  memory.lessons = learnRefusal(memory.lessons, link.kind, skipReason(lost))
  dropLink(d, link)
  if (!active) {
    // Refused channels are refused everywhere: the other transports would only say the same.
    const isHopeless = reactionTo(lost.reason) === 'renew'
    if (isHopeless || (!tryNext(d) && d.links.length === 0)) giveUpRound(d, lost, false)
  } else if (isOutdated(memory, active) && !isOutdated(memory, link)) {
    successorFailed(d, lost, false)
  } else if (!tryNext(d)) {
    if (memory.isDoubted) stillDoubted(d, link, lost)
    else planProbe(d)
  }
}

/** Nothing has shown that what is open is alive: it is tried to be replaced until something takes over. */
export function stillDoubted(d: Draft, failed: Link, lost: Loss): void {
  const { active, memory } = d
  planProbe(d)
  const isOtherKind = !!active && active.kind !== failed.kind && reactionTo(lost.reason) === 'retry'
  if (!isOtherKind) {
    memory.failures++
    renewIfRefused(d, lost)
  }
  setTimer(d, 'replace', isOtherKind ? floorMs(d) : delayAfter(d, lost, false, memory.failures))
}

/** What is open was opened for an old target, and its successor failed: later again, ever later, with other channels if need be. */
export function successorFailed(d: Draft, lost: Loss, wasUseful: boolean): void {
  const { memory } = d
  memory.failures = wasUseful ? 1 : memory.failures + 1
  renewIfRefused(d, lost)
  setTimer(d, 'replace', delayAfter(d, lost, wasUseful, memory.failures))
}

/** Opened for channels or addresses that have been exchanged since. */
export function isOutdated({ target }: Memory, { targetId }: Link): boolean {
  return targetId !== target.id
}

export function planProbe(d: Draft): void {
  const { active, memory } = d
  if (active && betterThan(memory.target.candidates, active.kind).length > 0) setTimer(d, 'probe', memory.probeDelayMs)
  else clearTimer(d, 'probe')
}
