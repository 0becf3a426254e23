/** Owns what old pages ask about the server: its configuration as it came, and what follows from it. */
import { addressOf, publishAddressOf } from '../../session/address'
import { type Codecs, framingOf } from '../../session/framing'
import { isOn, toNumber, toRecord } from '../../portal/foreign-value'
import type { PullConfig } from '../../config/config'
import type { Platform } from '../../platform/platform'
import type { LegacyPullClient } from './legacy-types'

export type ServerFacts = Pick<
  LegacyPullClient,
  | 'getConfig'
  | 'getRevision'
  | 'getServerVersion'
  | 'getServerMode'
  | 'isWebSocketSupported'
  | 'isWebSocketAllowed'
  | 'isWebSocketEnabled'
  | 'isPublishingSupported'
  | 'isPublishingEnabled'
  | 'isProtobufSupported'
  | 'isJsonRpc'
  | 'isSharedMode'
  | 'getConnectionPath'
  | 'getPublicationPath'
  | 'supportWebSocket'
>

/** `raw`: the configuration as the portal sent it, empty while there is none. `config`: the same, read. */
export function createServerFacts(
  platform: Pick<Platform, 'page' | 'webSocket'>,
  codecs: Codecs,
  raw: () => Readonly<Record<string, unknown>>,
  config: () => PullConfig | null | undefined,
): ServerFacts {
  const server = (): Record<string, unknown> => toRecord(raw()['server'])
  const version = (): number => toNumber(server()['version']) || 0
  const href = (): string | null => platform.page && platform.page.href
  const isWebSocketSupported = (): boolean => !!platform.webSocket
  const isWebSocketEnabled = (): boolean => isWebSocketSupported() && isOn(server()['websocket_enabled'])
  const isPublishingSupported = (): boolean => version() > 3
  return {
    getConfig: raw,
    getRevision: () => toNumber(toRecord(raw()['api'])['revision_web']) || null,
    getServerVersion: version,
    getServerMode: () => (server()['mode'] as string) || null,
    isWebSocketSupported,
    supportWebSocket: isWebSocketSupported,
    isWebSocketEnabled,
    isWebSocketAllowed: isWebSocketEnabled,
    isPublishingSupported,
    isPublishingEnabled: () => isPublishingSupported() && isOn(server()['publish_enabled']),
    isProtobufSupported: () => version() === 4,
    isJsonRpc: () => version() > 4,
    isSharedMode: () => server()['mode'] === 'shared',
    getConnectionPath(type) {
      const known = config()
      if (!known) return false
      const framing = framingOf(known.version, 'auto', codecs)
      const kind = type === 'longPolling' ? 'long-polling' : 'websocket'
      return addressOf(known, kind, { framing, cursor: {}, href: href() }).url
    },
    getPublicationPath() {
      const known = config()
      return (known && publishAddressOf(known, href())) || ''
    },
  }
}
