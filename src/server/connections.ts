/**
 * Owns the open connections: who listens to which channel, how a message reaches them (doubled, swapped or late if the
 * faults say so), and how they end. It knows nothing of WebSockets or HTTP: a connection is a few functions.
 */
import { disturb, valueFor, type Disorder, type FaultSettings } from './faults'
import type { ConnectionKind, Delivery, Framing } from './generations/generation'
import type { Stored } from './hub'

/** What a runner offers for one connection. */
export interface Pipe {
  readonly kind: ConnectionKind
  readonly channels: readonly string[]
  readonly limited: readonly string[]
  readonly framing: Framing
  send(message: Stored): void
  /** Ends as the server does on its own accord: close frame (without a code if null), last chunk, 304. */
  end(code: number | null, reason: string): void
  /** Ends because too many connections share a channel. */
  evict(): void
  /** Drops the TCP connection. */
  destroy(): void
  /** Stops or resumes reading and answering. */
  pause(paused: boolean): void
}

export interface ConnectionInfo {
  readonly id: number
  readonly kind: ConnectionKind
  /** Owner of the first private channel, where the portal knows it. */
  readonly userId?: number
  readonly openedAtMs: number
}

export interface Membership {
  leave(): void
  /** One channel more; hearing one already changes nothing. */
  listen(channel: string): void
  unlisten(channel: string): void
}

export interface Connections {
  /** Starts delivering to a pipe. */
  add(pipe: Pipe): Membership
  deliver(deliveries: readonly Delivery[]): void
  /** A channel is gone: its listeners get the farewell, and those without another channel end. */
  remove(farewell: Delivery): void
  cut(kind: ConnectionKind | null, graceful: boolean, code: number): number
  stall(kind: ConnectionKind | null, forMs: number | null): number
  list(): ConnectionInfo[]
}

export interface ConnectionsDeps {
  readonly faults: () => Readonly<FaultSettings>
  readonly connectionLimit: number
  readonly ownerOf: (channels: readonly string[]) => number | undefined
  readonly nowMs: () => number
  readonly counted: (channel: string, by: 1 | -1) => void
  /** A connection of a known user was added or is gone. */
  readonly came: (userId: number) => void
  readonly went: (userId: number) => void
}

interface Member {
  readonly info: ConnectionInfo
  readonly pipe: Pipe
  channels: readonly string[]
  stalled: boolean
  gone: boolean
  disorder: Disorder<Stored>
  readonly timers: Set<NodeJS.Timeout>
}

const HOLD_MS = 50

export function createConnections(deps: ConnectionsDeps): Connections {
  const members = new Set<Member>()
  /** Listeners by channel; one that listed a channel twice is in there twice. */
  const byChannel = new Map<string, Member[]>()
  const limited = new Map<string, Member[]>()
  let lastId = 0

  function add(pipe: Pipe): Membership {
    lastId += 1
    const userId = deps.ownerOf(pipe.channels)
    const openedAtMs = deps.nowMs()
    const info: ConnectionInfo = {
      id: lastId,
      kind: pipe.kind,
      ...(userId === undefined ? {} : { userId }),
      openedAtMs,
    }
    const member: Member = {
      info,
      pipe,
      channels: pipe.channels,
      stalled: false,
      gone: false,
      disorder: { seed: (deps.faults().seed ?? 1) + lastId, held: null },
      timers: new Set(),
    }
    members.add(member)
    for (const channel of pipe.channels) {
      push(byChannel, channel, member)
      deps.counted(channel, 1)
    }
    for (const channel of pipe.limited) {
      push(limited, channel, member)
      const list = limited.get(channel)!
      const oldest = list[0]!
      if (list.length > deps.connectionLimit) {
        // Out of the count at once: its socket takes a while to close, and the next one must not hit it again.
        pull(limited, channel, oldest)
        oldest.pipe.evict()
      }
    }
    const closeAfterMs = valueFor(deps.faults().closeAfterMs, pipe.kind)
    if (closeAfterMs > 0) after(member, closeAfterMs, () => pipe.destroy())
    if (userId !== undefined) deps.came(userId)
    return {
      leave: () => drop(member),
      listen(channel) {
        if (member.gone || member.channels.includes(channel)) return
        member.channels = [...member.channels, channel]
        push(byChannel, channel, member)
        deps.counted(channel, 1)
      },
      unlisten(channel) {
        if (member.gone || !member.channels.includes(channel)) return
        member.channels = member.channels.filter((each) => each !== channel)
        leave(member, channel)
      },
    }
  }

  function drop(member: Member): void {
    if (member.gone) return
    member.gone = true
    members.delete(member)
    for (const channel of member.channels) leave(member, channel)
    for (const channel of member.pipe.limited) pull(limited, channel, member)
    for (const timer of member.timers) clearTimeout(timer)
    member.timers.clear()
    if (member.info.userId !== undefined) deps.went(member.info.userId)
  }

  function leave(member: Member, channel: string): void {
    pull(byChannel, channel, member)
    deps.counted(channel, -1)
  }

  function deliver(deliveries: readonly Delivery[]): void {
    for (const { channel, message } of deliveries) {
      // A copy: a long poll leaves the list when it is answered.
      const listeners = [...(byChannel.get(channel) ?? [])]
      const spoiled = listeners.some(({ pipe }) => pipe.framing === 'text')
      for (const member of listeners) {
        route(member, spoiled && member.pipe.framing === 'binary' ? { ...message, spoiled } : message)
      }
    }
  }

  function route(member: Member, message: Stored): void {
    if (member.gone || member.stalled) return
    const faults = deps.faults()
    const duplicate = valueFor(faults.duplicate, member.pipe.kind)
    const reorder = valueFor(faults.reorder, member.pipe.kind)
    if (duplicate === 0 && reorder === 0 && member.disorder.held === null) {
      write(member, message)
      return
    }
    const decided = disturb(member.disorder, message, { duplicate, reorder })
    member.disorder = decided.state
    for (const each of decided.out) write(member, each)
    if (decided.state.held !== null) {
      after(member, HOLD_MS, () => {
        const held = member.disorder.held
        if (held === null) return
        member.disorder = { ...member.disorder, held: null }
        write(member, held)
      })
    }
  }

  function write(member: Member, message: Stored): void {
    const slowMs = valueFor(deps.faults().slowMs, member.pipe.kind)
    if (slowMs === 0) {
      if (!member.gone) member.pipe.send(message)
    } else {
      // Equal delays keep their order: Node runs timers of one duration in the order they were set.
      after(member, slowMs, () => {
        if (!member.stalled) member.pipe.send(message)
      })
    }
  }

  function after(member: Member, ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      member.timers.delete(timer)
      if (!member.gone) run()
    }, ms)
    member.timers.add(timer)
  }

  return {
    add,
    deliver,
    remove(farewell) {
      for (const member of [...(byChannel.get(farewell.channel) ?? [])]) {
        if (member.gone) continue
        member.channels = member.channels.filter((channel) => channel !== farewell.channel)
        pull(byChannel, farewell.channel, member)
        if (member.stalled) continue
        member.pipe.send(farewell.message)
        if (member.channels.length === 0 && !member.gone) member.pipe.end(null, '')
      }
    },
    cut(kind, graceful, code) {
      const chosen = [...members].filter((member) => kind === null || member.pipe.kind === kind)
      for (const member of chosen) {
        if (graceful && !member.stalled) member.pipe.end(code, '')
        else member.pipe.destroy()
        drop(member)
      }
      return chosen.length
    },
    stall(kind, forMs) {
      const chosen = [...members].filter((member) => kind === null || member.pipe.kind === kind)
      for (const member of chosen) {
        member.stalled = true
        member.pipe.pause(true)
        if (forMs !== null) {
          after(member, forMs, () => {
            member.stalled = false
            member.pipe.pause(false)
          })
        }
      }
      return chosen.length
    },
    list: () => [...members].map((member) => member.info),
  }
}

function push(map: Map<string, Member[]>, key: string, member: Member): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [member])
  else list.push(member)
}

function pull(map: Map<string, Member[]>, key: string, member: Member): void {
  const list = map.get(key)
  if (list === undefined) return
  const rest = list.filter((each) => each !== member)
  if (rest.length === 0) map.delete(key)
  else map.set(key, rest)
}
