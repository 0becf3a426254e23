/**
 * Owns the publish address of the Node servers: how the portal posts, who is online, and the oddities of its answers
 * (2.0 says 200 to anything).
 */
import type { Hub } from '../hub'
import { nodeValue } from '../query'
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

function onlineStatistics(first: boolean, hub: Hub, ids: readonly string[]): string {
  const online = ids.filter((id) => (hub.channels.get(id)?.subscribers ?? 0) > 0)
  const infos = online.map((id) => `{"channel":"${id}","subscribers":1}`).join(',')
  return first ? `{ "infos": [${infos}]}` : `{"infos":[${infos}]}`
}
