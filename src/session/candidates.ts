/** Owns which transports can be tried at all: asked for, configured by the portal, supported by this runtime. Pure. */
import { PullError } from '../core/pull-error'
import type { PullConfig } from '../config/config'
import type { TransportKind } from '../core/transport-kind'
import type { Candidate } from '../connection/negotiation'
import type { Platform } from '../platform/platform'

export interface Candidates {
  readonly usable: readonly Candidate[]
  /** Why the others are not: `unsupported` by the runtime, `not-configured` by the portal, `not-asked-for`. */
  readonly missing: Readonly<Partial<Record<TransportKind, string>>>
}

/** Generations whose framing the client reads. */
const VERSIONS = [1, 2, 3, 4]

export function candidatesOf(
  config: PullConfig,
  wanted: readonly TransportKind[],
  platform: Pick<Platform, 'webSocket' | 'fetch'>,
): Candidates {
  const { endpoints } = config
  const usable: Candidate[] = []
  const missing: Partial<Record<TransportKind, string>> = {}
  wanted.forEach((kind) => {
    const address =
      kind === 'websocket'
        ? endpoints.websocket
        : kind === 'sse'
          ? (endpoints.sse ?? endpoints.longPolling)
          : endpoints.longPolling
    const supported = kind === 'websocket' ? platform.webSocket : kind === 'interval-polling' ? null : platform.fetch
    if (VERSIONS.indexOf(config.version) < 0 || !supported) missing[kind] = 'unsupported'
    else if (address === null) missing[kind] = 'not-configured'
    else usable.push({ kind, ownAddress: kind === 'sse' && endpoints.sse !== null })
  })
  return { usable, missing }
}

export function noTransport(config: PullConfig, { missing }: Candidates): PullError {
  const reasons = Object.keys(missing).map((kind) => `${kind}: ${missing[kind as TransportKind]}`)
  return new PullError(
    'no-transport',
    `None of the transports asked for can work with push server version ${config.version} here (${reasons.join(', ')}). ` +
      'Ask for another transport, or give the missing part through options.platform.',
    { facts: { skipped: missing, version: config.version } },
  )
}
