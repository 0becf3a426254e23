/**
 * Owns the reading of the portal's configuration: unknown JSON in, `PullConfig` or a list of everything that is wrong
 * out. Tolerant to how portals really print it; what the client can live without becomes `null`. Pure.
 * No value of the configuration ever enters a message: ids and tokens are secrets.
 */
import { type Channel, channelSet } from '../channel/channel-set'
import { channelId } from '../channel/channel-id'
import { PullError } from '../core/pull-error'
import { openAnswer } from '../portal/answer'
import type { PullConfig } from './config'
import { endpointsOf } from './endpoints'
import { isNotOff, isRecord, toChannelId, toInstantMs, toNumber, toRecord, toText } from '../portal/foreign-value'
import * as z from './schema'
import { readPublicChannels } from './public-channels'
import { readChannel } from './successor'

export interface ParseConfigOptions {
  /** Which URLs to prefer: `true` on a page that came over https. */
  readonly secure: boolean
}

/** One thing that is wrong: where, and what to do. Carried in `facts.issues` of a `bad-config` error. */
export interface ConfigIssue {
  readonly path: string
  readonly message: string
}

type Wrong = (path: string, message: string) => void

const NO_OBJECT = 'must be an object: see pull.config.get'

const text = z.transform(toText)
const instant = z.transform(toInstantMs)

/** Both accept every object: each field reads what it can. */
const configSchema = z.object({
  clientId: text,
  jwt: text,
  exp: instant,
  serverTime: instant,
  sessid: text,
  site_id: text,
  last_id: z.transform(toMid),
})
const serverSchema = z.object({
  version: z.transform(toVersion),
  server_enabled: z.transform(isNotOff),
  mode: text,
  hostname: text,
})

/**
 * Reads a configuration as the portal sends it, with or without the envelope of a REST or controller call.
 * A configuration that says `server_enabled: false` or version 0 is read too; what to do with it is up to the caller.
 *
 * @throws PullError `bad-config` (`facts.issues`), or `forbidden`, `disabled`, `config-unavailable` for an error answer
 */
export function parseConfig(raw: unknown, options: ParseConfigOptions): PullConfig {
  const [given, answeredAtMs] = openAnswer(raw)
  const config = toRecord(given)
  const rawServer = toRecord(config['server'])
  const { clientId, jwt, exp, serverTime, sessid, site_id: siteId, last_id: lastMid } = z.parse(configSchema, config)
  const { version, server_enabled: enabled, mode, hostname } = z.parse(serverSchema, rawServer)
  const endpoints = endpointsOf(rawServer, options.secure)
  const publicId = toChannelId(toRecord(toRecord(config['channels'])['private'])['public_id'])

  const issues: ConfigIssue[] = []
  const wrong: Wrong = (path, message) => issues.push({ path, message })
  // Without a queue server there is nothing to connect to, and nothing of the rest is needed.
  const isUsed = enabled && version !== 0
  if (!isRecord(given)) wrong('(root)', NO_OBJECT)
  else if (!isRecord(config['server'])) wrong('server', NO_OBJECT)
  else if (isUsed) {
    if (!version) wrong('server.version', 'must be a whole number')
    if (!endpoints.websocket && !endpoints.sse && !endpoints.longPolling) {
      wrong('server', 'has no usable URL (websocket needs websocket_enabled)')
    }
  }
  const needsChannels = isUsed && jwt === null && isRecord(given)
  const channels = readChannels(config['channels'], needsChannels ? wrong : () => {})
  if (issues.length) {
    const list = issues.map(({ path, message }) => `${path} ${message}`).join('; ')
    throw new PullError('bad-config', `Bad push configuration: ${list}`, { facts: { issues } })
  }

  return {
    version: version || 0,
    enabled,
    mode: mode === 'shared' ? mode : 'personal',
    hostname,
    endpoints,
    channels: channelSet(channels),
    publicChannels: readPublicChannels(config['publicChannels']),
    publicId: publicId === null ? null : channelId(publicId),
    clientId,
    sessid,
    siteId,
    lastMid,
    jwt,
    expiresAtMs: exp,
    serverTimeAtMs: serverTime || answeredAtMs,
  }
}

/** A whole number from 0 on, or `NaN`. */
function toVersion(value: unknown): number {
  const version = toNumber(value)
  return version >= 0 && version % 1 === 0 ? version : NaN
}

/** Messages of the portal's own polling are numbered: as the tail of a mid, their position is one like all others. */
function toMid(value: unknown): string | null {
  const id = toText(value) || String(value)
  return /^\d{1,26}$/.test(id) ? id.padStart(26, '0') : null
}

/** Channels without an id do not exist; one with an unreadable id does, and going on without it would lose its events. */
function readChannels(value: unknown, wrong: Wrong): Channel[] {
  const given: Readonly<Record<string, unknown>> = Object(value)
  const channels: Channel[] = []
  // Applications name both channels alike: "private" comes before "shared" by key, which the alphabet does.
  const keys = Object.keys(given).sort()
  let hasAny = false
  for (const key of keys) {
    const raw = toRecord(given[key])
    if (!raw['id']) continue
    hasAny = true
    const { id, startAtMs, endAtMs } = readChannel(raw)
    if (id !== null) channels.push({ type: toText(raw['type']) || key, id: channelId(id), startAtMs, endAtMs })
    // A long key is not printed: it might be an id.
    else wrong(`channels.${key.length < 9 ? key : '*'}.id`, 'must be one signed channel id')
  }
  if (!hasAny) wrong('channels', 'has no id, and there is no jwt: log in')
  return channels
}
