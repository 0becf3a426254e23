/**
 * Owns the PHP endpoint that pages poll where there is no queue server: its message store and its answers as data.
 * The address's query says the same as the body and is for access logs only; nothing here reads it.
 */
import { extraOf, type RawChannel } from './portal'
import type { RawConfig } from './portal-config'
import type { Fields } from './request-body'
import { bareId } from './signature'

/** What stands for a queue server in version 0: a table. */
export interface PhpStore {
  lastId: number
  rows: PhpRow[]
  /** By channel: the newest id a poll was told, from where the next page begins. */
  readonly told: Map<string, number>
}

interface PhpRow {
  readonly id: number
  readonly channel: string
  readonly message: Readonly<Record<string, unknown>>
  readonly diesAtMs: number
}

export interface PhpAsk {
  readonly fields: Fields
  /** Null when nobody is logged in. */
  readonly userId: number | null
  /** The session id that is right; null = not checked. */
  readonly sessid: string | null
  readonly nowMs: number
}

export interface PhpPortal {
  readonly host: string
  readonly counters: Readonly<Record<string, number>> | null
  config(userId: number): RawConfig
  extend(userId: number, tags: readonly string[]): Record<string, boolean>
}

export type PhpCall = 'PULL_GET_CHANNEL' | 'PULL_UPDATE_STATE' | 'PULL_UPDATE_WATCH'

export function createPhpStore(): PhpStore {
  return { lastId: 0, rows: [], told: new Map() }
}

/** One row for each channel; ids ascend over all of them. PHP does not look at a message's `expiry` here. */
export function storeRows(
  store: PhpStore,
  channels: readonly string[],
  message: Readonly<Record<string, unknown>>,
  keepMs: number,
  nowMs: number,
): void {
  store.rows = store.rows.filter((row) => row.diesAtMs > nowMs)
  for (const channel of channels) {
    store.lastId += 1
    store.rows.push({ id: store.lastId, channel, message, diesAtMs: nowMs + keepMs })
  }
}

/** Which of the three it is, by the body alone and in PHP's order. */
export function phpCall(fields: Fields): PhpCall | null {
  const calls: readonly PhpCall[] = ['PULL_GET_CHANNEL', 'PULL_UPDATE_WATCH', 'PULL_UPDATE_STATE']
  return calls.find((call) => fields.get(call.toLowerCase()) === 'Y') ?? null
}

/** The answer before it is printed. Errors are answers like any other. */
export function answerPhp(portal: PhpPortal, store: PhpStore, ask: PhpAsk): object {
  const { fields, userId, sessid, nowMs } = ask
  if (userId === null) return { ERROR: 'AUTHORIZE_ERROR', BITRIX_SESSID: sessid ?? '' }
  if (sessid !== null && fields.get('sessid') !== sessid) return { BITRIX_SESSID: sessid, ERROR: 'SESSION_ERROR' }
  const call = phpCall(fields)
  switch (call) {
    case 'PULL_GET_CHANNEL':
      return channelAnswer(portal.config(userId), userId, store)
    case 'PULL_UPDATE_WATCH': {
      const tags = fields.get('watch')
      const wanted = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
      return { RESULT: portal.extend(userId, wanted), ERROR: '' }
    }
    case 'PULL_UPDATE_STATE': {
      const messages = rowsAfter(store, String(fields.get('channel_id') ?? ''), fields.get('channel_last_id'), nowMs)
      return { MESSAGE: portal.counters === null ? messages : [...messages, counterMessage(portal, nowMs)], ERROR: '' }
    }
    case null:
      return { ERROR: 'UNKNOWN_ERROR' }
    default:
      return call satisfies never
  }
}

function channelAnswer(config: RawConfig, userId: number, store: PhpStore): object {
  const { server, channels } = config
  const queue = server.version > 0
  const ids = [channels.private.id, channels.shared.id].join('/')
  const asked = `?CHANNEL_ID=${ids}`
  return {
    CHANNEL_ID: ids,
    CHANNEL_PUBLIC_ID: channels.private.public_id ?? '',
    CHANNEL_DT: `${startOf(channels.private)}/${startOf(channels.shared)}`,
    USER_ID: userId,
    LAST_ID: store.told.get(bareId(channels.private.id)) ?? 0,
    PATH: queue ? server.long_polling + asked : (server.interval_polling ?? ''),
    PATH_PUB: server.publish === '' ? '' : server.publish + asked,
    PATH_WS: server.websocket_enabled ? server.websocket + asked : '',
    PATH_COMMAND: '',
    METHOD: queue ? 'LONG' : 'PULL',
    REVISION: config.api.revision_web,
    ERROR: '',
  }
}

function startOf(channel: RawChannel): number {
  return Math.floor(Date.parse(channel.start) / 1000)
}

function rowsAfter(store: PhpStore, list: string, lastId: unknown, nowMs: number): object[] {
  const channels = list.split('/').map(bareId)
  // PHP's intval: what is no number asks from the start.
  const after = Number.parseInt(String(lastId), 10) || 0
  const found = store.rows.filter((row) => row.id > after && row.diesAtMs > nowMs && channels.includes(row.channel))
  const newest = found.at(-1)
  if (newest !== undefined) store.told.set(channels[0] ?? '', newest.id)
  return found.map((row) => ({ ...row.message, id: row.id }))
}

/** Has no id: it is made up for every answer. */
function counterMessage(portal: PhpPortal, nowMs: number): object {
  return { module_id: 'main', command: 'user_counter', params: portal.counters, extra: extraOf(portal.host, nowMs) }
}
