/**
 * Owns what all framings share: the limits of a frame, what counts as a message, and reading the fields that the text
 * template and the JSON array have in common. A body is foreign: it is checked for its two names and for nothing else.
 */
import type { BadMessage, Frame, Message, MessageBody, SystemMessage } from './codec'

/** Longest frame looked at, in UTF-16 units (bytes of a binary frame). 3000 stored messages are 1.2 million; a day may be more. */
export const MAX_FRAME_LENGTH = 64 * 1024 * 1024
/** Most pieces read from one frame (messages, answers, channels of an answer, lines); the rest is one `too-many`. */
export const MAX_PIECES = 200_000

/** What a message says that nobody can read. */
const NOTHING: MessageBody = { module_id: '', command: '' }

export type Fields = Record<string, unknown>

/** By the negated id. */
const SYSTEM_NAMES: readonly SystemMessage['name'][] = ['unknown', 'ping', 'channel-deleted', 'poll-timeout']

export function sizeOf(frame: Frame): number {
  return typeof frame === 'string' ? frame.length : frame.byteLength
}

export function textOf(frame: Frame): string {
  return typeof frame === 'string' ? frame : new TextDecoder().decode(frame)
}

export function bad(reason: BadMessage['reason'], length: number, placed: Message | null = null): BadMessage {
  return { type: 'bad', reason, length, placed }
}

/** `undefined` when it is not JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A frame of the server itself has an id below 0. */
export function toSystem(fields: Fields): SystemMessage | null {
  const id = toInteger(fields['id'])
  if (id === null || id >= 0) return null
  return { type: 'system', name: SYSTEM_NAMES[-id] || 'unknown', channel: toText(fields['channel']) }
}

/** A message from the fields of an envelope. */
export function fromEnvelope(fields: Fields, body: unknown, length: number): Message | BadMessage {
  const time = toText(fields['time'])
  const timeAtMs = Date.parse(time || '')
  return toMessage(body, length, {
    id: toInteger(fields['id']),
    mid: toMid(fields['mid']),
    channel: toText(fields['channel']),
    tag: toInteger(fields['tag']),
    time,
    timeAtMs: isNaN(timeAtMs) ? null : timeAtMs,
  })
}

/** A message, if the body is one; what its framing does not tell is `null`. */
export function toMessage(
  body: unknown,
  length: number,
  told: Partial<Message> & Pick<Message, 'mid'>,
): Message | BadMessage {
  const untold = { id: null, channel: null, tag: null, time: null, timeAtMs: null, sender: null, createdAtMs: null }
  const read = isBody(body) ? body : NOTHING
  const message = Object.assign({ type: 'message' as const, body: read, receipt: null }, untold, told)
  return read === body ? message : bad(body === undefined ? 'not-json' : 'not-a-message', length, message)
}

/** Only an object that came as JSON can have these: no other kind of value has members of such names. */
function isBody(value: unknown): value is MessageBody {
  const body = value as Partial<MessageBody> | null | undefined
  return !!body && typeof body.module_id === 'string' && typeof body.command === 'string'
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && !!value
}

/** Anything but 26 digits is no mid of a Node server. */
export function toMid(value: unknown): string | null {
  return typeof value === 'string' && /^\d{26}$/.test(value) ? value : null
}

/** Numbers come bare, quoted, or as the weak entity tag of push-stream 0.5 (`W/6`). */
export function toInteger(value: unknown): number | null {
  const digits = typeof value !== 'object' && /^(?:W\/)?(-?\d+)$/.exec(String(value))
  return digits && Number.isSafeInteger(Number(digits[1])) ? Number(digits[1]) : null
}

export function toText(value: unknown): string | null {
  return typeof value === 'string' && value && value !== '-' ? value : null
}
