/**
 * Owns the publish addresses of the Node servers: how the portal posts text, who is online, the oddities of its answers
 * (2.0 says 200 to anything), and the HTTP form of what a binary request came to.
 */
import { isOnline, type Hub } from '../hub'
import { nodeValue } from '../query'
import type { Outcome } from './client-requests'
import type { Delivery, Headers, PublishRequest, PublishResult } from './generation'

export function publishOverHttp(
  first: boolean,
  hub: Hub,
  request: PublishRequest,
  submit: (channels: readonly string[], body: string) => readonly Delivery[],
): PublishResult {
  const headers: Headers = { 'Content-Type': 'text/plain', ...(first ? {} : { 'Access-Control-Allow-Origin': '*' }) }
  const answer = (status: number, body = ''): PublishResult => ({
    answer: { status, headers, body },
    deliveries: [],
    deleted: null,
  })
  if (request.method !== 'POST' && request.method !== 'GET') {
    return request.method === 'OPTIONS' ? answer(200) : answer(404)
  }
  const list = nodeValue(request.query, 'CHANNEL_ID') ?? ''
  const ids = list === '' ? [] : list.split('/')
  const sound = ids.length > 0 && ids.every((id) => /^[a-f0-9]{32}$/.test(id))
  if (request.method === 'GET') {
    if (ids.length === 0)
      return first ? answer(400, 'No channel id provided.') : answer(400, '4017: No channels found.')
    return answer(200, onlineStatistics(first, hub, ids))
  }
  if (first) {
    if (ids.length === 0) return answer(400, 'No channel id provided.')
    if (!sound) return answer(400, 'Channel id is not correct.')
    if (request.body === '') return answer(400, 'Empty post requests are not allowed.')
  } else if (!sound || request.body === '') {
    return answer(200) // answered before anything is checked; nothing is sent
  }
  return { ...answer(200), deliveries: submit(ids, request.body) }
}

/** Null = not even a request: a wrong method, preflights included. */
export function publishRequest(outcome: Outcome | null): PublishResult {
  const origin = { 'Access-Control-Allow-Origin': '*' }
  const text = { 'Content-Type': 'text/plain', ...origin }
  const answer = (status: number, body = ''): PublishResult => ({
    answer: { status, headers: text, body },
    deliveries: [],
    deleted: null,
  })
  switch (outcome?.type) {
    case undefined:
      return answer(404)
    case 'refused':
      return answer(400, outcome.reason)
    case 'published':
      return { ...answer(200), deliveries: outcome.deliveries }
    case 'answered': {
      const headers = { 'Content-Type': 'application/octet-stream', ...origin }
      return { ...answer(200), answer: { status: 200, headers, body: outcome.response } }
    }
    default:
      return outcome satisfies never
  }
}

function onlineStatistics(first: boolean, hub: Hub, ids: readonly string[]): string {
  const online = ids.filter((id) => isOnline(hub, id))
  const infos = online.map((id) => `{"channel":"${id}","subscribers":1}`).join(',')
  return first ? `{ "infos": [${infos}]}` : `{"infos":[${infos}]}`
}

/** `Message-Expiry` in seconds; what is no number counts as absent. */
export function readExpiry(text: string | null): number {
  const seconds = Number(text ?? '')
  return Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0
}
