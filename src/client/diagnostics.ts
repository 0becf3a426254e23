/** Owns the report that `client.diagnostics()` returns: plain JSON for people and support, without any secret. Pure. */
import type { Endpoints, PullConfig } from '../config/config'
import type { TransportKind } from '../core/transport-kind'
import type { CursorQuery } from '../replay/numbering'
import type { Counters } from '../session/counters'
import type { SessionView } from '../session/session-types'
import type { PullStatus } from '../session/status'
import type { TimelineEntry } from './timeline'

export interface PullDiagnostics {
  readonly status: PullStatus
  readonly transport: TransportKind | null
  /** Why the status is what it is, see `StatusFact.reason`. */
  readonly reason: string
  /** Why each other transport is not in use. */
  readonly skipped: Readonly<Partial<Record<TransportKind, string>>>
  readonly server: {
    readonly version: number
    readonly mode: string
    /** Hosts and paths of the queue server; no query. */
    readonly endpoints: Readonly<Record<string, string | null>>
    readonly channels: readonly { readonly type: string; readonly endAtMs: number | null }[]
  } | null
  /** The position reached: a mid, or tag and time. */
  readonly cursor: CursorQuery
  /** `null` before the first start. */
  readonly counters: Readonly<Counters> | null
  /** Failures in a row. */
  readonly failures: number
  /** Delivered messages remembered to recognise repeats. */
  readonly remembered: number
  /** Local clock minus server clock, ms; `null` when the server has not said. */
  readonly clockShiftMs: number | null
  /** Messages of `send()` that wait for a connection. */
  readonly queued: number
  /** Tags given to `watch()`. */
  readonly tags: number
  /** The last 200 things that happened. */
  readonly timeline: readonly TimelineEntry[]
}

/** What a report has from its session. */
export type SessionReport = Pick<
  PullDiagnostics,
  'server' | 'cursor' | 'counters' | 'failures' | 'remembered' | 'clockShiftMs'
>

export const NOTHING_YET: SessionReport = {
  server: null,
  cursor: {},
  counters: null,
  failures: 0,
  remembered: 0,
  clockShiftMs: null,
}

export function reportOf({ config, state, counters, cursor, remembered, clockShiftMs }: SessionView): SessionReport {
  return {
    server: config && serverOf(config),
    cursor,
    counters: { ...counters },
    failures: state.phase === 'idle' ? 0 : state.memory.failures,
    remembered,
    clockShiftMs,
  }
}

function serverOf({ version, mode, endpoints, channels }: PullConfig): PullDiagnostics['server'] {
  const addresses: Record<string, string | null> = {}
  const kinds = Object.keys(endpoints) as (keyof Endpoints)[]
  kinds.forEach((kind) => (addresses[kind] = withoutSecrets(endpoints[kind])))
  return { version, mode, endpoints: addresses, channels: channels.map(({ type, endAtMs }) => ({ type, endAtMs })) }
}

/** An address may carry a channel id in its query, or credentials in front of its host. */
function withoutSecrets(url: string | null): string | null {
  return url && url.replace(/[?#].*|[^/?#@]*@/g, '')
}
