/**
 * Owns every decision about keeping one connection alive: a pure step from state and event to state and effects.
 * The table at the end is total: a new phase or event does not compile until every cell is decided.
 */
import { reactionTo } from '../core/loss'
import {
  type Draft,
  clearTimer,
  closeLink,
  draft,
  finish,
  linkOf,
  setTimer,
  tryNext,
  updateLink,
} from './machine-draft'
import {
  activeLost,
  connected,
  deadlineOver,
  isBetterOrNewer,
  probe,
  promote,
  replace,
  settled,
  suspend,
  useful,
} from './machine-links'
import { attemptFailed, beginRound } from './machine-rounds'
import type { ConnectionEvent, MachineOptions, Moment, Phase, State, Step } from './machine-types'
import { NO_LESSONS, betterThan } from './negotiation'

/** Checks of an open connection caused by page hints keep this distance. */
const CHECK_FLOOR_MS = 10_000

export function step(state: State, event: ConnectionEvent, moment: Moment, options: MachineOptions): Step {
  const d = draft(state, moment, options)
  const cell = TABLE[state.phase][event.type] as (d: Draft, event: ConnectionEvent) => void
  cell(d, event)
  return finish(d)
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
      // A full server asked us to stay away: a page hint is no reason to come back earlier.
      const sentAway = memory.lastLoss !== null && reactionTo(memory.lastLoss.reason) === 'back-off'
      if (sentAway || moment.nowMs - memory.lastCheckAtMs < options.hintFloorMs) return
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
