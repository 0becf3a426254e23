/**
 * Owns what goes up in the binary framing: one `RequestBatch` with one request, because the server acts upon the first
 * only. Sizes and counts are the publisher's to keep; ids and signatures are hex as checked where they came in.
 */
import type { Outgoing, PublicChannelId } from './codec'

type Bytes = readonly number[]

export function publish(messages: readonly Outgoing[]): ArrayBuffer {
  const list = messages.map(({ receivers, body, expiry }) =>
    // An expiry of 0 is written too: the vendor's clients do, and a server may have another default.
    field(
      1,
      toChannels(receivers).concat(field(3, Array.from(new TextEncoder().encode(body))), 32, varint(expiry >>> 0)),
    ),
  )
  return toBatch(field(1, join(list)))
}

export function channelStats(channels: readonly PublicChannelId[]): ArrayBuffer {
  return toBatch(field(2, toChannels(channels)))
}

/** The command in its request in its batch. */
function toBatch(command: Bytes): ArrayBuffer {
  return new Uint8Array(field(1, command)).buffer
}

function toChannels(channels: readonly PublicChannelId[]): Bytes {
  return join(channels.map(({ id, signature }) => field(1, field(1, fromHex(id)).concat(field(3, fromHex(signature))))))
}

/** A field of bytes. */
function field(number: number, bytes: Bytes): Bytes {
  return varint(number * 8 + 2).concat(varint(bytes.length), bytes)
}

function varint(value: number): Bytes {
  return value < 128 ? [value] : [(value & 127) | 128].concat(varint(Math.floor(value / 128)))
}

function join(parts: readonly Bytes[]): Bytes {
  return ([] as Bytes).concat(...parts)
}

function fromHex(digits: string): Bytes {
  return (digits.match(/../g) || []).map((pair) => parseInt(pair, 16))
}
