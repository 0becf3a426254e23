/**
 * Owns the reading of the portal's configuration: unknown JSON in, `PullConfig` or a list of everything that is wrong
 * out. Tolerant to how portals really print it; what the client can live without becomes `null`. Pure.
 * No value of the configuration ever enters a message: ids and tokens are secrets.
 */
import * as z from 'zod/mini'
import { type Channel, channelSet } from '../channel/channel-set'
import { channelId } from '../channel/channel-id'
import { PullError } from '../core/pull-error'
import { openAnswer } from './answer'
import type { Endpoints, PullConfig } from './config'
import { type Secure, pickUrl } from './endpoints'
import { isRecord, toChannelId, toFlag, toInstantMs, toNumber, toRecord, toText } from './foreign-value'

export interface ParseConfigOptions {
  /** Which URLs to prefer: `true` on a page that came over https, `false` over http, `'auto'` without a page (secure first). */
  readonly secure: Secure
}

/** One thing that is wrong: where, and what to do. Carried in `facts.issues` of a `bad-config` error. */
export interface ConfigIssue {
  readonly path: string
  readonly message: string
}

const anything = z.transform((value: unknown) => value)
const text = z.transform(toText)
const number = z.transform(toNumber)
const flag = z.transform(toFlag)
const instant = z.transform(toInstantMs)
const record = z.transform(toRecord)

/** Accepts every object: each field reads what it can. Unknown keys are dropped. */
const configSchema = z.object({
  server: z.pipe(
    record,
    z.object({
      version: number,
      server_enabled: flag,
      mode: text,
      hostname: text,
      long_polling: anything,
      long_pooling_secure: anything, // the real key
      long_polling_secure: anything, // what some documentation says
      websocket_enabled: flag,
      websocket: anything,
      websocket_secure: anything,
      sse: anything,
      sse_secure: anything,
      publish_enabled: flag,
      publish: anything,
      publish_secure: anything,
      config_timestamp: number,
    }),
  ),
  api: z.pipe(record, z.object({ revision_web: number })),
  channels: z.transform(readChannels),
  clientId: text,
  jwt: text,
  exp: instant,
  serverTime: instant,
})

const channelSchema = z.object({ id: anything, type: text, start: instant, end: instant })

const VERSION_MESSAGE = 'must be a whole number from 0 up (the generation of the queue server)'

type RawServer = z.infer<typeof configSchema>['server']

/**
 * Reads a configuration as the portal sends it, with or without the envelope of a REST or controller call.
 * A configuration that says `server_enabled: false` or version 0 is read too; what to do with it is up to the caller.
 *
 * @throws PullError `bad-config` (`facts.issues`), or `forbidden`, `disabled`, `config-unavailable` for an error answer
 */
export function parseConfig(raw: unknown, options: ParseConfigOptions): PullConfig {
  const { config, answeredAtMs } = openAnswer(raw)
  if (!isRecord(config)) {
    throw badConfig([{ path: '(root)', message: 'must be an object as pull.config.get returns it' }])
  }
  const read = z.parse(configSchema, config)
  const { server } = read
  const enabled = server.server_enabled !== false
  const version = isVersion(server.version) ? server.version : null
  const endpoints = chooseEndpoints(server, options.secure)

  const issues: ConfigIssue[] = []
  // Without a queue server there is nothing to connect to, and nothing of the rest is needed.
  const isUsed = enabled && version !== 0
  if (!isRecord(config['server'])) {
    issues.push({ path: 'server', message: 'is missing: pass the whole answer of pull.config.get' })
  } else if (isUsed) {
    if (version === null) issues.push({ path: 'server.version', message: VERSION_MESSAGE })
    if (!canReceive(endpoints)) issues.push({ path: 'server', message: noUrlMessage(server) })
  }
  if (isUsed && read.jwt === null) issues.push(...channelIssues(read.channels))
  if (issues.length > 0) throw badConfig(issues)

  return {
    version: version ?? 0,
    enabled,
    mode: server.mode === 'shared' ? 'shared' : 'personal',
    hostname: server.hostname,
    endpoints,
    channels: channelSet(read.channels.usable),
    clientId: read.clientId,
    jwt: read.jwt,
    expiresAtMs: read.exp,
    revisionWeb: read.api.revision_web,
    configTimestamp: server.config_timestamp ?? 0,
    serverTimeAtMs: read.serverTime ?? answeredAtMs,
  }
}

function isVersion(version: number | null): version is number {
  return version !== null && version >= 0 && Math.floor(version) === version
}

function chooseEndpoints(server: RawServer, secure: Secure): Endpoints {
  // Both spellings may be there; the real key goes first.
  const longPollingSecure = pickUrl('http', server.long_polling_secure, server.long_pooling_secure, true)
  return {
    websocket:
      server.websocket_enabled === true
        ? pickUrl('websocket', server.websocket, server.websocket_secure, secure)
        : null,
    sse: pickUrl('http', server.sse, server.sse_secure, secure),
    longPolling: pickUrl('http', server.long_polling, longPollingSecure, secure),
    publish: server.publish_enabled === true ? pickUrl('http', server.publish, server.publish_secure, secure) : null,
  }
}

function canReceive({ websocket, sse, longPolling }: Endpoints): boolean {
  return websocket !== null || sse !== null || longPolling !== null
}

function noUrlMessage(server: RawServer): string {
  const websocketIsOff =
    server.websocket_enabled !== true && toText(server.websocket_secure ?? server.websocket) !== null
  return (
    'has no usable URL in websocket, long_polling or sse (plain or secure): fill in the paths in the settings of the push server' +
    (websocketIsOff ? ', or set websocket_enabled to true' : '')
  )
}

interface ReadChannels {
  readonly usable: readonly Channel[]
  /** Paths of ids that are there but cannot be used. */
  readonly garbled: readonly string[]
}

/** Channels without an id do not exist; one with an unreadable id does, and going on without it would lose its events. */
function readChannels(value: unknown): ReadChannels {
  const channels: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  // Applications name both channels alike, so that the order in the URL has to come from the keys.
  const keys = ['private', 'shared', ...Object.keys(channels).filter((key) => key !== 'private' && key !== 'shared')]
  const usable: Channel[] = []
  const garbled: string[] = []
  keys.forEach((key, at) => {
    const channel = z.parse(channelSchema, toRecord(Object.keys(channels).includes(key) ? channels[key] : null))
    const id = toChannelId(channel.id)
    if (id !== null) {
      usable.push({ type: channel.type ?? key, id: channelId(id), startAtMs: channel.start, endAtMs: channel.end })
    } else if (!isNothing(channel.id)) {
      // A foreign key is not printed: it might be an id.
      garbled.push(at < 2 ? `channels.${key}.id` : `channels[${at}].id`)
    }
  })
  return { usable, garbled }
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === false || (typeof value === 'string' && value.trim() === '')
}

function channelIssues({ usable, garbled }: ReadChannels): readonly ConfigIssue[] {
  if (usable.length === 0 && garbled.length === 0) {
    const message =
      'holds no channel id and there is no jwt: the portal issued none, check its push server and that the user is logged in'
    return [{ path: 'channels', message }]
  }
  return garbled.map((path) => ({
    path,
    message: 'must be a signed channel id as the portal issues it, one id without "/" or spaces',
  }))
}

function badConfig(issues: readonly ConfigIssue[]): PullError {
  const list = issues.map(({ path, message }) => `${path} ${message}`).join('; ')
  return new PullError('bad-config', `The push configuration cannot be used: ${list}`, { facts: { issues } })
}
