/**
 * Owns the methods a client may call on Push server 3.0 and what each leads to. The server is closed source: names,
 * parameters and results are documented, everything else here is an assumption.
 */
import { publicKey, storeOnce, type Hub } from '../hub'
import { publicSignature } from '../signature'
import type { Accepted, Reaction } from './generation'
import { isObject, type CallResult, type Params } from './json-rpc'

/** What the queue server knows from the portal, and who is here. */
export interface UserDirectory {
  channelIdsOf(userId: number): { readonly privateId: string; readonly publicId: string | null }
  lastSeen(userIds: readonly number[]): Record<string, number>
}

export interface RpcCall {
  readonly hub: Hub
  readonly client: Accepted
  readonly signatureKey: string
  readonly historyTtlMs: number
  readonly users: UserDirectory
  readonly nowMs: number
}

export interface CallOutcome {
  readonly answer: CallResult
  readonly reactions: readonly Reaction[]
}

const MOST_CHANNELS = 100

export function callMethod(call: RpcCall, method: string, params: Params): CallOutcome {
  switch (method) {
    case 'ping':
      return done({})
    case 'listChannels':
      return done(call.client.channels.filter((id) => !id.includes(':')))
    case 'getUsersLastSeen': {
      const { userList } = params
      return isUserList(userList) ? done(call.users.lastSeen(userList)) : failed(-32602)
    }
    case 'subscribeStatusChange':
    case 'unsubscribeStatusChange': {
      const { userId } = params
      if (!isUserId(userId)) return failed(-32602)
      const type = method === 'subscribeStatusChange' ? 'listen' : 'unlisten'
      return done({}, { type, channel: statusKey(userId) })
    }
    case 'publish':
      return publish(call, params)
    default:
      return failed(-32601)
  }
}

/** Channel on which changes of a user's presence go out. */
export function statusKey(userId: number): string {
  return `status:${userId}`
}

function publish({ hub, client, signatureKey, historyTtlMs, users, nowMs }: RpcCall, params: Params): CallOutcome {
  const { userList = [], channelList = [], body, expiry = 0 } = params
  if (client.author === null || !isUserList(userList) || !Array.isArray(channelList)) return failed(-32602)
  if (!isObject(body) || typeof body.module_id !== 'string' || typeof body.command !== 'string') return failed(-32602)
  if (typeof expiry !== 'number' || !(expiry >= 0)) return failed(-32602)
  const named = channelList.map((each) => readPublicId(each, signatureKey))
  const ids = [...named, ...userList.map((userId) => users.channelIdsOf(userId).publicId)]
  const keys = ids.flatMap((id) => (id === null ? [] : [publicKey(id)]))
  if (keys.length < ids.length || keys.length === 0 || keys.length > MOST_CHANNELS) return failed(-32602)
  const draft = { body: JSON.stringify(body), expiry: Math.floor(expiry), sender: client.author }
  const message = storeOnce(hub, keys, draft, historyTtlMs, nowMs)
  return done({}, { type: 'deliver', deliveries: keys.map((channel) => ({ channel, message })) })
}

/** `pub.sig`, or the two apart; null when the signature is not the portal's. */
function readPublicId(given: unknown, key: string): string | null {
  const [id, signature] =
    typeof given === 'string' ? given.split('.') : isObject(given) ? [given.publicId, given.signature] : []
  if (typeof id !== 'string' || !/^[a-f0-9]{32}$/.test(id)) return null
  return signature === publicSignature(id, key) ? id : null
}

function isUserId(value: unknown): value is number {
  return Number.isInteger(value)
}

function isUserList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isUserId)
}

function done(result: unknown, ...reactions: Reaction[]): CallOutcome {
  return { answer: { type: 'result', result }, reactions }
}

function failed(code: -32601 | -32602): CallOutcome {
  return { answer: { type: 'error', code }, reactions: [] }
}
