/**
 * Owns the framing of version 5: JSON-RPC 2.0, alone or in batches, both ways, and the bare words `ping` and `mack:`
 * beside it. What the server asks for is answered by the link; answers to requests of ours are matched by their id.
 */
import type { Call, Codec, Decoded, Frame, Reply } from './codec'
import { decodeJson } from './json-frame'
import { bad, type Fields, isFields, toInteger, toMessage, toText } from './message-body'

/** Longest mid and longest id that are repeated to the server, in UTF-16 units. */
export const MAX_ECHO_LENGTH = 100

const TEMPLATE = /^\s*(#|$)/
const INTERNAL_ERROR = -32603
const NO_SUCH_METHOD = { code: -32601, message: 'Method not found' }

export const jsonRpcCodec: Codec = {
  decode(frame: Frame): readonly Decoded[] {
    if (frame === 'ping') return [{ type: 'reply', frame: 'pong' }]
    return decodeJson(frame, TEMPLATE, readItem)
  },
  call(calls: readonly Call[]): string {
    const list = calls.map(({ id, method, params }) => ({ jsonrpc: '2.0', method, params, id }))
    return JSON.stringify(list.length === 1 ? list[0] : list)
  },
}

function readItem(item: Fields, length: number): Decoded {
  const { method, id, error } = item
  if (method === 'incoming.message') return readMessage(Object(item['params']) as Fields, length)
  if (typeof method === 'string' && id !== undefined) return refusal(id)
  const answered = toInteger(id)
  if (answered === null || !(error || 'result' in item)) return bad('not-a-message', length)
  const { code, message } = Object(error) as Fields
  return {
    type: 'answer',
    id: answered,
    outcome: error
      ? { error: { code: toInteger(code) || INTERNAL_ERROR, message: toText(message) || '' } }
      : { result: item['result'] },
  }
}

function refusal(id: unknown): Reply {
  const known = typeof id === 'number' ? id : toEcho(id)
  return { type: 'reply', frame: JSON.stringify({ jsonrpc: '2.0', error: NO_SUCH_METHOD, id: known }) }
}

function readMessage(params: Fields, length: number): Decoded {
  const mid = toEcho(params['mid'])
  const { body, sender } = params
  // The order of PHP below version 5: the dictionary over the params, then what is meant for this user over both.
  const more = merged([params['dictionary'], params['user_params']])
  if (isFields(body) && Object.keys(more).length) body['params'] = merged([body['params'], more])
  const { type, id } = Object(sender) as Fields
  return toMessage(body || null, length, {
    mid,
    sender: isFields(sender)
      ? { type: toInteger(type) || 0, id: typeof id === 'number' ? String(id) : toText(id) }
      : null,
    receipt: mid && `mack:${mid}`,
  })
}

/** Later ones win. Only what was written as a key counts: `__proto__` is none. */
function merged(parts: readonly unknown[]): Fields {
  const sum: Fields = {}
  for (const part of parts.filter(isFields))
    for (const key of Object.keys(part)) if (key !== '__proto__') sum[key] = part[key]
  return sum
}

/** Text that is short enough to be sent back. */
function toEcho(value: unknown): string | null {
  const text = toText(value)
  return text && text.length <= MAX_ECHO_LENGTH ? text : null
}
