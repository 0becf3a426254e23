/**
 * Owns the faults that are set right now and the actions on open connections. What a fault does is decided in
 * faults.ts and carried out where the request or the connection lives.
 */
import type { Connections } from './connections'
import type { ConnectionKind } from './generations/generation'
import { requestFault, type FaultSettings, type RequestFault, type RequestKind } from './faults'

export interface CutOptions {
  /** Only connections of this transport. @default all */
  kind?: ConnectionKind
  /** End properly (close frame, last chunk, 304) instead of dropping the TCP connection. @default false */
  graceful?: boolean
  /** Close code of a graceful WebSocket end. @default 1001 */
  code?: number
}

export interface StallOptions {
  /** Only connections of this transport. @default all */
  kind?: ConnectionKind
  /** Milliseconds after which a stalled connection works again; what came meanwhile stays lost. @default for ever */
  ms?: number
}

export interface Faults {
  /** What is set now. */
  readonly current: Readonly<FaultSettings>
  /** Adds to what is set; a field given as undefined is switched off. */
  set(settings: FaultSettings): void
  /** Switches everything off. Stalled connections stay stalled. */
  clear(): void
  /** Ends open connections; returns how many. */
  cut(options?: CutOptions): number
  /**
   * Half-open: the connections open now stay open, but nothing is sent, read or answered on them any more. Later
   * connections work. Returns how many.
   */
  stall(options?: StallOptions): number
}

export interface FaultControl extends Faults {
  /** The fault of one request; counts `times` down. */
  take(kind: RequestKind): RequestFault
}

export function createFaultControl(connections: Connections): FaultControl {
  let current: FaultSettings = {}
  return {
    get current() {
      return current
    },
    set(settings) {
      current = { ...current, ...settings }
    },
    clear() {
      current = {}
    },
    cut: (options = {}) => connections.cut(options.kind ?? null, options.graceful ?? false, options.code ?? 1001),
    stall: (options = {}) => connections.stall(options.kind ?? null, options.ms ?? null),
    take(kind) {
      const fault = requestFault(current, kind)
      if (fault.type !== 'none' && current.times !== undefined) current = { ...current, times: current.times - 1 }
      return fault
    },
  }
}
