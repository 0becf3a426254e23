/** Owns the report that `client.diagnostics()` returns: plain JSON for people and support, without any secret. Pure. */
import type { TransportKind } from '../core/transport-kind'
import type { CursorQuery } from '../replay/position'
import type { Counters } from '../session/counters'
import type { SessionView } from '../session/session'
import type { PullStatus, StatusFact } from '../session/status'
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
  readonly counters: Readonly<Counters>
  /** Failures in a row. */
  readonly failures: number
  /** Delivered messages remembered to recognise repeats. */
  readonly remembered: number
  /** Local clock minus server clock, ms; `null` when the server has not said. */
  readonly clockShiftMs: number | null
  /** The last 200 things that happened. */
  readonly timeline: readonly TimelineEntry[]
}

export function diagnosticsOf(
  fact: Pick<StatusFact, 'status' | 'transport' | 'reason' | 'skipped'>,
  view: SessionView | null,
  counters: Counters,
  timeline: readonly TimelineEntry[],
): PullDiagnostics {
  const config = view?.config ?? null
  const { status, transport, reason, skipped } = fact
  return {
    status,
    transport,
    reason,
    skipped,
    server: config && {
      version: config.version,
      mode: config.mode,
      endpoints: {
        websocket: withoutQuery(config.endpoints.websocket),
        sse: withoutQuery(config.endpoints.sse),
        longPolling: withoutQuery(config.endpoints.longPolling),
        publish: withoutQuery(config.endpoints.publish),
      },
      channels: config.channels.map(({ type, endAtMs }) => ({ type, endAtMs })),
    },
    cursor: view?.cursor ?? {},
    counters: { ...(view?.counters ?? counters) },
    failures: view && view.state.phase !== 'idle' ? view.state.memory.failures : 0,
    remembered: view?.remembered ?? 0,
    clockShiftMs: view?.clockShiftMs ?? null,
    timeline,
  }
}

/** An address may carry a channel id in its query, or credentials in front of its host. */
function withoutQuery(url: string | null): string | null {
  return url === null ? null : (url.split(/[?#]/)[0] ?? '').replace(/\/\/[^/@]*@/, '//')
}
