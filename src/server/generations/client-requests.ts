/**
 * Owns what becomes of a binary request to Push server 2.0, from a client (WebSocket or POST rest) or from the portal
 * (POST pub): the codes of refusal, what is published to whom, the statistics answered.
 */
import { isOnline, publicKey, storeOnce, type Hub, type Sender } from '../hub'
import { publicSignature } from '../signature'
import {
  channelStatsResponse,
  readRequest,
  serverStatsResponse,
  type ClientRequest,
  type Receiver,
} from './binary-frames'
import type { Delivery } from './generation'

export type Outcome =
  | { readonly type: 'refused'; readonly code: number; readonly reason: string }
  | { readonly type: 'published'; readonly deliveries: readonly Delivery[] }
  | { readonly type: 'answered'; readonly response: Buffer }

export interface RequestRules {
  readonly signatureKey: string
  readonly historyTtlMs: number
}

/** Messages of one request, and channels over all of them. */
const MOST = 100

const REASONS = {
  4012: 'Public Channel Id is Required.',
  4013: 'Wrong Request Data.',
  4014: 'Request command is not allowed.',
  4016: 'Request exceeded the maximum number of messages.',
  4017: 'No channels found.',
  4018: 'Request exceeded the maximum number of channels.',
  4019: 'Request has an invalid channel id.',
  4020: 'Private channel is not allowed.',
  4021: 'Channel has an invalid signature.',
} as const

type Code = keyof typeof REASONS

/** `author` is null for a client without a public channel, `data` for what cannot be a request at all: a text frame. */
export function serveRequest(
  hub: Hub,
  rules: RequestRules,
  author: Sender | null,
  data: Buffer | null,
  nowMs: number,
): Outcome {
  // Asked first: without a public channel even garbage is answered 4012.
  if (author === null) return refused(4012)
  const request = data === null ? null : readRequest(data)
  if (request === null) return refused(4013)
  const code = fault(request, rules, author)
  if (code !== null) return refused(code)
  switch (request.type) {
    case 'messages':
      return { type: 'published', deliveries: publish(hub, rules, author, request.messages, nowMs) }
    case 'channel-stats': {
      const channels = request.channels.map((each) => {
        const { id, isPrivate } = each
        return { id, isPrivate, isOnline: isOnline(hub, keyOf(each)) }
      })
      return { type: 'answered', response: channelStatsResponse(channels) }
    }
    case 'server-stats':
      return { type: 'answered', response: serverStatsResponse(statistics(hub, nowMs)) }
    default:
      return request satisfies never
  }
}

function fault(request: ClientRequest, rules: RequestRules, author: Sender): Code | null {
  switch (request.type) {
    case 'server-stats':
      return author.type === 'client' ? 4014 : null
    case 'channel-stats':
      return channelFault(request.channels, rules, author)
    case 'messages': {
      const { messages } = request
      if (messages.length > MOST) return 4016
      if (messages.some(({ receivers }) => receivers.length === 0)) return 4017
      return messages.length === 0
        ? null
        : channelFault(
            messages.flatMap(({ receivers }) => receivers),
            rules,
            author,
          )
    }
    default:
      return request satisfies never
  }
}

function channelFault(channels: readonly Receiver[], rules: RequestRules, author: Sender): Code | null {
  if (channels.length === 0) return 4017
  if (channels.length > MOST) return 4018
  for (const { id, isPrivate, signature } of channels) {
    if (id.length !== 32) return 4019
    if (author.type === 'backend') continue
    if (isPrivate) return 4020
    if (signature !== publicSignature(id, rules.signatureKey)) return 4021
  }
  return null
}

function publish(
  hub: Hub,
  rules: RequestRules,
  author: Sender,
  messages: Extract<ClientRequest, { type: 'messages' }>['messages'],
  nowMs: number,
): Delivery[] {
  return messages.flatMap(({ receivers, body, expiry }) => {
    const keys = receivers.map(keyOf)
    const message = storeOnce(hub, keys, { body, sender: author, expiry }, rules.historyTtlMs, nowMs)
    // A receiver listed twice gets it twice, with one mid.
    return keys.map((channel) => ({ channel, message }))
  })
}

function keyOf(receiver: Receiver): string {
  return receiver.isPrivate ? receiver.id : publicKey(receiver.id)
}

function statistics(hub: Hub, nowMs: number): string {
  const channels = [...hub.channels.values()].filter((channel) => channel.subscribers > 0).length
  const limits = {
    maxPayload: 1_048_576,
    maxConnPerChannel: 100,
    maxMessagesPerRequest: MOST,
    maxChannelsPerRequest: MOST,
  }
  const process = { pid: 1, date: Math.floor(nowMs), processUniqueId: 'local', channels, limits, clusterMode: false }
  return JSON.stringify([process])
}

function refused(code: Code): Outcome {
  return { type: 'refused', code, reason: `${code}: ${REASONS[code]}` }
}
