/**
 * Owns Push server 3.0 (version 5) as a generation: JSON-RPC over WebSocket, a token instead of channel ids, bare
 * pings. It is closed source and could not be recorded, so what documentation leaves open is an assumption, and says so.
 */
import { publicKey, storeOnce, type Stored } from '../hub'
import { readToken } from '../jwt'
import type { Settings } from '../options'
import { nodeValue } from '../query'
import type { Generation, Headers, HttpAnswer, Outgoing, Reaction } from './generation'
import { header } from './generation'
import { answerFrame } from './json-rpc'
import { newestMid, readMid, replayAfter } from './node-cursor'
import { publishOverHttp, readExpiry } from './node-publish'
import { callMethod, statusKey, type UserDirectory } from './rpc-methods'

const TEXT: Headers = { 'Content-Type': 'text/plain', 'Access-Control-Allow-Origin': '*' }
/** Assumption: a token that is missing, foreign or over is answered like this. */
const UNAUTHORIZED: HttpAnswer = { status: 401, headers: TEXT, body: 'Unauthorized' }
/** Assumption: there is nothing but the WebSocket. */
const NOT_FOUND: HttpAnswer = { status: 404, headers: TEXT, body: '' }

export function createRpcServer(settings: Settings, users: UserDirectory): Generation {
  const { signatureKey, historyTtlMs } = settings
  const crowded = '4029: Too many connections'

  return {
    ping: {
      how: 'text',
      payload: 'ping',
      answer: 'echo',
      messageRestarts: false,
      unansweredLimit: 3, // two stay unanswered, the third is not sent
      dropsUntilPong: false,
    },
    batch: { min: 1, max: 1 },
    closeEcho: 'same',
    connectionLimit: Infinity,
    upgradeHeaders: {},
    eventHead: { headers: {}, hello: '', ping: '' },
    crowded: { code: 4029, reason: crowded, answer: { status: 429, headers: TEXT, body: crowded } },

    route(path) {
      if (path.startsWith('/bitrix/subws/')) return 'websocket'
      return path.startsWith('/bitrix/pub/') ? 'publish' : null
    },
    stray: () => NOT_FOUND,
    strayUpgrade: () => ({ type: 'answer', answer: NOT_FOUND }),

    admit(hub, ask) {
      const claims = readToken(nodeValue(ask.query, 'token') ?? '', signatureKey, ask.nowMs)
      if (claims === null) {
        return { type: 'refused', answer: UNAUTHORIZED, upgrade: { type: 'answer', answer: UNAUTHORIZED } }
      }
      const listed = claims.chan.split(',').filter((id) => id !== '')
      // The token names the user, not his channels: those are the server's own knowledge.
      const userId = claims.sub === undefined ? NaN : Number(claims.sub)
      const own = Number.isInteger(userId) ? users.channelIdsOf(userId) : null
      // Without a user the token lists everything, a public id among it; which one does not show.
      const channels = new Set(own === null ? listed.flatMap((id) => [id, publicKey(id)]) : [own.privateId, ...listed])
      if (own?.publicId) channels.add(publicKey(own.publicId))
      const mid = readMid(nodeValue(ask.query, 'mid'))
      return {
        type: 'accepted',
        channels: [...channels],
        limited: [],
        replay: mid === null ? [] : replayAfter(hub, [...channels], mid, false, ask.nowMs),
        lastMessageId: mid ?? newestMid(hub, [...channels], ask.nowMs),
        framing: 'json-rpc',
        author: own === null ? null : { type: 'client', id: String(userId) },
      }
    },

    frames(items) {
      const notes = items.filter(isMessage).map(notification)
      return notes.length === 0 ? [] : [JSON.stringify(notes.length === 1 ? notes[0] : notes)]
    },
    pollChunks: () => [],
    pollHeaders: () => TEXT,
    heldHeaders: () => TEXT,
    eventChunks: () => [],

    publish(hub, request) {
      const expiry = readExpiry(header(request.headers, 'message-expiry'))
      return publishOverHttp(false, hub, request, (channels, body) => {
        const message = storeOnce(hub, channels, { body, expiry }, historyTtlMs, request.nowMs)
        return channels.map((channel) => ({ channel, message }))
      })
    },

    receive(hub, client, { data, binary, nowMs }) {
      const text = binary ? '' : data.toString('utf8')
      if (text === 'pong') return [{ type: 'pong' }]
      if (text.startsWith('mack:')) return [{ type: 'acknowledged', mid: text.slice(5) }]
      const reactions: Reaction[] = []
      const call = { hub, client, signatureKey, historyTtlMs, users, nowMs }
      const answer = answerFrame(text, (method, params) => {
        const outcome = callMethod(call, method, params)
        reactions.push(...outcome.reactions)
        return outcome.answer
      })
      // The answer goes first: whoever publishes to himself knows that it went out before it comes in.
      return answer === null ? reactions : [{ type: 'send', text: answer }, ...reactions]
    },

    statusChange(hub, userId, online, nowMs) {
      const body = { module_id: 'online', command: 'userStatusChange', params: { user_id: userId, online } }
      const channel = statusKey(userId)
      return [{ channel, message: storeOnce(hub, [channel], { body: JSON.stringify(body) }, historyTtlMs, nowMs) }]
    },

    submit(hub, channels, draft, expiry, nowMs) {
      const message = storeOnce(hub, channels, { ...draft, expiry }, historyTtlMs, nowMs)
      return channels.map((channel) => ({ channel, message }))
    },
    remove: () => null,
  }
}

function isMessage(item: Outgoing): item is Stored {
  return !Buffer.isBuffer(item)
}

function notification({ mid, body, sender, userParams, dictionary }: Stored): object {
  const params = {
    mid,
    body: parsed(body),
    sender: sender.type === 'client' ? { type: 1, id: sender.id } : { type: 2 },
    ...(userParams === null ? {} : { user_params: userParams }),
    ...(dictionary === null ? {} : { dictionary }),
  }
  return { jsonrpc: '2.0', method: 'incoming.message', params }
}

/** Assumption: what is no JSON travels as a text, for the frame itself has to stay JSON. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}
