/** Owns the links of an open connection: which one is active, who takes over, what is drained, what a loss means. */
import { type Loss, loss, reactionTo } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'
import {
  type Draft,
  clearTimer,
  closeAll,
  closeLink,
  dropLink,
  floorMs,
  isOwnStream,
  openLink,
  setTimer,
  tryNext,
} from './machine-draft'
import {
  USELESS_MOST,
  attemptFailed,
  changeTransport,
  giveUpRound,
  isOutdated,
  isRestarting,
  noticeOutage,
  planProbe,
  stillDoubted,
  stopClimbing,
  successorFailed,
} from './machine-rounds'
import { betterThan, isDemoted, learnRefusal, learnUseful, learnUseless, rankOf, roundOrder } from './negotiation'

type DraftLink = NonNullable<Draft['active']>

/** A link tells that it stands, or that it stands better than it said. */
export function opened(d: Draft, link: DraftLink, kind: TransportKind, confirmed: boolean): void {
  const { active, memory } = d
  const { candidates } = memory.target
  const isFirstWord = link.openedAtMs === null
  // A stream whose first byte takes so long, while polls are answered, comes in lumps: a proxy collects it.
  const isLate = d.moment.nowMs - link.startedAtMs > d.options.raceAfterMs
  if (isFirstWord && isLate && active && active.confirmed && isOwnStream(d, kind)) return deadlineOver(d, link)
  link.kind = kind
  link.confirmed = link.confirmed || confirmed
  if (isFirstWord) link.openedAtMs = d.moment.nowMs
  if (!active) {
    d.phase = 'connected'
    memory.hasConnected = true
    clearTimer(d, 'race')
    return takeOver(d, link)
  }
  if (link === active) return settle(d, link)
  // A drained link may still tell that it was confirmed; that changes nothing.
  if (!isFirstWord) return
  const isBetterOrNewer = link.targetId > active.targetId || rankOf(candidates, kind) <= rankOf(candidates, active.kind)
  if (isBetterOrNewer) takeOver(d, link)
  else closeLink(d, link, 'replaced')
}

/** The link carries the traffic from now on. The one before is read on until it is drained: nothing falls between them. */
function takeOver(d: Draft, link: DraftLink): void {
  const { active, memory } = d
  d.links = d.links.filter((other) => other !== link)
  d.active = link
  if (active) {
    active.isDoubted = memory.isDoubted
    clearTimer(d, 'useful', active.id)
    clearTimer(d, 'deadline', active.id)
    d.links.push(active)
    setTimer(d, 'drain', d.options.drainMs, active.id)
  }
  memory.isDoubted = false
  if (!isOutdated(memory, link)) clearTimer(d, 'replace')
  settle(d, link)
}

/** The active link opened or changed: attempts that are not better are closed, the way up is planned. */
function settle(d: Draft, link: DraftLink): void {
  const { candidates } = d.memory.target
  if (link.confirmed || link.kind !== 'sse') clearTimer(d, 'deadline', link.id)
  if (link.confirmed) d.queue = []
  if (!link.useful) setTimer(d, 'useful', d.options.usefulAfterMs, link.id)
  d.links
    .filter((other) => other.openedAtMs === null && other.targetId <= link.targetId)
    .filter((other) => rankOf(candidates, other.kind) >= rankOf(candidates, link.kind))
    .forEach((other) => closeLink(d, other, 'replaced'))
  planProbe(d)
}

/** Tries what is better than the transport in use. */
export function probe(d: Draft): void {
  const { active, memory } = d
  if (!active) return
  const isTrying = d.links.some((link) => link.openedAtMs === null)
  if (!isTrying && floorMs(d) > 0) return setTimer(d, 'probe', floorMs(d))
  if (!isTrying) d.queue = betterThan(memory.target.candidates, active.kind)
  if (isTrying || !tryNext(d)) planProbe(d)
}

/** Opens a successor of the active link beside it. */
export function replace(d: Draft): void {
  const { active, memory } = d
  if (!active) return
  if (floorMs(d) > 0) return setTimer(d, 'replace', floorMs(d))
  if (d.links.some((link) => link.openedAtMs === null && !isOutdated(memory, link))) return
  const { candidates } = memory.target
  const isUsable = rankOf(candidates, active.kind) < candidates.length
  const kind = isUsable ? active.kind : roundOrder(candidates, memory.lessons)[0]
  if (kind) openLink(d, kind)
}

/** It carried something, or lived for long enough: what was learnt of failures is over. */
export function useful(d: Draft, link: DraftLink): void {
  const { memory } = d
  if (link.useful) return
  link.useful = true
  if (link !== d.active) return
  clearTimer(d, 'useful', link.id)
  memory.lessons = learnUseful(memory.lessons, link.kind)
  memory.failures = 0
  memory.uselessAtMs = []
  memory.outageSinceMs = null
  const isBest = betterThan(memory.target.candidates, link.kind).length === 0
  if (isBest) memory.probeDelayMs = d.options.probeFirstMs
}

export function lost(d: Draft, link: DraftLink, cause: Loss): void {
  if (link === d.active) return activeLost(d, link, cause)
  if (link.openedAtMs === null) attemptFailed(d, link, cause)
  else dropLink(d, link)
}

export function deadlineOver(d: Draft, link: DraftLink): void {
  const cause = loss(isOwnStream(d, link.kind) ? 'buffered' : 'timeout')
  d.effects.push({ type: 'close', linkId: link.id, code: 1000, reason: cause.reason })
  lost(d, link, cause)
}

function activeLost(d: Draft, link: DraftLink, cause: Loss): void {
  const { memory, options } = d
  const reaction = reactionTo(cause.reason)
  dropLink(d, link)
  memory.lastLoss = cause
  // A restart, refused channels or a full server say nothing about the transport.
  if (!link.useful && reaction === 'retry' && !isRestarting(d)) {
    memory.uselessAtMs = memory.uselessAtMs.concat(link.startedAtMs).slice(-USELESS_MOST)
    memory.lessons =
      cause.reason === 'buffered'
        ? learnRefusal(memory.lessons, link.kind, cause.reason)
        : learnUseless(memory.lessons, link.kind, memory.uselessAtMs.length > 3)
  }
  const spare = d.links
    .filter((other) => other.openedAtMs !== null)
    .sort((a, b) => b.targetId - a.targetId || b.id - a.id)[0]
  if (spare) {
    // What was being drained is alive: it carries on, and the way up is tried again later.
    dropLink(d, spare)
    d.active = spare
    memory.isDoubted = !!spare.isDoubted
    if (!spare.useful) setTimer(d, 'useful', options.usefulAfterMs, spare.id)
    if (isOutdated(memory, spare)) successorFailed(d, cause, link.useful)
    else if (memory.isDoubted) return stillDoubted(d, link, cause)
    return planProbe(d)
  }
  noticeOutage(d)
  memory.isDoubted = false
  const isTrying = d.links.some((other) => other.kind === link.kind && !isOutdated(memory, other))
  if (isTrying && reaction !== 'renew') {
    // Its successor is on its way already: nothing is gained by starting anew.
    d.phase = 'connecting'
    return stopClimbing(d)
  }
  const hasMore = d.links.length > 0 || d.queue.length > 0
  if (!link.useful && !hasMore && isWornOut(d, link.kind) && reaction === 'retry') return changeTransport(d, cause)
  if (link.useful || !hasMore || reaction === 'renew') return giveUpRound(d, cause, link.useful)
  d.phase = 'connecting'
  stopClimbing(d)
  tryNext(d)
}

/** It has just been demoted, and something else may work that was not refused right before. */
function isWornOut({ memory, options }: Draft, kind: TransportKind): boolean {
  const { target, lessons } = memory
  const next = roundOrder(target.candidates, lessons)[0]
  // Not where the server blocks whoever asks faster than its ladder.
  const mayHurry = options.hintFloorMs <= options.floorMs
  const isFresh = !!next && !isDemoted(lessons, next) && !lessons.skipped[next]
  return mayHurry && memory.uselessAtMs.length > 2 && isDemoted(lessons, kind) && isFresh
}

/** Ends everything that is open; what was missed from now on is asked for on return. */
export function suspend(d: Draft): void {
  closeAll(d, 'stopped')
  d.effects.push({ type: 'clear-timers' })
  noticeOutage(d)
  d.queue = []
  d.phase = 'suspended'
}
