/** Owns the links of an open connection: which one is active, who takes over, what is drained, what a loss means. */
import { type Loss, loss, reactionTo } from '../core/loss'
import { type Draft, clearTimer, closeLink, openLink, setTimer, tryNext } from './machine-draft'
import { attemptFailed, delayAfter, giveUpRound, planProbe } from './machine-rounds'
import type { Link, Memory } from './machine-types'
import { betterThan, learnRefusal, learnUseful, learnUseless, rankOf, roundOrder } from './negotiation'

/** The first link of a round opened: what is not better than it is closed, what is better may still come. */
export function connected(d: Draft, link: Link): void {
  d.phase = 'connected'
  d.active = link
  d.links = d.links.filter((other) => other.id !== link.id)
  d.memory = { ...d.memory, hasConnected: true }
  clearTimer(d, 'race')
  settled(d, link)
}

/** Called when the active link opened or changed: closes worse attempts and plans the way up. */
export function settled(d: Draft, link: Link): void {
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

export function probe(d: Draft): void {
  const { active, memory } = d
  if (!active || d.links.some((link) => link.openedAtMs === null)) return planProbe(d)
  d.queue = [...betterThan(memory.target.candidates, active.kind)]
  if (!tryNext(d)) planProbe(d)
}

/** Opens a successor of the active link beside it. */
export function replace(d: Draft): void {
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
export function promote(d: Draft, link: Link): void {
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

export function isBetterOrNewer(d: Draft, link: Link): boolean {
  const { active } = d
  const { candidates } = d.memory.target
  return !active || link.targetId > active.targetId || rankOf(candidates, link.kind) <= rankOf(candidates, active.kind)
}

export function useful(d: Draft, link: Link): void {
  if (link.useful) return
  d.links = d.links.map((other) => (other.id === link.id ? { ...other, useful: true } : other))
  if (d.active?.id !== link.id) return
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

export function activeLost(d: Draft, link: Link, lost: Loss): void {
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
    if (!spare.useful) setTimer(d, 'useful', d.options.usefulAfterMs, spare.id)
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

export function deadlineOver(d: Draft, link: Link): void {
  const isOwnStream = link.kind === 'sse' && d.memory.target.candidates.some((c) => c.kind === 'sse' && c.ownAddress)
  const lost = loss(isOwnStream ? 'buffered' : 'timeout')
  closeLink(d, link, lost.reason as 'buffered' | 'timeout')
  if (d.active?.id === link.id) activeLost(d, link, lost)
  else attemptFailed(d, link, lost)
}

export function suspend(d: Draft): void {
  const all = d.active ? [d.active, ...d.links] : d.links.slice()
  all.forEach((link) => closeLink(d, link, 'stopped'))
  d.effects.push({ type: 'clear-timers' })
  d.memory = { ...d.memory, outageSinceMs: d.memory.outageSinceMs ?? d.moment.nowMs }
  d.active = null
  d.queue = []
  d.phase = 'suspended'
}
