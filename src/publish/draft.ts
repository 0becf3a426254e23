/**
 * Owns what may be sent: the check of a message, and its parts. The limits are those of the push server: 100 receivers
 * and 1 MiB of a request; it closes the connection of who does not keep to them. Pure.
 */
import type { PublicChannelId } from '../codec/codec'
import { PullError } from '../core/pull-error'
import { isRecord, toRecord } from '../portal/foreign-value'

/** Who gets a message: at least one user or channel. */
export interface SendTarget {
  /** User ids. Version 4 asks the portal for their public channels. */
  readonly users?: readonly number[]
  /** Public channels, as `'id.signature'` or in two fields. */
  readonly channels?: readonly (string | { readonly publicId: string; readonly signature: string })[]
}

export interface SendMessage {
  readonly to: SendTarget
  readonly module: string
  readonly command: string
  /** Anything JSON can write, as it is now: a later change is not sent. @default {} */
  readonly params?: unknown
  /**
   * Whole seconds, up to 86400, that the server keeps it for who is not connected; while nothing is connected here it
   * waits as long. 0 reaches only who is connected now. @default 0
   */
  readonly expiry?: number
}

/** A user, or a channel that needs no asking. */
export type Receiver = number | PublicChannelId

/** A message that is as it should be. */
export interface Draft {
  /** JSON text of `{module_id, command, params}`. */
  readonly body: string
  readonly expiry: number
  readonly users: readonly number[]
  /** At most 100 in each: every part is a message of its own to the server. */
  readonly parts: readonly (readonly Receiver[])[]
  /** Bytes that the body may take. */
  readonly size: number
}

export const PER_MESSAGE = 100
/** What a request may hold; the rest of 1 MiB is for what is written around bodies and receivers. */
export const REQUEST_BYTES = 1_000_000
/** An id with its signature, written as text. */
export const RECEIVER_BYTES = 100
const BODY_BYTES = REQUEST_BYTES - PER_MESSAGE * RECEIVER_BYTES
const DAY_S = 86_400

/** @throws PullError `bad-option` that lists everything that is wrong */
export function draftOf(message: unknown): Draft {
  const problems: string[] = []
  const check = (isFine: boolean, problem: string): unknown => isFine || problems.push(problem)
  const { to, module, command, params = {}, expiry = 0 } = toRecord(message)
  const { users = [], channels = [] } = toRecord(to)
  const isUsers = Array.isArray(users) && users.every(Number.isSafeInteger)
  const found = Array.isArray(channels) ? channels.map(toChannel) : [null]
  const body = toJson({ module_id: module, command, params })
  const size = new TextEncoder().encode(body || '').length
  // Who is named twice would get it twice.
  const receivers = new Map<unknown, Receiver>()
  if (isUsers) (users as number[]).forEach((user) => receivers.set(user, user))
  found.forEach((channel) => channel && receivers.set(channel.id, channel))
  check(isUsers, 'to.users must be a list of whole numbers')
  check(!found.includes(null), "to.channels must be a list of 'id.signature'")
  check(!!receivers.size, 'to must name users or channels')
  check(isText(module), 'module must be a text')
  check(isText(command), 'command must be a text')
  check(!!body, 'params must be what JSON can write')
  check(isSeconds(expiry), `expiry must be whole seconds from 0 to ${DAY_S}`)
  check(size <= BODY_BYTES, `${size} bytes of JSON are too large: at most ${BODY_BYTES} can be sent`)
  if (problems.length) throw new PullError('bad-option', `send(): ${problems.join('; ')}`, { facts: { problems } })
  const everybody = Array.from(receivers.values())
  const parts: Receiver[][] = []
  for (let at = 0; at < everybody.length; at += PER_MESSAGE) {
    parts.push(everybody.slice(at, at + PER_MESSAGE))
  }
  return {
    body: body as string,
    expiry: expiry as number,
    users: everybody.filter((one): one is number => typeof one === 'number'),
    parts,
    size,
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isSeconds(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= DAY_S
}

/** An unsigned channel is right where the portal has no signature key. */
function toChannel(given: unknown): PublicChannelId | null {
  const { publicId, signature = '' } = toRecord(given)
  const found = /^([\da-f]{32})(?:\.([\da-f]{40})?)?$/i.exec(
    String(isRecord(given) ? `${publicId}.${signature}` : given),
  )
  return found && { id: (found[1] as string).toLowerCase(), signature: (found[2] || '').toLowerCase() }
}

function toJson(body: { readonly [key: string]: unknown }): string | null {
  try {
    // A function has no JSON: its key would be left out without a word.
    return JSON.stringify(body['params']) === undefined ? null : JSON.stringify(body)
  } catch {
    return null
  }
}
