/**
 * Owns what goes up: which way requests can take now, and the answers they wait for. Version 5 takes JSON-RPC calls;
 * version 4 takes frames over its binary WebSocket or by POST, and answers in the order of the questions.
 */
import type { Answer, ChannelState, Codec, Frame, Outgoing, PublicChannelId } from '../codec/codec'
import { PullError } from '../core/pull-error'
import type { Clock, FetchLike } from '../platform/platform'

/** The way up. `wait`: nothing is connected. `never`: this server, or this client, cannot. */
export type Route =
  | { readonly via: 'rpc'; readonly linkId: number; readonly codec: Codec }
  | { readonly via: 'socket'; readonly linkId: number; readonly codec: Codec }
  | { readonly via: 'post'; readonly url: string; readonly codec: Codec }
  | { readonly via: 'wait' }
  | { readonly via: 'never'; readonly error: PullError }

export interface Uplink {
  readonly route: Route
  /** Called back after everything that may have opened another route. The result stops it. */
  watch(listener: () => void): () => void
  /** One JSON-RPC call. Rejects with `server-refused` (`facts.rpcCode`), `no-answer` or `not-connected`. */
  call(method: string, params: object): Promise<unknown>
  /** A batch: one frame up, an outcome for each. */
  callAll(calls: readonly (readonly [method: string, params: object])[]): readonly Promise<unknown>[]
  /** Version 4: hands messages over. Resolves with whether the server confirmed that it took them. */
  publish(messages: readonly Outgoing[]): Promise<boolean>
  /** Version 4: which channels have a listener. */
  channelStats(channels: readonly PublicChannelId[]): Promise<readonly ChannelState[]>
}

export interface UplinkDeps {
  readonly clock: Clock
  readonly fetch: FetchLike | null
  readonly timeouts: { readonly requestMs: number }
  route(): Route
  send(linkId: number, frame: Frame): boolean
}

/** The session's side. */
export interface UplinkRunner extends Uplink {
  answered(linkId: number, answer: Answer): void
  /** What waits for an answer over this link waits in vain. `refusal`: it ended because of a request. */
  linkEnded(linkId: number, refusal?: PullError): void
  changed(): void
  stop(error: PullError): void
}

interface Waiting {
  /** `null`: answers come in the order of the questions. */
  readonly id: number | null
  readonly linkId: number
  settle(answer: Answer['outcome']): void
  fail(error: PullError): void
}

const NOT_CONNECTED = 'Not connected: try again when the status is connected'

export function createUplink(deps: UplinkDeps): UplinkRunner {
  const { clock } = deps
  const listeners = new Set<() => void>()
  const posts = new Set<AbortController>()
  let waiting: Waiting[] = []
  let lastId = 0
  let stopped: PullError | null = null

  function wait(linkId: number, id: number | null): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clock.clearTimeout(timer)
        waiting = waiting.filter((other) => other !== mine)
      }
      const mine: Waiting = {
        id,
        linkId,
        settle(outcome) {
          leave()
          if ('result' in outcome) resolve(outcome.result)
          else reject(refused(outcome.error.code))
        },
        fail(error) {
          leave()
          reject(error)
        },
      }
      const timer = clock.setTimeout(() => {
        mine.fail(new PullError('no-answer', 'The push server did not answer in time', { retryable: true }))
      }, deps.timeouts.requestMs)
      waiting.push(mine)
    })
  }

  function callAll(calls: readonly (readonly [method: string, params: object])[]): Promise<unknown>[] {
    const route = deps.route()
    if (route.via !== 'rpc' || !route.codec.call) return calls.map(() => Promise.reject(notNow(route)))
    const numbered = calls.map(([method, params]) => ({ id: ++lastId, method, params }))
    const answers = numbered.map(({ id }) => wait(route.linkId, id))
    if (!deps.send(route.linkId, route.codec.call(numbered))) {
      const ids = numbered.map(({ id }) => id)
      failWhere(({ id }) => id !== null && ids.indexOf(id) >= 0)
    }
    return answers
  }

  function failWhere(concerns: (one: Waiting) => boolean, error = notConnected()): void {
    waiting.filter(concerns).forEach((one) => one.fail(error))
  }

  async function post(url: string, body: ArrayBuffer): Promise<ArrayBuffer> {
    if (!deps.fetch) throw new PullError('not-supported', 'Publishing over HTTP needs fetch: see options.platform')
    const abort = new AbortController()
    const late = clock.setTimeout(() => abort.abort(), deps.timeouts.requestMs)
    posts.add(abort)
    let status: number
    try {
      // No Content-Type: the preflight it would cause is refused by these servers.
      const init = {
        method: 'POST',
        body,
        signal: abort.signal,
        credentials: 'same-origin',
        cache: 'no-store',
      } as const
      const response = await deps.fetch(url, init)
      status = response.status
      if (status < 300) return await response.arrayBuffer()
    } catch {
      // Not what was thrown: Node repeats an address it cannot read, and the channels stand in it.
      const message = 'The publish address did not answer: check it, and CORS'
      throw stopped || new PullError('no-answer', message, { retryable: true })
    } finally {
      clock.clearTimeout(late)
      posts.delete(abort)
    }
    throw refused(status)
  }

  /** A socket that is just closing takes nothing: the caller tries again when the route is another. */
  function hand(route: { readonly linkId: number }, frame: Frame): void {
    if (!deps.send(route.linkId, frame)) throw notConnected()
  }

  return {
    get route() {
      return deps.route()
    },
    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    call: (method, params) => callAll([[method, params]])[0] as Promise<unknown>,
    callAll,
    async publish(messages) {
      const route = deps.route()
      if ((route.via !== 'socket' && route.via !== 'post') || !route.codec.publish) throw notNow(route)
      const frame = route.codec.publish(messages)
      if (route.via === 'post') await post(route.url, frame)
      else hand(route, frame)
      return route.via === 'post'
    },
    async channelStats(channels) {
      const route = deps.route()
      if ((route.via !== 'socket' && route.via !== 'post') || !route.codec.channelStats) throw notNow(route)
      const frame = route.codec.channelStats(channels)
      if (route.via === 'socket') {
        hand(route, frame)
        return (await wait(route.linkId, null)) as readonly ChannelState[]
      }
      const answers = route.codec.decode(await post(route.url, frame)).filter(({ type }) => type === 'answer')
      const [first] = answers as Answer[]
      return first && 'result' in first.outcome ? (first.outcome.result as readonly ChannelState[]) : []
    },
    answered(linkId, { id, outcome }) {
      const found = waiting.find((one) => one.id === id && one.linkId === linkId)
      if (found) found.settle(outcome)
    },
    linkEnded: (linkId, refusal) => failWhere((one) => one.linkId === linkId, refusal),
    changed: () => listeners.forEach((listener) => listener()),
    stop(error) {
      stopped = error
      failWhere(() => true, error)
      posts.forEach((abort) => abort.abort())
      listeners.clear()
    },
  }
}

function notNow(route: Route): PullError {
  return route.via === 'never' ? route.error : notConnected()
}

function notConnected(): PullError {
  return new PullError('not-connected', NOT_CONNECTED, { retryable: true })
}

/** The server's own words are not repeated: they may hold anything. */
function refused(code: number): PullError {
  const what = code < 0 ? { rpcCode: code } : { httpStatus: code }
  return new PullError('server-refused', `The push server refused the request (${code})`, {
    retryable: code === -32603 || code >= 500 || code === 429,
    facts: what,
  })
}
