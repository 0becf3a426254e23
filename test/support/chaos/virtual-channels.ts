/** Owns the channels that a portal gives one user: ids, ends, successors, and which of them were exchanged. */
import type { VirtualClock } from './virtual-clock'
import type { VirtualServer } from './virtual-server'

export type ChannelName = 'private' | 'shared'
/** How a page learns of it: from the server with or without the successor, or with its next configuration. */
export type Rotation = 'successor' | 'get-config' | 'silently'

export interface Issued {
  readonly id: string
  readonly endAtMs: number
  /** As a configuration names it. */
  readonly raw: object
}

export interface Channels {
  /** The portal renews a channel when it needs it after its end. */
  current(which: ChannelName): Issued
  /** Answers the id that it had. */
  rotate(which: ChannelName, how: Rotation): string
  /** Channels that have successors. */
  readonly exchanged: ReadonlySet<string>
  /** True time at which each was issued. */
  readonly issuedAtMs: ReadonlyMap<string, number>
  /** Random digits. */
  hex(length: number): string
}

export interface ChannelParts {
  readonly clock: VirtualClock
  readonly server: VirtualServer
  readonly random: () => number
  /** How long they are valid. */
  readonly seconds: number
  readonly secrets: string[]
  /** A channel has a successor, and its listeners were told. */
  readonly rotated: (which: ChannelName, old: string) => void
}

export function createChannels({ clock, server, random, seconds, secrets, rotated }: ChannelParts): Channels {
  const channels: Record<ChannelName, Issued | null> = { private: null, shared: null }
  const exchanged = new Set<string>()
  const issuedAtMs = new Map<string, number>()

  function hex(length: number): string {
    let text = ''
    while (text.length < length)
      text += Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return text.slice(0, length)
  }

  function issue(which: ChannelName): Issued {
    const id = hex(32)
    const sign = server.isNode ? hex(40) : ''
    server.allow(id)
    issuedAtMs.set(id, clock.now())
    secrets.push(id)
    if (sign !== '') secrets.push(sign)
    const endAtMs = clock.now() + seconds * 1000
    const full = sign === '' ? id : `${id}.${sign}`
    return { id, endAtMs, raw: { id: full, type: which, start: iso(clock.now()), end: iso(endAtMs) } }
  }

  function rotate(which: ChannelName, how: Rotation): string {
    const old = channels[which]
    const next = issue(which)
    channels[which] = next
    if (old === null) return ''
    const label = { id: old.id, type: which }
    const params =
      how === 'successor'
        ? { action: 'reconnect', channel: label, new_channel: next.raw }
        : { action: 'get_config', channel: label }
    if (how !== 'silently') server.publish(null, [old.id], bodyOf(clock, 'pull', 'channel_expire', params), true)
    exchanged.add(old.id)
    rotated(which, old.id)
    return old.id
  }
  rotate('private', 'silently')
  rotate('shared', 'silently')

  return {
    current(which) {
      if (channels[which]!.endAtMs <= clock.now()) rotate(which, 'successor')
      return channels[which]!
    },
    rotate,
    exchanged,
    issuedAtMs,
    hex,
  }
}

/** A message as the portal publishes it. */
export function bodyOf(clock: VirtualClock, module_id: string, command: string, params: object): string {
  return JSON.stringify({ module_id, command, params, extra: { server_time_unix: clock.now() / 1000 } })
}

/** An instant as a portal writes it. */
export function iso(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}+00:00`
}
