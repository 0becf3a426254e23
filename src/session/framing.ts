/** Owns which framing a server is asked for. Pure. */
import type { Codec, Framing } from '../codec/codec'

/** What version 4 is asked for: it speaks several. The other generations have one framing each. */
export type FramingOption = 'auto' | 'protobuf' | 'text' | 'json'

/** The framings a client was built with. */
export type Codecs = Readonly<Partial<Record<Framing, Codec>>>

export function framingOf(version: number, wanted: FramingOption, codecs: Codecs): Framing {
  if (!version) return 'php'
  if (version > 4) return 'json-rpc'
  if (version < 4) return 'text'
  return wanted !== 'auto' ? wanted : codecs.protobuf ? 'protobuf' : 'text'
}
