/**
 * Owns what tests of delivery share: clients that are followed, numbered messages, and the comparison of both that
 * tells what is lost, repeated or out of order. Everything waits for facts with a deadline and is closed at the end.
 */
import { expect } from 'vitest'
import {
  PullClient,
  type ChannelsFact,
  type GapFact,
  type PullClientOptions,
  type PullDiagnostics,
  type PullError,
  type PullEvent,
  type StatusFact,
} from '../../src/entry/node'
import { startPullServer, type PullServer, type PullServerOptions } from '../../src/entry/testing'

export type ChannelName = 'private' | 'shared'

export interface FollowOptions extends Partial<PullClientOptions> {
  readonly userId?: number
  /** Codes of `error` events that belong to the test; any other fails it. */
  expectErrors?: readonly string[]
  /** Wait until connected. @default true */
  connected?: boolean
}

export interface Follower {
  readonly client: PullClient
  readonly events: readonly PullEvent[]
  readonly errors: readonly PullError[]
  readonly gaps: readonly GapFact[]
  readonly statuses: readonly { readonly atMs: number; readonly fact: StatusFact }[]
  readonly channels: readonly ChannelsFact[]
  /** When the configuration was asked for. */
  readonly configLoadsAtMs: readonly number[]
  /** What the session has counted; nothing yet is a mistake of the test. */
  counters(): NonNullable<PullDiagnostics['counters']>
  /** Waits for a fact; the error says what it waited for and what the client was doing. */
  until(what: string, fact: () => boolean, withinMs?: number): Promise<void>
  stop(): Promise<void>
}

export interface Scene {
  server(options: PullServerOptions): Promise<PullServer>
  follow(server: PullServer, options?: FollowOptions): Promise<Follower>
  /** Runs at the end, before clients and servers are closed. */
  defer(undo: () => void | Promise<void>): void
}

const CLOSING_MS = 5000

/** Runs one test: whatever it opened is closed, nothing may be left open on the server, nothing may have gone wrong. */
export async function scene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const servers: PullServer[] = []
  const followers: { follower: Follower; expected: readonly string[] }[] = []
  const undos: (() => void | Promise<void>)[] = []
  try {
    await run({
      async server(options) {
        const server = await startPullServer(options)
        servers.push(server)
        return server
      },
      async follow(server, options = {}) {
        const follower = followServer(server, options)
        followers.push({ follower, expected: options.expectErrors ?? [] })
        if (options.connected !== false) await follower.client.start()
        return follower
      },
      defer: (undo) => void undos.push(undo),
    })
    for (const { follower } of followers) await follower.stop()
    for (const server of servers) {
      await waitFor(() => server.connections().length === 0, CLOSING_MS)
      expect(server.connections(), 'connections left open by stopped clients').toEqual([])
    }
    for (const { follower, expected } of followers) {
      const unexpected = follower.errors.filter(({ code }) => !expected.includes(code))
      expect(unexpected.map(({ code, message }) => `${code}: ${message}`)).toEqual([])
    }
  } finally {
    for (const undo of undos.reverse()) await undo()
    for (const { follower } of followers) await follower.stop()
    for (const server of servers) await server.close()
  }
}

function followServer(server: PullServer, options: FollowOptions): Follower {
  const { userId = 1, ...rest } = options
  const clientOptions: Partial<PullClientOptions> & FollowOptions = { ...rest }
  delete clientOptions.expectErrors
  delete clientOptions.connected
  const events: PullEvent[] = []
  const errors: PullError[] = []
  const gaps: GapFact[] = []
  const statuses: { atMs: number; fact: StatusFact }[] = []
  const channels: ChannelsFact[] = []
  const configLoadsAtMs: number[] = []
  const client = new PullClient({
    config: () => {
      configLoadsAtMs.push(Date.now())
      return Promise.resolve(server.config(userId))
    },
    ...clientOptions,
  })
  client.on('*', (event) => void events.push(event))
  client.on('error', (error) => void errors.push(error))
  client.on('gap', (gap) => void gaps.push(gap))
  client.on('channels', (fact) => void channels.push(fact))
  client.on('status', (fact) => void statuses.push({ atMs: Date.now(), fact }))
  return {
    client,
    events,
    errors,
    gaps,
    statuses,
    channels,
    configLoadsAtMs,
    counters() {
      const { counters } = client.diagnostics()
      if (counters === null) throw new Error('The client is not started.')
      return counters
    },
    async until(what, fact, withinMs = 10_000) {
      if (await waitFor(fact, withinMs)) return
      const { timeline, ...report } = client.diagnostics()
      const lines = timeline.slice(-25).map((entry) => JSON.stringify(entry))
      throw new Error(`Not within ${withinMs} ms: ${what}\n${JSON.stringify(report)}\n${lines.join('\n')}`)
    },
    stop: () => client.stop(),
  }
}

/** Whether the fact came true in time. */
export async function waitFor(fact: () => boolean, withinMs: number, everyMs = 5): Promise<boolean> {
  const endAtMs = Date.now() + withinMs
  while (!fact()) {
    if (Date.now() >= endAtMs) return false
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  return true
}

/** Cuts what is open. A long poll is only now and then: it is waited for. Returns how many were cut. */
export async function cut(server: PullServer): Promise<number> {
  let count = 0
  await waitFor(() => (count = server.faults.cut()) > 0, 2000, 1)
  return count
}

export interface Numbered {
  /** Publishes the next number. Without a name the channels take turns. */
  publish(channel?: ChannelName): number
  /** Publishes `count` numbers at a rate, alternating between the channels. */
  run(count: number, perSecond: number): Promise<void>
  readonly count: number
  /**
   * Waits until everything has come, then for one more message on each channel, so that late repeats are seen too, and
   * compares. `order: false` where the server itself was told to swap messages.
   */
  check(follower: Follower, options?: { withinMs?: number; order?: boolean; since?: number }): Promise<void>
}

/** Messages that carry their number. `only`: everything goes to one channel. */
export function numbered(server: PullServer, only?: ChannelName): Numbered {
  /** The channel of each number; number 1 is at index 0. */
  const sent: ChannelName[] = []

  function publish(channel: ChannelName = only ?? (sent.length % 2 === 0 ? 'private' : 'shared')): number {
    sent.push(channel)
    const message = { module_id: 'contract', command: 'number', params: { n: sent.length, channel } }
    server.publish(message, channel === 'shared' ? { shared: true } : { users: [1] })
    return sent.length
  }

  return {
    publish,
    run(count, perSecond) {
      const startedAtMs = Date.now()
      let done = 0
      return new Promise((resolve, reject) => {
        const timer = setInterval(() => {
          const due = Math.min(count, Math.ceil(((Date.now() - startedAtMs) * perSecond) / 1000))
          try {
            for (; done < due; done++) publish()
          } catch (error) {
            clearInterval(timer)
            reject(error as Error)
          }
          if (done < count) return
          clearInterval(timer)
          resolve()
        }, 4)
      })
    },
    get count() {
      return sent.length
    },
    async check(follower, { withinMs = 10_000, order = true, since = 0 } = {}) {
      for (const channel of only === undefined ? (['private', 'shared'] as const) : [only]) publish(channel)
      const wanted = sent.length - since
      const distinct = new Set<number>()
      let read = 0
      const complete = (): boolean => {
        for (; read < follower.events.length; read++) {
          const n = numberOf(follower.events[read]!)
          if (n !== null && n > since) distinct.add(n)
        }
        return distinct.size >= wanted
      }
      await waitFor(complete, withinMs)
      const got = follower.events.map(numberOf).filter((n) => n !== null && n > since) as number[]
      const problems = differences(got, sent, since, order)
      if (problems.length === 0) return
      const { timeline, ...report } = follower.client.diagnostics()
      const lines = timeline.slice(-40).map((entry) => JSON.stringify(entry))
      throw new Error(`${problems.join('\n')}\n${JSON.stringify(report)}\n${lines.join('\n')}`)
    },
  }
}

function numberOf({ module, command, params }: PullEvent): number | null {
  return module === 'contract' && command === 'number' ? (params as { n: number }).n : null
}

/** What is wrong with a delivery, a line for each kind; empty when it is exact. */
export function differences(got: readonly number[], sent: readonly ChannelName[], since = 0, order = true): string[] {
  const times = new Map<number, number>()
  for (const n of got) times.set(n, (times.get(n) ?? 0) + 1)
  const all = sent.map((_, index) => index + 1).filter((n) => n > since)
  const lost = all.filter((n) => !times.has(n))
  const repeated = [...times].filter(([, count]) => count > 1).map(([n]) => n)
  const foreign = [...times.keys()].filter((n) => n > sent.length)
  const late: number[] = []
  const newest: Record<ChannelName, number> = { private: 0, shared: 0 }
  for (const n of got) {
    const channel = sent[n - 1]
    if (channel === undefined) continue
    if (n < newest[channel]) late.push(n)
    newest[channel] = Math.max(newest[channel], n)
  }
  const lines: string[] = []
  const say = (what: string, list: readonly number[]): void => {
    if (list.length > 0) lines.push(`${what} ${list.length} of ${all.length}: ${ranges(list, sent)}`)
  }
  say('lost', lost)
  say('repeated', repeated)
  say('never published', foreign)
  if (order) say('out of order within their channel', late)
  return lines
}

/** `3-7 9p 12s`: runs of numbers; a single one with its channel. */
function ranges(list: readonly number[], sent: readonly ChannelName[]): string {
  const parts: string[] = []
  let from = 0
  const sorted = [...list].sort((a, b) => a - b)
  for (let at = 0; at < sorted.length; at++) {
    if (sorted[at + 1] === sorted[at]! + 1) continue
    const [first, last] = [sorted[from]!, sorted[at]!]
    parts.push(first === last ? `${first}${sent[first - 1]?.[0] ?? '?'}` : `${first}-${last}`)
    from = at + 1
  }
  return parts.length > 30 ? `${parts.slice(0, 30).join(' ')} … (${parts.length} runs)` : parts.join(' ')
}

/** Repeatable randomness for tests (mulberry32): print the seed, and a failure can be had again. */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
