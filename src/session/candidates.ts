/** Owns which transports can be tried at all: asked for, configured by the portal, supported by this runtime. Pure. */
import { PullError } from '../core/pull-error'
import type { Endpoints, PullConfig } from '../config/config'
import type { TransportKind } from '../core/transport-kind'
import type { Candidate } from '../connection/negotiation'
import type { Platform } from '../platform/platform'

export interface Candidates {
  readonly usable: readonly Candidate[]
  /** Why the others are not: `unsupported` by the runtime, `not-configured` by the portal, `not-asked-for`. */
  readonly missing: Readonly<Partial<Record<TransportKind, string>>>
}

export function candidatesOf(
  { version, endpoints }: PullConfig,
  wanted: readonly TransportKind[],
  platform: Pick<Platform, 'webSocket' | 'fetch'>,
): Candidates {
  const usable: Candidate[] = []
  const missing: Partial<Record<TransportKind, string>> = {}
  // Generations whose framing the client reads.
  const isRead = version > 0 && version < 5
  wanted.forEach((kind) => {
    const supported = kind === 'websocket' ? platform.webSocket : kind !== 'interval-polling' && platform.fetch
    if (!isRead || !supported) missing[kind] = 'unsupported'
    else if (!endpointOf(endpoints, kind)) missing[kind] = 'not-configured'
    else usable.push({ kind, ownAddress: kind === 'sse' && endpoints.sse !== null })
  })
  return { usable, missing }
}

/** An event stream without an address of its own is asked for at the long-poll address. */
export function endpointOf({ websocket, sse, longPolling }: Endpoints, kind: TransportKind): string | null {
  return kind === 'websocket' ? websocket : (kind === 'sse' && sse) || longPolling
}

export function noTransport({ version }: PullConfig, { missing }: Candidates): PullError {
  const reasons = Object.entries(missing).map((reason) => reason.join(': '))
  const message = `No transport works here with push server version ${version} (${reasons.join(', ')}): ask for another one, or add what is missing to options.platform.`
  return new PullError('no-transport', message, { facts: { skipped: missing, version } })
}
