/** Owns which way up requests can take: what the generation, the configuration and the link in use allow. Pure. */
import type { Framing } from '../codec/codec'
import type { PullConfig } from '../config/config'
import type { State } from '../connection/machine-types'
import { PullError } from '../core/pull-error'
import { publishAddressOf } from './address'
import type { Codecs } from './framing'
import type { Route } from './uplink'

export interface RouteOptions {
  readonly config: PullConfig | null
  readonly state: State
  readonly framing: Framing
  readonly codecs: Codecs
  readonly href: string | null
}

export function routeOf({ config, state, framing, codecs, href }: RouteOptions): Route {
  if (!config) return { via: 'wait' }
  const { version } = config
  const codec = version > 4 ? codecs['json-rpc'] : codecs.protobuf
  const url = publishAddressOf(config, href)
  // Version 4 says whether browsers may publish; the newer one always takes requests.
  if (version < 4 || !codec || (version === 4 && !url)) return { via: 'never', error: never(version) }
  if (state.phase !== 'connected') return { via: 'wait' }
  const { id: linkId, kind } = state.active
  if (version > 4) return { via: 'rpc', linkId, codec }
  // A connection whose channels have no public id is closed when it sends anything.
  const isPublic = config.channels.some(({ id }) => id.reveal().indexOf(':') > 0)
  return kind === 'websocket' && framing === 'protobuf' && isPublic
    ? { via: 'socket', linkId, codec }
    : { via: 'post', url: url || '', codec }
}

function never(version: number): PullError {
  const message = `This push server (version ${version}) takes no requests of browsers: it needs version 4 with publishing switched on, or newer`
  return new PullError('not-supported', message, { facts: { version } })
}
