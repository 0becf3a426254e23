/**
 * Owns the vendor's Node servers as a generation: Push server 1.0 (version 3), text only, and 2.0 (version 4), where
 * each connection chooses between text and `binaryMode=true` (or, by option, `format=json`). What clients ask for lies in client-requests.ts.
 */
import { publicKey, storeOnce, type Draft, type Hub, type Stored } from '../hub'
import type { Settings } from '../options'
import { nodeValue, type RawQuery } from '../query'
import { readSignedId, type SignedId } from '../signature'
import { messagesResponse } from './binary-frames'
import { serveRequest } from './client-requests'
import type { Accepted, Admission, Delivery, Generation, Headers, HttpAnswer, Outgoing, Writing } from './generation'
import { header, httpDate } from './generation'
import { newestMid, readMid, replayAfter } from './node-cursor'
import { publishOverHttp, publishRequest, readExpiry } from './node-publish'

const ORIGIN: Headers = { 'Access-Control-Allow-Origin': '*' }
const EXPOSE: Headers = { 'Access-Control-Expose-Headers': 'Last-Message-Id' }
const PREFLIGHT: Headers = {
  'Access-Control-Allow-Methods': 'POST, GET, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'If-Modified-Since, If-None-Match',
}
const TEXT: Headers = { 'Content-Type': 'text/plain' }
/** The appliance's nginx names it one way, the PHP options another. */
const BROWSER_PUBLISH = ['/bitrix/rest/', '/bitrix/pubweb/']
const BYTES: Headers = { 'Content-Type': 'application/octet-stream' }

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
      how: 'protocol',
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
      if (!first && BROWSER_PUBLISH.some((prefix) => path.startsWith(prefix))) return 'client-publish'
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
      const ids = identify(ask.query)
      if (ids === null) return refuse(given)
      const mid = readMid(nodeValue(ask.query, 'mid'))
      // A public id is a channel of its own to the server, which its owner reads along with the private one.
      const parts = ids.flatMap((id) =>
        id.publicId === null ? [id.privateId] : [id.privateId, publicKey(id.publicId)],
      )
      const listed = first ? [...new Set(parts)] : parts
      const binary = !first && nodeValue(ask.query, 'binaryMode') === 'true'
      const json = !first && settings.jsonArray && nodeValue(ask.query, 'format') === 'json'
      return {
        type: 'accepted',
        channels: [...new Set(parts)],
        limited: ids.filter((id) => id.publicId !== null).map((id) => id.privateId),
        replay: mid === null ? [] : replayAfter(hub, listed, mid, first, ask.nowMs),
        lastMessageId: mid ?? newestMid(hub, parts, ask.nowMs),
        framing: binary ? 'binary' : json ? 'json' : 'text',
        author: authorOf(ids),
      }
    },

    frames: (items, writing) => (items.length === 0 ? [] : [write(items, writing)]),
    pollChunks: (messages, writing) => [write(messages, writing)],
    // Only 1.0 lets a page read its headers on a 200.
    pollHeaders: (_messages, { framing }) => ({
      ...(framing === 'binary' ? BYTES : TEXT),
      ...ORIGIN,
      ...(first ? EXPOSE : {}),
    }),
    heldHeaders: (accepted) => ({
      ...TEXT,
      ...ORIGIN,
      ...EXPOSE,
      'Last-Message-Id': accepted.lastMessageId,
      Expires: 'Thu, 01 Jan 1973 11:11:01 GMT',
    }),
    eventChunks: () => [],
    publish(hub, request) {
      // Asked by its address, not by its body: the portal's requests are trusted, those of pages are not.
      if (this.route(request.query.path) === 'client-publish') {
        if (request.method !== 'POST') return publishRequest(null)
        const author = authorOf(identify(request.query) ?? [])
        return publishRequest(serveRequest(hub, settings, author, request.bytes, request.nowMs))
      }
      if (!first && request.method === 'POST' && nodeValue(request.query, 'binaryMode') === 'true') {
        return publishRequest(serveRequest(hub, settings, { type: 'backend' }, request.bytes, request.nowMs))
      }
      const expiry = readExpiry(header(request.headers, 'message-expiry'))
      return publishOverHttp(first, hub, request, (channels, body) =>
        submit(hub, channels, { body, expiry }, request.nowMs),
      )
    },

    receive(hub, client, frame) {
      if (client.framing !== 'binary') return [] // whatever comes is ignored
      const data = frame.binary ? frame.data : null
      const outcome = serveRequest(hub, settings, client.author, data, frame.nowMs)
      switch (outcome.type) {
        case 'refused':
          return [{ type: 'close', code: outcome.code, reason: outcome.reason }]
        case 'published':
          return [{ type: 'deliver', deliveries: outcome.deliveries }]
        case 'answered':
          return [{ type: 'gather', response: outcome.response }]
        default:
          return outcome satisfies never
      }
    },

    statusChange: () => [],
    submit: (hub, channels, draft, expiry, nowMs) => submit(hub, channels, { ...draft, expiry }, nowMs),
    remove: () => null,
  }

  function identify(query: RawQuery): readonly SignedId[] | null {
    // The real servers die of a repeated CHANNEL_ID; here it is a bad one.
    if (query.repeated.has('CHANNEL_ID')) return null
    return readIds(nodeValue(query, 'CHANNEL_ID'), settings.signatureKey, first)
  }

  function submit(hub: Hub, channels: readonly string[], draft: Draft, nowMs: number): Delivery[] {
    // 1.0 keeps everything for the full time, whatever was asked.
    const kept = first ? { ...draft, expiry: Infinity } : draft
    const message = storeOnce(hub, channels, kept, settings.historyTtlMs, nowMs)
    return channels.map((channel) => ({ channel, message }))
  }

  function write(items: readonly Outgoing[], { framing, replay, nowMs }: Writing): string | Buffer {
    if (framing !== 'binary') {
      const messages = items.filter(isMessage)
      if (framing === 'json') return `[${messages.map((each) => jsonEnvelope(each, nowMs)).join(',')}]`
      return messages.map((each) => `#!NGINXNMS!#${envelope(first, each, each.body, nowMs)}#!NGINXNME!#`).join('')
    }
    const created = (message: Stored): number =>
      // The real server lets the text framing of the same message write milliseconds into it, cut to 32 bits.
      message.spoiled === true ? Math.floor(nowMs) % 4_294_967_296 : Math.floor(message.createdAtMs / 1000)
    if (replay) return messagesResponse(items.filter(isMessage), created)
    return Buffer.concat(items.map((each) => (isMessage(each) ? messagesResponse([each], created) : each)))
  }
}

function isMessage(item: Outgoing): item is Stored {
  return !Buffer.isBuffer(item)
}

/** A client publishes in the name of the first public id among its parts. */
function authorOf(ids: readonly SignedId[]): Accepted['author'] {
  const id = ids.find((each) => each.publicId !== null)?.publicId ?? null
  return id === null ? null : { type: 'client', id }
}

function refusedHandshake(text: string, extra: Headers): HttpAnswer {
  return {
    status: 400,
    headers: { Connection: 'close', 'Content-type': 'text/html', ...extra, 'Content-Length': String(text.length) },
    body: text,
  }
}

/** 1.0 tells the moment of publishing and the channel; 2.0 the moment of sending, which changes with every replay. */
function envelope(first: boolean, message: Stored, text: string, nowMs: number): string {
  const atMs = first ? message.createdAtMs : nowMs
  const tag = String(Math.floor(atMs) % 1000).padStart(3, '0')
  return (
    `{"id":${message.id},"mid":"${message.mid}","channel":"${first ? message.channel : '-'}","tag":"${tag}",` +
    `"time":"${httpDate(atMs)}","text":${text}}`
  )
}

/** Assumption: what is no JSON travels as a text, for the array itself has to stay JSON. */
function jsonEnvelope(message: Stored, nowMs: number): string {
  return envelope(false, message, isJson(message.body) ? message.body : JSON.stringify(message.body), nowMs)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
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
