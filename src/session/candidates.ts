/** Owns which transports can be tried at all: asked for, configured by the portal, supported by this runtime. Pure. */
import { PullError } from '../core/pull-error'
import type { Endpoints, PullConfig } from '../config/config'
import type { TransportKind } from '../core/transport-kind'
import type { Candidate } from '../connection/negotiation'
import type { Platform } from '../platform/platform'

export interface Candidates {
  readonly usable: readonly Candidate[]
  /**
   * Why the others are not: `unsupported` by the runtime, `not-spoken` by this generation of the server, `not-built-in`
   * to this client, `not-configured` by the portal.
   */
  readonly missing: Readonly<Partial<Record<TransportKind, string>>>
}

export function candidatesOf(
  { version, endpoints }: PullConfig,
  wanted: readonly TransportKind[],
  platform: Pick<Platform, 'webSocket' | 'fetch'>,
  built: Built,
): Candidates {
  const usable: Candidate[] = []
  const missing: Partial<Record<TransportKind, string>> = {}
  const spoken = !version ? ['interval-polling'] : version > 4 ? ['websocket'] : ['websocket', 'sse', 'long-polling']
  // Without a queue server the portal itself is asked, unless one other transport was asked for.
  const isComplete = version || wanted.length < 2 || wanted.indexOf('interval-polling') >= 0
  const kinds = isComplete ? wanted : wanted.concat('interval-polling')
  kinds.forEach((kind) => {
    if (!(kind === 'websocket' ? platform.webSocket : platform.fetch)) missing[kind] = 'unsupported'
    else if (spoken.indexOf(kind) < 0) missing[kind] = 'not-spoken'
    else if (!built.codec || !built.factories[kind]) missing[kind] = 'not-built-in'
    else if (!endpointOf(endpoints, kind)) missing[kind] = 'not-configured'
    else usable.push({ kind, ownAddress: kind === 'sse' && endpoints.sse !== null })
  })
  return { usable, missing }
}

/** What this client was built with: people who bundle may leave transports and framings out. */
export interface Built {
  readonly factories: Readonly<Partial<Record<TransportKind, unknown>>>
  /** The framing of this server. */
  readonly codec: unknown
}

/** An event stream without an address of its own is asked for at the long-poll address. */
export function endpointOf(endpoints: Endpoints, kind: TransportKind): string | null {
  if (kind === 'interval-polling') return endpoints.intervalPolling
  return kind === 'websocket' ? endpoints.websocket : (kind === 'sse' && endpoints.sse) || endpoints.longPolling
}

export function noTransport({ version }: PullConfig, { missing }: Candidates): PullError {
  const reasons = Object.entries(missing).map((reason) => reason.join(': '))
  const message = `No transport works here with push server version ${version} (${reasons.join(', ')}): ask for another one, or add what is missing to options.platform.`
  return new PullError('no-transport', message, { facts: { skipped: missing, version } })
}
