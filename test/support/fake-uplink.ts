/**
 * Owns a way up for tests: it writes down what was handed over and answers as the test says. Routes open and close by
 * `open` and `close`; a deaf one stands, but takes nothing.
 */
import type { ChannelState, Codec, Outgoing, PublicChannelId } from '../../src/codec/codec'
import { PullError } from '../../src/core/pull-error'
import type { Route, Uplink } from '../../src/session/uplink'

export type RpcCall = readonly [method: string, params: Record<string, unknown>]

export interface FakeUplink extends Uplink {
  /** Another connection, and everybody is told. */
  open(via: 'rpc' | 'socket' | 'post'): void
  close(): void
  refuse(error: PullError): void
  /** Tells everybody that something changed. */
  change(): void
  deaf: boolean
  /** What a call comes to; the default is `true` at once. */
  answer: (method: string, params: Record<string, unknown>) => unknown
  /** What handing over a request of version 4 comes to, as long as it takes. */
  taken: () => Promise<unknown>
  online: readonly string[]
  /** Frames of version 5: the calls of each. */
  readonly batches: readonly (readonly RpcCall[])[]
  /** Frames of version 4: the messages of each. */
  readonly requests: readonly (readonly Outgoing[])[]
  readonly stats: readonly (readonly PublicChannelId[])[]
  readonly watchers: number
}

const CODEC: Codec = { decode: () => [] }

export function createFakeUplink(): FakeUplink {
  const listeners = new Set<() => void>()
  const batches: RpcCall[][] = []
  const requests: Outgoing[][] = []
  const stats: PublicChannelId[][] = []
  let linkId = 0
  let route: Route = { via: 'wait' }
  const notConnected = (): PullError => new PullError('not-connected', 'not now', { retryable: true })

  function set(next: Route): void {
    route = next
    fake.change()
  }

  const fake: FakeUplink = {
    get route() {
      return route
    },
    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    call: (method, params) => fake.callAll([[method, params]])[0]!,
    callAll(calls) {
      if (route.via !== 'rpc' || fake.deaf) return calls.map(() => Promise.reject(notConnected()))
      batches.push(calls as RpcCall[])
      return (calls as RpcCall[]).map(async ([method, params]) => fake.answer(method, params))
    },
    async publish(messages) {
      const { via } = route
      if ((via !== 'socket' && via !== 'post') || fake.deaf) throw notConnected()
      requests.push([...messages])
      await fake.taken()
      return via === 'post'
    },
    async channelStats(channels) {
      stats.push([...channels])
      await fake.taken()
      return channels.map(({ id }): ChannelState => ({ id, isOnline: fake.online.includes(id) }))
    },
    open(via) {
      linkId++
      set(via === 'post' ? { via, url: 'https://push.example/rest/', codec: CODEC } : { via, linkId, codec: CODEC })
    },
    close: () => set({ via: 'wait' }),
    refuse: (error) => set({ via: 'never', error }),
    change: () => [...listeners].forEach((listener) => listener()),
    deaf: false,
    answer: () => true,
    taken: () => Promise.resolve(),
    online: [],
    batches,
    requests,
    stats,
    get watchers() {
      return listeners.size
    },
  }
  return fake
}

/** What a promise comes to: its value, or the code of its `PullError`. Nothing is left unhandled. */
export function outcome(promise: Promise<unknown>): { value: unknown; error: PullError | null } {
  const seen: { value: unknown; error: PullError | null } = { value: 'pending', error: null }
  promise.then(
    (value) => (seen.value = value),
    (error: PullError) => {
      seen.error = error
      seen.value = error.code
    },
  )
  return seen
}
