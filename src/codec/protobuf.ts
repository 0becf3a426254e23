/**
 * Owns the binary framing of version 4: `ResponseBatch` into messages and answers; requests are written in
 * protobuf-requests.ts. Read are the fields that mean something here; all others, known or not, are skipped by wire type.
 */
import type { ChannelState, Codec, Decoded, Frame, MessageSender } from './codec'
import { bad, MAX_FRAME_LENGTH, MAX_PIECES, parse, toInteger, toMessage, toMid } from './message-body'
import { channelStats, publish } from './protobuf-requests'
import { pushStreamText } from './push-stream-text'

/** Longest id read, in bytes: a mid has 13, ids of channels and senders 16. */
export const MAX_ID_BYTES = 64
const DIGITS = '0123456789abcdef'
/** By wire type. Groups (3, 4) ended with proto2, 6 and 7 never were: there is no telling where those end. */
const LENGTHS = [0, 8, NaN, NaN, NaN, 4]
/** Field numbers have 29 bits. */
const MAX_TAG = 2 ** 32
/** Of the byte behind the longest varint: ten bytes of 7 bits each. */
const MAX_SCALE = 2 ** 70

export const protobufCodec: Codec = {
  decode(frame: Frame): readonly Decoded[] {
    if (typeof frame === 'string') return pushStreamText.decode(frame)
    if (frame.byteLength > MAX_FRAME_LENGTH) return [bad('too-large', frame.byteLength)]
    const bytes = new Uint8Array(frame)
    return isTemplate(bytes) ? pushStreamText.decode(frame) : readBatch(bytes)
  },
  publish,
  channelStats,
}

/** A server that ignores `binaryMode` sends text. Two bytes of its mark, because a line feed and `#` may begin a batch. */
function isTemplate(bytes: Uint8Array): boolean {
  let at = 0
  while (bytes[at]! <= 32) at++
  return bytes[at] === 35 && bytes[at + 1] === 33
}

/** Tags in here are as on the wire: 8 * field number + wire type (0 varint, 2 bytes, 5 fixed32). */
function readBatch(bytes: Uint8Array): Decoded[] {
  const out: Decoded[] = []
  const decoder = new TextDecoder()
  let left = MAX_PIECES
  let stoppedAt = 0

  const isWhole = walk(bytes, 0, bytes.length, (tag, _, from, to) => tag !== 10 || walk(bytes, from, to, readResponse))
  if (!isWhole) out.push(bad('malformed', bytes.length))
  if (left < 0) out.push(bad('too-many', bytes.length - stoppedAt))
  return out

  function readResponse(tag: number, _: number, from: number, to: number, isCut: boolean): boolean {
    if (tag === 10) return walk(bytes, from, to, readMessage)
    return tag !== 18 || !isRoom(from) || readStats(from, to, isCut)
  }

  function readMessage(tag: number, _: number, from: number, to: number, isCut: boolean): boolean {
    if (tag !== 10 || !isRoom(from)) return true
    let mid: string | null = null
    let text: Uint8Array | undefined
    let createdAtMs: number | null = null
    let sender: MessageSender | null = null
    const isWhole = walk(bytes, from, to, (tag, _, from, to) => {
      if (tag === 10) mid = toMid(hex(from, to))
      if (tag === 18) text = bytes.subarray(from, to)
      if (tag === 37) createdAtMs = fixed32(bytes, from) * 1000 || null
      if (tag !== 42) return true
      let { type, id } = sender || { type: 0, id: null }
      const isWhole = walk(bytes, from, to, (tag, value, from, to) => {
        if (tag === 8) type = value | 0
        if (tag === 18) id = hex(from, to)
        return true
      })
      sender = { type, id }
      return isWhole
    })
    if (isCut || !isWhole) return false
    const id = toInteger(String(mid).slice(10))
    out.push(toMessage(parse(decoder.decode(text)), to - from, { id, mid, sender, createdAtMs }))
    return true
  }

  function readStats(from: number, to: number, isCut: boolean): boolean {
    const result: ChannelState[] = []
    const isWhole = walk(bytes, from, to, (tag, _, from, to) => {
      if (tag !== 10 || !isRoom(from)) return true
      let id: string | null = null
      let isOnline = false
      const isWhole = walk(bytes, from, to, (tag, value, from, to) => {
        if (tag === 10) id = hex(from, to)
        if (tag === 24) isOnline = value > 0
        return true
      })
      result.push({ id: id || '', isOnline })
      return isWhole
    })
    if (isWhole && !isCut) out.push({ type: 'answer', id: null, outcome: { result } })
    return isWhole
  }

  /** Counts a piece; `false` from the first one on that is too many. */
  function isRoom(from: number): boolean {
    if (left-- === 0) stoppedAt = from
    return left >= 0
  }

  function hex(from: number, to: number): string | null {
    let digits = ''
    if (to - from <= MAX_ID_BYTES)
      for (; from < to; from++) digits += DIGITS.charAt(bytes[from]! >> 4) + DIGITS.charAt(bytes[from]! & 15)
    return digits || null
  }
}

function fixed32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

/**
 * Gets the tag of a field, its value if it is a varint, where its bytes are, and whether some are missing at the end.
 * Answers whether they could be read.
 */
type Visit = (tag: number, value: number, from: number, to: number, isCut: boolean) => boolean

/**
 * Visits the fields of one message in order; `false` when anything in it could not be read. A field that is cut off is
 * visited with what is there of it, so that the whole messages inside are not lost. What cannot be told apart ends it.
 */
function walk(bytes: Uint8Array, at: number, end: number, visit: Visit): boolean {
  let isWhole = true
  while (at < end) {
    const tag = varint()
    const wire = tag & 7
    const value = wire & 5 ? 0 : varint()
    const from = at
    at += wire === 2 ? value : LENGTHS[wire]!
    if (!(tag > 7 && tag < MAX_TAG && at + value >= from)) return false
    const isCut = at > end
    isWhole = visit(tag, value, from, isCut ? end : at, isCut) && !isCut && isWhole
  }
  return isWhole

  /** `NaN` behind the end, or when it is longer than the ten bytes that 64 bits need. */
  function varint(): number {
    let value = 0
    for (let scale = 1; scale < MAX_SCALE && at < end; scale *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return NaN
  }
}
