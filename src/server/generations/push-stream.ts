/**
 * Owns nginx with the push-stream module as a generation: who is let in, what headers go out, what publishing answers.
 * Framing lies in push-stream-text.ts, resuming in push-stream-cursor.ts.
 */
import { isAuthorised, storeInChannel, type Stored } from '../hub'
import type { PushStreamRelease, Settings } from '../options'
import type { Accepted, Admission, Ask, Delivery, Generation, Headers, HttpAnswer, UpgradeRefusal } from './generation'
import { httpDate } from './generation'
import { readParts, replayOf } from './push-stream-cursor'
import { farewell, publishOverHttp } from './push-stream-publish'
import { envelope, eventChunks } from './push-stream-text'

const NO_CACHE: Headers = {
  Expires: 'Thu, 01 Jan 1970 00:00:01 GMT',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
}
const PING = {
  how: 'protocol',
  payload: '',
  messageRestarts: true,
  unansweredLimit: null,
  dropsUntilPong: false,
} as const
const UNKNOWN = 'Subscriber could not create channels.'

export function createPushStream(settings: Settings): Generation {
  const release = settings.pushStream
  const early = release === '0.3.4'
  const cors = corsHeaders(release)
  const noCache = early ? {} : NO_CACHE
  const pollType = early ? 'text/html; charset=utf-8' : 'application/octet-stream'

  function polling(second: number, tag: number): Headers {
    const etag = release === '0.5.5' ? `W/${tag}` : String(tag)
    return { 'Content-Type': pollType, 'Last-Modified': httpDate(second * 1000), ...cors, ...noCache, Etag: etag }
  }

  function refuse(ask: Ask, status: number, explain: string): Admission {
    const headers = { ...(ask.kind === 'websocket' ? {} : cors), ...noCache, 'X-Nginx-PushStream-Explain': explain }
    const answer: HttpAnswer = { status, headers: { 'Content-Length': '0', ...headers }, body: '' }
    return { type: 'refused', answer, upgrade: refusedUpgrade(release, answer, explain) }
  }

  return {
    ping: { ...PING, answer: release === '0.5.5' ? 'empty' : 'none' },
    batch: null,
    closeEcho: release === '0.5.5' ? 'fin-unless-empty' : 'empty',
    connectionLimit: Infinity,
    upgradeHeaders: noCache,
    eventHead: {
      headers: {
        'Content-Type': 'text/event-stream; charset=utf-8',
        ...(early ? { Connection: 'close' } : {}),
        ...cors,
        ...noCache,
      },
      hello: early ? ':\r\n' : release === '0.4.0' ? ': \r\n' : ': \n',
      ping: release === '0.5.5' ? ': -1\n' : ': -1\r\n',
    },
    crowded: { code: 1008, reason: '', answer: { status: 503, headers: {}, body: '' } },

    route(path) {
      if (path === '/bitrix/sub/') return 'poll'
      if (path === '/bitrix/subws/') return 'websocket'
      if (path === '/bitrix/subsse/') return settings.sse ? 'sse' : null
      return path === '/bitrix/pub/' ? 'publish' : null
    },

    stray(kind, method) {
      if (kind === null) return { status: 404, headers: { 'Content-Type': 'text/html' }, body: '' }
      if (kind === 'websocket') {
        if (method !== 'GET') return { status: 405, headers: { 'Content-Length': '0', Allow: 'GET' }, body: '' }
        const explain =
          "Don't have at least one of the mandatory headers: Connection, Upgrade, Sec-WebSocket-Key and Sec-WebSocket-Version"
        return {
          status: 400,
          headers: { 'Content-Length': '0', ...noCache, 'X-Nginx-PushStream-Explain': explain },
          body: '',
        }
      }
      if (method === 'OPTIONS') return { status: 200, headers: { 'Content-Length': '0', ...cors }, body: '' }
      if (method === 'GET') return null
      return { status: 405, headers: { 'Content-Length': '0', ...cors, ...noCache, Allow: 'GET' }, body: '' }
    },

    strayUpgrade: () => ({
      type: 'answer',
      answer: { status: 404, headers: { 'Content-Type': 'text/html' }, body: '' },
    }),

    admit(hub, ask) {
      if (!early && ask.kind === 'long-polling' && ask.query.raw.has('callback')) {
        // The vendor's nginx refuses JSONP itself: no header of the module, so a page on another origin sees nothing.
        const answer = { status: 400, headers: { 'Content-Type': 'text/html', Connection: 'close' }, body: BAD_REQUEST }
        return { type: 'refused', answer, upgrade: { type: 'answer', answer } }
      }
      const parts = readParts(release, ask)
      if (parts === null) return refuse(ask, 400, 'No channel id provided.')
      if (parts.some((part) => part.id.length > 32)) return refuse(ask, 400, 'Channel id is too large.')
      if (parts.some((part) => part.id.includes('*') || part.id === 'ALL')) {
        return refuse(ask, 403, 'Channel id not authorized for this method.')
      }
      if (!parts.every((part) => isAuthorised(hub, part.id, ask.nowMs))) return refuse(ask, 403, UNKNOWN)
      return {
        type: 'accepted',
        channels: parts.map((part) => part.id),
        limited: [],
        replay: replayOf(release, hub, ask, parts),
        lastMessageId: '',
        framing: 'text',
        author: null,
      }
    },

    frames: (items) =>
      items.map((each) => (Buffer.isBuffer(each) ? each : envelope(release, each, 'frame', each.body))),
    pollChunks: (messages) =>
      messages.map((message) => envelope(release, message, 'frame', message.body) + (early ? '\r\n' : '')),
    pollHeaders(messages, { nowMs }) {
      const { second, tag } = newest(messages, nowMs)
      return { ...polling(second, tag), ...(early ? { Connection: 'close' } : {}) }
    },
    heldHeaders: (_accepted: Accepted, nowMs) => ({ ...polling(Math.floor(nowMs / 1000), 0), 'Content-Length': '0' }),
    eventChunks: (message) => eventChunks(release, message),
    publish: (hub, request) => publishOverHttp(release, hub, request),
    receive: () => [],
    statusChange: () => [],

    submit(hub, channels, draft, _expiry, nowMs) {
      return channels.map((channel): Delivery => ({ channel, message: storeInChannel(hub, channel, draft, nowMs) }))
    },

    remove: (hub, channel, text, nowMs) => farewell(release, hub, channel, text, nowMs),
  }
}

function corsHeaders(release: PushStreamRelease): Headers {
  return {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'GET',
    'Access-Control-Allow-Headers':
      release === '0.3.4'
        ? 'If-Modified-Since,If-None-Match'
        : 'If-Modified-Since,If-None-Match,Etag,Event-Id,Event-Type,Last-Event-Id',
  }
}

function refusedUpgrade(release: PushStreamRelease, answer: HttpAnswer, explain: string): UpgradeRefusal {
  if (release === '0.3.4') return { type: 'answer', answer }
  if (explain === 'No channel id provided.') return { type: 'end' }
  return { type: 'close', code: 1008, reason: `{"http_status": ${answer.status}, "explain":"${explain}"}` }
}

/** Position of an answer: its greatest (time, tag), which need not be that of its last message. */
function newest(messages: readonly Stored[], nowMs: number): { second: number; tag: number } {
  let second = -1
  let tag = 0
  for (const message of messages) {
    if (message.id < 0) continue
    const itsSecond = Math.floor(message.createdAtMs / 1000)
    if (itsSecond > second || (itsSecond === second && message.tag > tag)) {
      second = itsSecond
      tag = message.tag
    }
  }
  // A deletion message alone: the time of the answer, tag 0.
  return second < 0 ? { second: Math.floor(nowMs / 1000), tag: 0 } : { second, tag }
}

const BAD_REQUEST =
  '<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n</body>\r\n</html>\r\n'
