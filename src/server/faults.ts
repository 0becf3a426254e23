/**
 * Owns the decisions about things going wrong on purpose: which request is refused, hung or buffered, which message is
 * doubled or swapped. Pure: settings and a seed in, a decision and the next seed out.
 */
import type { ConnectionKind } from './generations/generation'

/** One value for all transports, or one per transport. */
export type PerKind<T> = T | { readonly [Kind in ConnectionKind]?: T }

export interface FaultSettings {
  /** Refuse WebSocket handshakes with this HTTP status. */
  upgradeStatus?: number | undefined
  /** Accept the TCP connection of a WebSocket handshake and never answer. */
  upgradeHang?: boolean | undefined
  /** A proxy that forwards no Upgrade header: the handshake becomes a plain GET, on Node servers a long poll. */
  upgradeStripped?: boolean | undefined
  /** Event-stream requests: never answer, behave as a proxy that buffers 4 KB, or refuse with a status. */
  sse?: 'hang' | 'buffer' | number | undefined
  /** Long polls: never answer, or refuse with a status. */
  poll?: 'hang' | number | undefined
  /** `pull.config.get`: status, a body of any kind, a delay in milliseconds, or no answer at all. */
  config?: { status?: number; body?: string; delayMs?: number; hang?: boolean } | undefined
  /** Calls to the portal (REST, controller actions, PHP polling), all or one by its name: status and body, `times` times. */
  rest?: { method?: string; status: number; body?: string; times?: number } | undefined
  /** The sessions ended: from now on POSTs to the portal must bring this session id. */
  sessid?: string | undefined
  /** Publishing over HTTP: refuse with this status. */
  publishStatus?: number | undefined
  /** Milliseconds after which a connection is cut without a close frame. */
  closeAfterMs?: PerKind<number> | undefined
  /** WebSocket frames, SSE messages or chunks of a long-poll body after which the connection is cut, replays included. */
  closeAfterFrames?: PerKind<number> | undefined
  /** Messages at the end of a replay that come again as live ones; push-stream does this by itself now and then. */
  replayEcho?: PerKind<number> | undefined
  /** Version 5: no bare pings any more, as from a server that hangs; connections stay open. */
  rpcSilent?: boolean | undefined
  /** Probability (0 to 1) that a live message is delivered twice in a row. */
  duplicate?: PerKind<number> | undefined
  /** Probability (0 to 1) that a live message is delivered after the next one (or 50 ms later). */
  reorder?: PerKind<number> | undefined
  /** Milliseconds by which everything sent to a connection is late. */
  slowMs?: PerKind<number> | undefined
  /** Milliseconds between reading the history and listening: what is published in between reaches nobody (Node servers). */
  listenDelayMs?: number | undefined
  /** Seed of `duplicate` and `reorder`. @default 1 */
  seed?: number | undefined
  /** How many requests are still refused, hung or buffered before the server behaves again. @default unlimited */
  times?: number | undefined
}

export type RequestKind = ConnectionKind | 'config' | 'publish'

export type RequestFault =
  | { readonly type: 'none' }
  | { readonly type: 'hang' }
  | { readonly type: 'buffer' }
  | { readonly type: 'strip' }
  | { readonly type: 'answer'; readonly status: number; readonly body: string | null }

const NONE: RequestFault = { type: 'none' }
const HANG: RequestFault = { type: 'hang' }

/** What befalls one request. `config.delayMs` is apart: it may come with a good answer. */
export function requestFault(settings: FaultSettings, kind: RequestKind): RequestFault {
  if (settings.times !== undefined && settings.times <= 0) return NONE
  switch (kind) {
    case 'websocket':
      if (settings.upgradeHang === true) return HANG
      if (settings.upgradeStripped === true) return { type: 'strip' }
      return settings.upgradeStatus === undefined ? NONE : refusal(settings.upgradeStatus)
    case 'sse':
      if (settings.sse === undefined) return NONE
      if (typeof settings.sse === 'number') return refusal(settings.sse)
      return settings.sse === 'hang' ? HANG : { type: 'buffer' }
    case 'long-polling':
      if (settings.poll === undefined) return NONE
      return settings.poll === 'hang' ? HANG : refusal(settings.poll)
    case 'publish':
      return settings.publishStatus === undefined ? NONE : refusal(settings.publishStatus)
    case 'config': {
      const config = settings.config
      if (config === undefined) return NONE
      if (config.hang === true) return HANG
      if (config.status === undefined && config.body === undefined) return NONE
      return { type: 'answer', status: config.status ?? 200, body: config.body ?? null }
    }
    default:
      return kind satisfies never
  }
}

export function valueFor<T extends number>(value: PerKind<T> | undefined, kind: ConnectionKind): T | 0 {
  if (value === undefined) return 0
  return typeof value === 'number' ? value : (value[kind] ?? 0)
}

/** Order of delivery on one connection: what waits to be overtaken, and the seed of the next decision. */
export interface Disorder<T> {
  readonly seed: number
  readonly held: T | null
}

/** Decides about one live message. `out` goes now; a held message goes with the next one, or when its time is up. */
export function disturb<T>(
  state: Disorder<T>,
  message: T,
  chance: { readonly duplicate: number; readonly reorder: number },
): { readonly state: Disorder<T>; readonly out: readonly T[] } {
  const first = nextRandom(state.seed)
  const second = nextRandom(first.seed)
  const copies = first.value < chance.duplicate ? [message, message] : [message]
  if (state.held !== null) return { state: { seed: second.seed, held: null }, out: [...copies, state.held] }
  if (second.value < chance.reorder) return { state: { seed: second.seed, held: message }, out: [] }
  return { state: { seed: second.seed, held: null }, out: copies }
}

/** mulberry32: small, and the same on every machine. */
export function nextRandom(seed: number): { readonly value: number; readonly seed: number } {
  const next = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(next ^ (next >>> 15), next | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return { value: ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296, seed: next }
}

function refusal(status: number): RequestFault {
  return { type: 'answer', status, body: null }
}
