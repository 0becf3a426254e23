/**
 * Owns the framing `format=json` of version 4: an array of the envelopes of the text template, without its marks. Servers
 * that do not know it send the template, which is read as such.
 */
import type { Codec, Decoded, Frame } from './codec'
import { decodeJson } from './json-frame'
import { type Fields, fromEnvelope, isFields, toSystem } from './message-body'

const NOT_JSON = /^\s*([^\s[{]|$)/

export const jsonArrayCodec: Codec = {
  decode: (frame: Frame) => decodeJson(frame, NOT_JSON, readEnvelope),
}

function readEnvelope(fields: Fields, length: number): Decoded {
  const { text, extra } = fields
  // Some samples show `extra` beside the body; what stands inside was published with it.
  if (isFields(text) && !('extra' in text) && extra !== undefined) text['extra'] = extra
  return toSystem(fields) || fromEnvelope(fields, text || null, length)
}
