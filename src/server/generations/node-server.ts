/**
 * Owns the vendor's Node servers as a generation: Push server 1.0 (version 3) and 2.0 (version 4) in text framing.
 * Binary framing and JSON-RPC will be generations of their own beside this file.
 */
import { storeOnce, storedMessages, type Hub, type Stored } from '../hub'
import type { Settings } from '../options'
import { nodeValue } from '../query'
import { readSignedId, type SignedId } from '../signature'
import type { Admission, Delivery, Generation, Headers, HttpAnswer } from './generation'
import { header, httpDate } from './generation'
import { publishOverHttp } from './node-publish'

const ORIGIN: Headers = { 'Access-Control-Allow-Origin': '*' }
const EXPOSE: Headers = { 'Access-Control-Expose-Headers': 'Last-Message-Id' }
const PREFLIGHT: Headers = {
  'Access-Control-Allow-Methods': 'POST, GET, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'If-Modified-Since, If-None-Match',
}
const TEXT: Headers = { 'Content-Type': 'text/plain' }

export function createNodeServer(settings: Settings): Generation {
  const first = settings.version === 3
  const crowded = '4029: Too many connections'

  function refuse(given: string | null): Admission {
    const text = first ? (given ? 'Channel id is not correct.' : 'No channel id provided.') : '4010: Wrong Channel Id.'
    const upgradeText = first ? 'Bad Request' : 'Wrong Channel Id.'
    return {
      type: 'refused',
      answer: { status: 400, headers: { ...TEXT, ...ORIGIN, ...EXPOSE }, body: text },
      upgrade: {
        type: 'answer',
        answer: refusedHandshake(upgradeText, first ? { ...ORIGIN, ...EXPOSE } : {}),
      },
    }
  }

  return {
    ping: {
      payload: 'ws ping',
      answer: 'echo',
      messageRestarts: false,
      unansweredLimit: first ? 3 : 2,
      dropsUntilPong: !first,
    },
    batch: first ? { min: 0.625, max: 1 } : { min: 1, max: 1 },
    closeEcho: 'same',
    connectionLimit: first ? Infinity : 100,
    upgradeHeaders: {},
    eventHead: { headers: {}, hello: '', ping: '' },
    crowded: {
      code: 4029,
      reason: crowded,
      answer: { status: 429, headers: { ...TEXT, ...ORIGIN, ...EXPOSE }, body: crowded },
    },

    // The vendor's nginx sends /bitrix/sub/ to the route of the WebSocket, so both do both.
    route(path) {
      if (path.startsWith('/bitrix/subws/')) return 'websocket'
      if (path.startsWith('/bitrix/sub/')) return 'poll'
      return path.startsWith('/bitrix/pub/') ? 'publish' : null
    },

    stray(kind, method) {
      if (kind !== null && method === 'GET') return null
      const preflight = kind !== null && method === 'OPTIONS'
      return preflight
        ? { status: 200, headers: { ...TEXT, ...ORIGIN, ...PREFLIGHT }, body: '' }
        : { status: 404, headers: { ...TEXT, ...ORIGIN }, body: '' }
    },

    strayUpgrade: () => (first ? { type: 'hang' } : { type: 'answer', answer: refusedHandshake('Bad Request', {}) }),

    admit(hub, ask) {
      const given = nodeValue(ask.query, 'CHANNEL_ID')
      // The real servers die of a repeated CHANNEL_ID; here it is a bad one.
      const ids = ask.query.repeated.has('CHANNEL_ID') ? null : readIds(given, settings.signatureKey, first)
      if (ids === null) return refuse(given)
      const mid = readMid(nodeValue(ask.query, 'mid'))
      const parts = ids.map((id) => id.privateId)
      const listed = first ? [...new Set(parts)] : parts
      return {
        type: 'accepted',
        channels: [...new Set(parts)],
        limited: ids.filter((id) => id.publicId !== null).map((id) => id.privateId),
        replay: mid === null ? [] : replayAfter(hub, listed, mid, first, ask.nowMs),
        lastMessageId: mid ?? newestMid(hub, parts, ask.nowMs),
      }
    },

    frames: (messages, nowMs) =>
      messages.length === 0 ? [] : [messages.map((message) => envelope(first, message, nowMs)).join('')],
    pollChunks: (messages, nowMs) => [messages.map((message) => envelope(first, message, nowMs)).join('')],
    // Only 1.0 lets a page read its headers on a 200.
    pollHeaders: () => ({ ...TEXT, ...ORIGIN, ...(first ? EXPOSE : {}) }),
    heldHeaders: (accepted) => ({
      ...TEXT,
      ...ORIGIN,
      ...EXPOSE,
      'Last-Message-Id': accepted.lastMessageId,
      Expires: 'Thu, 01 Jan 1973 11:11:01 GMT',
    }),
    eventChunks: () => [],
    publish: (hub, request) =>
      publishOverHttp(first, hub, request, (channels, body) =>
        submit(hub, channels, body, readExpiry(header(request.headers, 'message-expiry')), request.nowMs),
      ),
    submit: (hub, channels, draft, expiry, nowMs) => submit(hub, channels, draft.body, expiry, nowMs),
    remove: () => null,
  }

  function submit(hub: Hub, channels: readonly string[], body: string, expiry: number, nowMs: number): Delivery[] {
    const keepMs = first ? settings.historyTtlMs : Math.min(expiry * 1000, settings.historyTtlMs)
    const message = storeOnce(hub, channels, { body }, keepMs, nowMs)
    return channels.map((channel) => ({ channel, message }))
  }
}

function refusedHandshake(text: string, extra: Headers): HttpAnswer {
  return {
    status: 400,
    headers: { Connection: 'close', 'Content-type': 'text/html', ...extra, 'Content-Length': String(text.length) },
    body: text,
  }
}

/** 1.0 tells the moment of publishing and the channel; 2.0 the moment of sending, which changes with every replay. */
function envelope(first: boolean, message: Stored, nowMs: number): string {
  const atMs = first ? message.createdAtMs : nowMs
  const tag = String(Math.floor(atMs) % 1000).padStart(3, '0')
  return (
    `#!NGINXNMS!#{"id":${message.id},"mid":"${message.mid}","channel":"${first ? message.channel : '-'}","tag":"${tag}",` +
    `"time":"${httpDate(atMs)}","text":${message.body}}#!NGINXNME!#`
  )
}

/** All parts or nothing: one bad id refuses the whole connection. */
function readIds(given: string | null, key: string, first: boolean): readonly SignedId[] | null {
  if (given === null || given === '') return null
  const ids: SignedId[] = []
  for (const part of given.split('/')) {
    const id = readSignedId(part, key)
    if (id === null || (first && id.publicId !== null)) return null
    ids.push(id)
  }
  return ids
}

/** 26 digits, existing or not; everything else counts as absent. */
function readMid(text: string | null): string | null {
  return text !== null && /^\d{26}$/.test(text) ? text : null
}

function readExpiry(text: string | null): number {
  const seconds = Number(text ?? '')
  return Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0
}

/** One sorted list over all channels. 2.0 repeats a message that lies in two of them, 1.0 does not. */
function replayAfter(hub: Hub, channels: readonly string[], mid: string, dedupe: boolean, nowMs: number): Stored[] {
  const found = channels.flatMap((channel) =>
    storedMessages(hub, channel, nowMs).filter((message) => message.mid > mid),
  )
  const list = dedupe ? [...new Set(found)] : found
  return list.sort((a, b) => (a.mid < b.mid ? -1 : a.mid > b.mid ? 1 : 0))
}

function newestMid(hub: Hub, channels: readonly string[], nowMs: number): string {
  let newest = ''
  for (const channel of channels) {
    const mid = storedMessages(hub, channel, nowMs).at(-1)?.mid ?? ''
    if (mid > newest) newest = mid
  }
  return newest
}
