/**
 * Owns the stores of push servers in memory, one model per generation: how messages are numbered, kept, thrown away and
 * found again, and who is refused. Written from recordings, not from src/server.
 */
import type { VirtualClock } from './virtual-clock'

export type Generation = '0.3.4' | '0.5' | '1.0' | '2.0 text' | '2.0 json' | '2.0 binary' | '3.0'
export const GENERATIONS: readonly Generation[] = ['0.3.4', '0.5', '1.0', '2.0 text', '2.0 json', '2.0 binary', '3.0']
export const VERSION_OF = {
  '0.3.4': 1,
  '0.5': 2,
  '1.0': 3,
  '2.0 text': 4,
  '2.0 json': 4,
  '2.0 binary': 4,
  '3.0': 5,
} as const satisfies Record<Generation, number>

/** What differs between servers of one generation: load, cluster, configuration. */
export interface Habits {
  /** Node servers: the store is read so long before the listener of a WebSocket is registered. */
  readonly raceMs: number
  /** Node servers with two publishers: a message becomes visible up to so late, each at its own time. */
  readonly sortMs: number
  /** push-stream: chance that who subscribed between storing and broadcasting gets a message twice. */
  readonly doubles: number
  /** Messages kept per channel. */
  readonly keep: number
}

export interface Stored {
  readonly n: number | null
  readonly channels: readonly string[]
  /** push-stream: counts per channel. Node: the tail of the mid. */
  readonly id: number
  readonly mid: string
  readonly tag: number
  /** Whole seconds. */
  readonly timeAtMs: number
  readonly publishedAtMs: number
  readonly body: string
}

export interface Listener {
  readonly channels: readonly string[]
  push(message: Stored): void
}

export interface Query {
  readonly params: URLSearchParams
  readonly headers: Headers
  readonly kind: 'websocket' | 'sse' | 'long-polling'
}

export interface VirtualServer {
  readonly generation: Generation
  readonly version: number
  readonly isNode: boolean
  readonly habits: Habits
  allow(channel: string): void
  forbid(channel: string): void
  /** A token of version 5. */
  issue(token: string, channels: readonly string[]): void
  /** `isKept` false: delivered to who listens, and not stored. Several channels: push-stream stores a message for each. */
  publish(n: number | null, channels: readonly string[], body: string, isKept: boolean): void
  /** The number it got, of its channel or of all. */
  readonly numberOf: ReadonlyMap<number, number>
  /** The channels that are asked for; `null`: refused. */
  admit(query: Query): readonly string[] | null
  /** What a listener that comes now is sent first. */
  replay(query: Query, channels: readonly string[]): Stored[]
  /** `Last-Message-Id` of an empty poll. */
  newest(query: Query, channels: readonly string[]): string
  listen(listener: Listener): () => void
  /** Nothing is kept any more, and numbering begins anew: under the same prefix where the server itself goes on. */
  forget(isSamePrefix: boolean): void
}

export interface ServerDeps {
  readonly clock: VirtualClock
  readonly random: () => number
  readonly generation: Generation
  readonly habits: Habits
  /** A message is not kept any more. */
  readonly gone: (n: number) => void
}

const ZEROS = '0'.repeat(26)

export function createVirtualServer({ clock, random, generation, habits, gone }: ServerDeps): VirtualServer {
  const version = VERSION_OF[generation]
  const isNode = version > 2
  const allowed = new Set<string>()
  const tokens = new Map<string, readonly string[]>()
  const listeners = new Set<Listener>()
  const ids = new Map<string, number>()
  const numberOf = new Map<number, number>()
  let stored: Stored[] = []
  let prefix = Math.floor(clock.now() / 1000) - 5000
  let counter = 0
  let lastAtMs = 0
  let tag = 0
  /** Counts the stores that were lost. */
  let epoch = 0

  function number(channel: string, nowMs: number): Pick<Stored, 'id' | 'mid' | 'tag' | 'timeAtMs'> {
    const timeAtMs = Math.floor(nowMs / 1000) * 1000
    // Tags count inside one second over all channels.
    const first = version === 1 ? 0 : 1
    tag = timeAtMs === lastAtMs ? tag + 1 : first
    lastAtMs = timeAtMs
    if (isNode) return { id: ++counter, mid: `${prefix}${String(counter).padStart(16, '0')}`, tag, timeAtMs }
    const id = (ids.get(channel) ?? 0) + 1
    ids.set(channel, id)
    return { id, mid: '', tag, timeAtMs }
  }

  function show(message: Stored, isKept: boolean): void {
    if (isKept) {
      stored.push(message)
      for (const channel of message.channels) trim(channel)
    }
    for (const listener of [...listeners])
      if (message.channels.some((channel) => listener.channels.includes(channel))) listener.push(message)
  }

  function trim(channel: string): void {
    const own = stored.filter((each) => each.channels.includes(channel))
    if (own.length > habits.keep) drop((each) => each === own[0])
  }

  function drop(isGone: (message: Stored) => boolean): void {
    const before = stored
    stored = before.filter((each) => !isGone(each))
    for (const each of before) if (each.n !== null && isGone(each) && !isStored(each.n)) gone(each.n)
  }
  const isStored = (n: number): boolean => stored.some((each) => each.n === n)

  return {
    generation,
    version,
    isNode,
    habits,
    numberOf,
    allow: (channel) => void allowed.add(channel),
    forbid: (channel) => void allowed.delete(channel),
    issue: (token, channels) => void tokens.set(token, channels),
    publish(n, channels, body, isKept) {
      const publishedAtMs = clock.now()
      const parts = isNode ? [channels] : channels.map((channel) => [channel])
      for (const part of parts) {
        if (!isNode) allowed.add(part[0]!)
        const message: Stored = { n, channels: part, publishedAtMs, body, ...number(part[0]!, publishedAtMs) }
        const lateMs = isNode ? random() * habits.sortMs : 0
        if (n !== null) numberOf.set(n, message.id)
        const mine = epoch
        if (lateMs < 1) show(message, isKept)
        else clock.after(lateMs, () => (mine === epoch ? show(message, isKept) : n !== null && gone(n)))
      }
    },
    admit({ params }) {
      const channels =
        version === 5 ? tokens.get(params.get('token') ?? '') : (params.get('CHANNEL_ID') ?? '').split('/')
      if (!channels?.every((channel) => allowed.has(idOf(channel)))) return null
      return channels.map(idOf)
    },
    replay(query, channels) {
      const isAfter = after(query)
      if (isAfter === null) return []
      const found = (own: readonly string[]): Stored[] =>
        stored.filter((each) => isAfter(each) && each.channels.some((channel) => own.includes(channel)))
      // push-stream: channel by channel. Node: sorted by mid.
      if (!isNode) return channels.flatMap((channel) => found([channel]))
      return found(channels).sort((a, b) => (a.mid < b.mid ? -1 : 1))
    },
    newest({ params }, channels) {
      const asked = params.get('mid')
      if (asked !== null) return asked
      const mids = stored
        .filter((each) => each.channels.some((channel) => channels.includes(channel)))
        .map(({ mid }) => mid)
      return mids.reduce((most, mid) => (mid > most ? mid : most), '')
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    forget(isSamePrefix) {
      drop(() => true)
      epoch++
      counter = 0
      ids.clear()
      if (!isSamePrefix) prefix = Math.floor(clock.now() / 1000)
      // push-stream knows a channel when something is published to it.
      if (!isNode) allowed.clear()
    },
  }

  /** What a request asks for; `null`: nothing of what is stored. */
  function after({ params, headers, kind }: Query): ((message: Stored) => boolean) | null {
    if (isNode) {
      const mid = params.get('mid')
      // What is malformed counts as absent.
      if (mid === null || mid.length !== ZEROS.length || !/^\d+$/.test(mid)) return null
      return (message) => message.mid > mid
    }
    const asked = Number(params.get('tag') ?? NaN)
    if (version === 1) {
      if (kind === 'websocket') return null
      const atMs = Date.parse(headers.get('If-Modified-Since') ?? '')
      // A poll without a place is answered with everything there is.
      if (isNaN(atMs)) return kind === 'long-polling' ? () => true : null
      const from = kind === 'sse' ? 0 : asked
      return (message) => message.timeAtMs > atMs || (message.timeAtMs === atMs && message.tag > from)
    }
    const atMs = Date.parse(params.get('time') ?? '')
    if (isNaN(asked) || isNaN(atMs)) return null
    return (message) => message.timeAtMs > atMs || (message.timeAtMs === atMs && message.tag > asked)
  }
}

/** Without the signature. */
export function idOf(channel: string): string {
  return channel.split('.')[0]!
}
