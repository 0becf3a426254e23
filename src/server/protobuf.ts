/**
 * Owns the bytes of protobuf as far as Push server 2.0 uses them: varints, 32-bit numbers and lengths. It knows no
 * message; generations/binary-frames.ts does.
 */

export interface Field {
  readonly number: number
  /** A varint or a 32-bit number, or the bytes of a length-delimited field. */
  readonly value: number | Buffer
}

/** The fields in wire order; null when the bytes are no protobuf message. Groups count as garbage. */
export function readFields(bytes: Buffer): readonly Field[] | null {
  const fields: Field[] = []
  let at = 0

  /** Modulo 2^32 as protobuf reads a uint32; NaN when cut off or longer than ten bytes. */
  function varint(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) return NaN
      if (shift < 32) value = (value | ((byte & 0x7f) << shift)) >>> 0
      if (byte < 0x80) return value
    }
    return NaN
  }

  while (at < bytes.length) {
    const tag = varint()
    const number = tag >>> 3
    if (Number.isNaN(tag) || number === 0) return null
    switch (tag & 7) {
      case 0: {
        const value = varint()
        if (Number.isNaN(value)) return null
        fields.push({ number, value })
        break
      }
      case 1:
        at += 8 // 64-bit numbers are in none of the messages
        break
      case 2: {
        const length = varint()
        if (Number.isNaN(length) || at + length > bytes.length) return null
        fields.push({ number, value: bytes.subarray(at, at + length) })
        at += length
        break
      }
      case 5:
        if (at + 4 > bytes.length) return null
        fields.push({ number, value: bytes.readUInt32LE(at) })
        at += 4
        break
      default:
        return null
    }
  }
  return at === bytes.length ? fields : null
}

/** A number as a varint field. Written even when 0, as the real server does. */
export function numberField(number: number, value: number): Buffer {
  return Buffer.from([...varintBytes((number << 3) | 0), ...varintBytes(value)])
}

export function bytesField(number: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from([...varintBytes((number << 3) | 2), ...varintBytes(length)]), ...parts])
}

export function textField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(text))
}

export function fixed32Field(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = (number << 3) | 5
  bytes.writeUInt32LE(value >>> 0, 1)
  return bytes
}

function varintBytes(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}
