/**
 * Owns the runner of the connection machine: it carries out effects and turns what happens into events.
 * It decides nothing. Everything it starts is ended by `stop()`.
 */
import { type Loss, loss } from '../core/loss'
import type { TransportKind } from '../core/transport-kind'
import type { Frame } from '../codec/codec'
import type { Clock, Platform } from '../platform/platform'
import type { PollHint } from '../replay/numbering'
import type {
  FrameOutcome,
  Transport,
  TransportAddress,
  TransportFactory,
  TransportTimeouts,
} from '../transport/transport'
import { type ClockWatch, watchClock } from './clock-watch'
import { type Heartbeat, createHeartbeat } from './heartbeat'
import { step } from './machine'
import type { ConnectionEvent, Effect, Hint, MachineOptions, State, Target } from './machine-types'
import { mayBecomeLongPoll } from './negotiation'
import { hintOf } from './page-hints'
import { createTimers } from './timers'

/** What the owner of the messages lends to one link. */
export interface LinkPort {
  /** Bodies of polls are bytes. */
  readonly binary: boolean
  /** What can be read of a poll's body that was cut off. Missing: nothing. */
  readonly wholeOf?: ((text: string) => string) | undefined
  /** A link that is silent for this long is dead; `null` where the server gives no sign of life. */
  readonly silenceMs: number | null
  address(phase: 'first' | 'next'): TransportAddress
  frame(frame: Frame, isPart?: boolean): FrameOutcome
  emptyPoll(hint: PollHint): void
}

/** One line of the timeline: facts for people, no secrets. */
export interface ConnectionRecord {
  readonly what: 'open' | 'opened' | 'lost' | 'close' | 'wait' | 'hint' | 'retarget' | 'renew' | 'start' | 'stop'
  readonly linkId?: number
  readonly transport?: TransportKind
  readonly detail?: string
  readonly code?: number | null
  readonly delayMs?: number
}

/** `isDoubted`: opened beside a link that may be dead. */
export interface OpeningLink {
  readonly id: number
  readonly kind: TransportKind
  readonly sinceMs: number
  readonly isDoubted: boolean
}

export interface ConnectionDeps {
  readonly platform: Platform
  /** Never set back. */
  readonly clock: Clock
  readonly factories: Readonly<Partial<Record<TransportKind, TransportFactory>>>
  readonly options: MachineOptions
  readonly timeouts: TransportTimeouts
  openLink(link: OpeningLink): LinkPort
  /** After every step that changed the state. */
  changed(state: State): void
  /** The queue server refuses the channels: fetch new ones and `retarget`. */
  renew(): void
  record(entry: ConnectionRecord): void
}

export interface Connection {
  start(target: Target, preferred: TransportKind | null): void
  retarget(target: Target): void
  announceRestart(): void
  /** What the page, or somebody who knows better than its signals, says. */
  hint(hint: Hint): void
  /** Hands a frame to a link; `false` when it cannot take one (any more). */
  send(linkId: number, frame: Frame): boolean
  stop(): void
  readonly state: State
}

interface OpenLink {
  readonly kind: TransportKind
  transport: Transport | null
  heartbeat: Heartbeat | null
}

/** Close code of a connection that stopped giving signs of life: the vendor's own. */
const STUCK = 3005

export function createConnection(deps: ConnectionDeps): Connection {
  const { platform, clock, options } = deps
  const timers = createTimers(clock)
  const links = new Map<number, OpenLink>()
  const queue: ConnectionEvent[] = []
  let state: State = { phase: 'idle' }
  let running = false
  let unlisten: (() => void) | null = null
  let clockWatch: ClockWatch | null = null

  function dispatch(event: ConnectionEvent): void {
    queue.push(event)
    if (running) return
    running = true
    try {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const before = state
        const { state: after, effects } = step(state, next, { nowMs: clock.now(), chance: platform.random() }, options)
        state = after
        effects.forEach(run)
        watch(after)
        if (before !== after) deps.changed(after)
      }
    } finally {
      running = false
    }
  }

  /** Something came from outside: a good moment to notice timers that a throttled page has kept waiting. */
  function happened(event: ConnectionEvent): void {
    if (!running) timers.fireOverdue()
    dispatch(event)
  }

  function run(effect: Effect): void {
    switch (effect.type) {
      case 'open':
        return open({ ...effect, id: effect.linkId })
      case 'close':
        return close(effect.linkId, effect.code, effect.reason)
      case 'set-timer': {
        const { name, linkId, delayMs } = effect
        if (name === 'retry') deps.record({ what: 'wait', delayMs: Math.round(delayMs) })
        return timers.set(keyOf(name, linkId), delayMs, () => {
          // What it starts is the one connection after a sleep.
          if (clockWatch) clockWatch.look()
          dispatch({ type: 'timer', name, linkId })
        })
      }
      case 'clear-timer':
        return timers.clear(keyOf(effect.name, effect.linkId))
      case 'clear-timers':
        return timers.clearAll()
      case 'renew':
        deps.record({ what: 'renew' })
        return deps.renew()
      default:
        return effect satisfies never
    }
  }

  function open(opening: OpeningLink): void {
    const { id: linkId, kind } = opening
    const candidates = state.phase === 'idle' ? [] : state.memory.target.candidates
    let carried = false
    const link: OpenLink = { kind, transport: null, heartbeat: null }
    const lost = (found: Loss): void => {
      if (!forget(linkId)) return
      // Browsers hide why a handshake failed, but not that there is no network: then nobody has refused anything.
      const isOffline = found.reason === 'refused' && !!platform.page && platform.page.isOffline
      const reason = isOffline ? loss('network') : found
      deps.record({ what: 'lost', linkId, transport: kind, detail: reason.reason, code: reason.code })
      happened({ type: 'lost', linkId, loss: reason })
    }
    deps.record({ what: 'open', linkId, transport: kind })
    // Known before it reports: a transport may fail inside its own creation.
    links.set(linkId, link)
    try {
      const factory = deps.factories[kind]
      if (!factory) throw new TypeError(`no ${kind} transport`)
      const port = deps.openLink(opening)
      const transport = factory({
        binary: port.binary,
        wholeOf: port.wholeOf,
        clock,
        fetch: platform.fetch,
        webSocket: platform.webSocket,
        timeouts: deps.timeouts,
        mayBecomeLongPoll: mayBecomeLongPoll(candidates, kind),
        address: port.address,
        sink: {
          opened(as, confirmed) {
            deps.record({ what: 'opened', linkId, transport: as, detail: confirmed ? 'confirmed' : 'unconfirmed' })
            // An event stream says how often it gives a sign of life; a poll is answered, or asked again.
            if ((port.silenceMs || as === 'sse') && !link.heartbeat && links.has(linkId)) {
              link.heartbeat = createHeartbeat(clock, port.silenceMs, () => {
                if (link.transport) link.transport.close(STUCK)
                lost(loss('silent'))
              })
            }
            dispatch({ type: 'opened', linkId, kind: as, confirmed })
            // Only now: its own deadline may be overdue where timers wait, and it came all the same.
            timers.fireOverdue()
          },
          frame(frame, isPart) {
            if (link.heartbeat) link.heartbeat.heard()
            const outcome = port.frame(frame, isPart)
            // What was delivered before proves nothing (a proxy that kills every connection lets a replay through, too), unless
            // it brings a replay further: the next one is shorter.
            if (!carried && outcome === 'news') {
              carried = true
              happened({ type: 'carried', linkId })
            }
            return outcome
          },
          alive() {
            if (link.heartbeat) link.heartbeat.beat()
            timers.fireOverdue()
          },
          emptyPoll: port.emptyPoll,
          lost,
        },
      })
      link.transport = transport
    } catch {
      // The constructor refuses: a malformed address, or a page policy that forbids it.
      lost(loss('unsupported'))
    }
  }

  function close(linkId: number, code: number, reason: string): void {
    const link = forget(linkId)
    if (!link) return
    deps.record({ what: 'close', linkId, transport: link.kind, detail: reason })
    link.transport?.close(code)
  }

  /** What is forgotten reports to nobody any more. */
  function forget(linkId: number): OpenLink | undefined {
    const link = links.get(linkId)
    links.delete(linkId)
    if (link && link.heartbeat) link.heartbeat.stop()
    return link
  }

  /** While there is something to keep alive. */
  function watch({ phase }: State): void {
    const isWanted = phase !== 'idle' && phase !== 'suspended'
    if (isWanted === !!clockWatch) return
    if (clockWatch) clockWatch.stop()
    clockWatch = isWanted ? watchClock(clock, isHidden, () => hinted('clock', 'check')) : null
  }

  function isHidden(): boolean {
    return !!platform.page && platform.page.isHidden === true
  }

  function hinted(detail: string, hint: Hint): void {
    deps.record({ what: 'hint', detail })
    happened({ type: 'hint', hint })
  }

  return {
    start(target, preferred) {
      unlisten ??=
        platform.page?.listen((signal) => {
          const hint = hintOf(signal)
          if (clockWatch) clockWatch.look()
          if (hint) hinted(signal, hint)
        }) ?? null
      deps.record({ what: 'start' })
      dispatch({ type: 'start', target, preferred })
    },
    retarget(target) {
      deps.record({ what: 'retarget' })
      dispatch({ type: 'retarget', target })
    },
    send(linkId, frame) {
      const link = links.get(linkId)
      return !!link && !!link.transport && !!link.transport.send && link.transport.send(frame)
    },
    announceRestart: () => dispatch({ type: 'restart-announced' }),
    hint: (hint) => happened({ type: 'hint', hint }),
    stop() {
      if (state.phase === 'idle' && unlisten === null) return
      deps.record({ what: 'stop' })
      unlisten?.()
      unlisten = null
      dispatch({ type: 'stop' })
      timers.clearAll()
    },
    get state() {
      return state
    },
  }
}

function keyOf(name: string, linkId: number | null): string {
  return linkId === null ? name : `${name}:${linkId}`
}
