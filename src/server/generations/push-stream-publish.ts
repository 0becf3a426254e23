/**
 * Owns push-stream's publisher location: POST, statistics by GET, DELETE, and its answers. `Message-Expiry` means
 * nothing to this module: every message is kept for the configured time.
 */
import {
  BY_PORTAL,
  isAuthorised,
  peekTag,
  removeChannel,
  storeInChannel,
  storedMessages,
  type Hub,
  type Stored,
} from '../hub'
import type { PushStreamRelease } from '../options'
import { nginxValue } from '../query'
import type { Delivery, Headers, PublishRequest, PublishResult } from './generation'
import { header } from './generation'

export function publishOverHttp(release: PushStreamRelease, hub: Hub, request: PublishRequest): PublishResult {
  const early = release === '0.3.4'
  const base: Headers = early
    ? { 'Access-Control-Allow-Origin': '*', Connection: 'close' }
    : { Expires: 'Thu, 01 Jan 1970 00:00:01 GMT', 'Cache-Control': 'no-cache, no-store, must-revalidate' }
  const explained = (status: number, explain: string | null): PublishResult => ({
    answer: {
      status,
      headers: { 'Content-Length': '0', ...base, ...(explain ? { 'X-Nginx-PushStream-Explain': explain } : {}) },
      body: '',
    },
    deliveries: [],
    deleted: null,
  })

  const method = request.method === 'PUT' && !early ? 'POST' : request.method
  if (method === 'OPTIONS' && !early) return explained(200, null)
  if (method !== 'GET' && method !== 'POST' && method !== 'DELETE') {
    const refused = explained(405, null)
    return {
      ...refused,
      answer: { ...refused.answer, headers: { ...refused.answer.headers, Allow: 'GET, POST, DELETE' } },
    }
  }
  const list = nginxValue(request.query, 'CHANNEL_ID') ?? ''
  // 0.3.4 publishes to one channel at a time and takes a list for one long id.
  const ids = early ? [list] : list.split('/')
  if (ids.some((id) => id === '')) return explained(400, 'No channel id provided.')
  if (ids.some((id) => id.length > 32)) return explained(400, 'Channel id is too large.')

  const deliveries: Delivery[] = []
  if (method === 'POST') {
    if (request.body === '') return explained(400, 'Empty post requests are not allowed.')
    const draft = {
      body: request.body,
      eventId: header(request.headers, 'event-id'),
      eventType: header(request.headers, 'event-type'),
    }
    for (const id of ids) deliveries.push({ channel: id, message: storeInChannel(hub, id, draft, request.nowMs) })
  } else {
    for (const id of ids) isAuthorised(hub, id, request.nowMs) // forgets what has run out
    if (ids.some((id) => !hub.channels.has(id))) return explained(404, null)
  }
  if (method === 'DELETE') {
    const deleted = farewell(release, hub, ids[0]!, request.body, request.nowMs)
    return { ...explained(200, 'Channel deleted.'), deleted }
  }
  const body = statistics(release, hub, ids, request.nowMs)
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)), ...base }
  return { answer: { status: 200, headers, body }, deliveries, deleted: null }
}

/** Deletes a channel. 0.3.4 ignores the deleter's text and numbers its message; later releases number it 0 in 1970. */
export function farewell(
  release: PushStreamRelease,
  hub: Hub,
  channel: string,
  text: string | null,
  nowMs: number,
): Delivery | null {
  const tag = peekTag(hub, nowMs)
  if (!removeChannel(hub, channel)) return null
  const early = release === '0.3.4'
  const message: Stored = {
    channel,
    id: -2,
    tag: early ? tag : 0,
    mid: '',
    createdAtMs: early ? nowMs : 0,
    expiresAtMs: nowMs,
    body: early || text === null || text === '' ? 'Channel deleted' : text,
    eventId: null,
    eventType: null,
    ...BY_PORTAL,
  }
  return { channel, message }
}

function statistics(release: PushStreamRelease, hub: Hub, ids: readonly string[], nowMs: number): string {
  const number = (value: number) => (release === '0.5.5' ? String(value) : `"${value}"`)
  const infos = ids.map((id) => {
    const channel = hub.channels.get(id)
    const stored = storedMessages(hub, id, nowMs).length
    return (
      `{"channel": "${id}", "published_messages": ${number(channel?.published ?? 0)}, ` +
      `"stored_messages": ${number(stored)}, "subscribers": ${number(channel?.subscribers ?? 0)}}`
    )
  })
  if (infos.length === 1) return `${infos[0]}\r\n`
  const time = new Date(nowMs).toISOString().slice(0, 19)
  return (
    `{"hostname": "localhost", "time": "${time}", "channels": ${number(hub.channels.size)}, ` +
    `"wildcard_channels": ${number(0)}, "uptime": ${number(0)}, "infos": [\r\n${infos.join(',\r\n')}\r\n]}\r\n`
  )
}
