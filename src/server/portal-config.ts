/**
 * Owns what the portal tells a page: the configuration in all its variants and the public channels of users.
 * Pure: the channels come in as they stand.
 */
import { signToken } from './jwt'
import type { Settings } from './options'
import { isoTime, rawChannel, type Portal, type PortalChannel, type RawChannel } from './portal'
import { clientIdOf, hostIdOf, publicSignature } from './signature'

/** The answer of `pull.config.get`, in the vendor's spelling. */
export interface RawConfig {
  server: {
    version: number
    server_enabled: boolean
    mode: 'personal' | 'shared'
    hostname: string
    long_polling: string
    /** The misspelling is the real key. */
    long_pooling_secure: string
    websocket_enabled: boolean
    websocket: string
    websocket_secure: string
    publish_enabled: boolean
    publish: string
    publish_secure: string
    config_timestamp: number
    /** Not the vendor's: URL of the event-stream location, where there is one. */
    sse?: string
    sse_secure?: string
    /** Not the vendor's: version 0 only, URL of the PHP endpoint that is polled where there is no queue server. */
    interval_polling?: string
  }
  api: { revision_web: number; revision_mobile: number }
  channels: { private: RawChannel; shared: RawChannel }
  publicChannels: Record<string, RawPublicChannel> | false
  /** Mode 'shared' only. */
  clientId?: string
  /** Version 5 only. */
  jwt?: string
  /** Unix seconds. */
  exp?: number
  /** Not in the answers for applications and controllers. */
  serverTime: string
}

export interface RawPublicChannel {
  user_id: number
  public_id: string
  signature: string
  start: string
  end: string
}

export const PHP_POLLING_PATH = '/bitrix/components/bitrix/pull.request/ajax.php'
const JWT_TTL_MS = 43_200_000

/** The configuration of one user. `origin` is `host:port` as the asking page reaches it, `at` the prefix of its server. */
export function configOf(
  portal: Portal,
  own: PortalChannel,
  shared: PortalChannel,
  origin: string,
  at: string,
  nowMs: number,
): RawConfig {
  const { settings, configTimestamp } = portal
  const { version, userId } = own
  const publicChannel = rawPublicChannel(portal, own)
  const base = `://${origin}${at}/bitrix/`
  const queue = version > 0
  // The option is about the server's own version; another one among its users has what it has by default.
  const sse = (version === 1 || version === 2) && (settings.sse || settings.version !== version)
  return {
    server: {
      version,
      server_enabled: true,
      mode: settings.mode,
      hostname: settings.host,
      long_polling: queue ? `http${base}sub/` : '',
      long_pooling_secure: '',
      websocket_enabled: queue && settings.websocket,
      websocket: queue ? `ws${base}subws/` : '',
      websocket_secure: '',
      publish_enabled: version >= 4,
      publish: version >= 4 ? `http${base}rest/` : '',
      publish_secure: '',
      config_timestamp: configTimestamp,
      ...(sse ? { sse: `http${base}subsse/`, sse_secure: '' } : {}),
      // A page names its user by a cookie; here the address does.
      ...(queue
        ? {}
        : { interval_polling: `http://${origin}${PHP_POLLING_PATH}${userId === 1 ? '' : `?userId=${userId}`}` }),
    },
    api: { revision_web: 19, revision_mobile: 3 },
    channels: { private: rawChannel(portal, own), shared: rawChannel(portal, shared) },
    publicChannels: publicChannel === null ? false : { [String(userId)]: publicChannel },
    ...(settings.mode === 'shared' ? { clientId: clientIdOf(settings.signatureKey) } : {}),
    ...expiry(settings, own, shared, nowMs),
    serverTime: isoTime(nowMs),
  }
}

/** Null below version 4, where nobody but the portal publishes. */
export function rawPublicChannel(portal: Portal, channel: PortalChannel): RawPublicChannel | null {
  if (channel.publicId === null) return null
  return {
    user_id: channel.userId,
    public_id: channel.publicId,
    signature: publicSignature(channel.publicId, portal.settings.signatureKey),
    start: isoTime(channel.startAtMs),
    end: isoTime(channel.endAtMs),
  }
}

function expiry(
  settings: Settings,
  own: PortalChannel,
  shared: PortalChannel,
  nowMs: number,
): { jwt?: string; exp?: number } {
  const ttlMs = settings.configTtlMs || (own.version === 5 ? JWT_TTL_MS : 0)
  if (ttlMs === 0) return {}
  const exp = Math.floor((nowMs + ttlMs) / 1000)
  if (own.version < 5) return { exp }
  const iat = Math.floor(nowMs / 1000)
  // A guest and an application have no portal user behind their private channel, so it is listed.
  const listed = own.userId > 0 && own.application === null ? [shared.id] : [own.id, own.publicId, shared.id]
  const claims = { iss: hostIdOf(settings.signatureKey), iat, exp, chan: listed.join(',') }
  const sub = own.userId > 0 && own.application === null ? { sub: String(own.userId) } : {}
  return { jwt: signToken({ ...claims, ...sub }, settings.signatureKey), exp }
}
