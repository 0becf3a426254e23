/**
 * Owns what the framings in JSON share: one value or an array of them per frame, limits, and the way out for servers that
 * send the text template all the same.
 */
import type { Decoded, Frame } from './codec'
import { bad, type Fields, MAX_FRAME_LENGTH, MAX_PIECES, parse, sizeOf, textOf } from './message-body'
import { pushStreamText } from './push-stream-text'

/** Reads every value of a frame; a frame that looks like `template` is not JSON but the text template, or nothing. */
export function decodeJson(
  frame: Frame,
  template: RegExp,
  read: (fields: Fields, length: number) => Decoded,
): readonly Decoded[] {
  const size = sizeOf(frame)
  if (size > MAX_FRAME_LENGTH) return [bad('too-large', size)]
  const text = textOf(frame)
  if (template.test(text)) return pushStreamText.decode(text)
  const value = parse(text)
  if (value === undefined) return [bad('not-json', size)]
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  const out = items.slice(0, MAX_PIECES).map((item) => read(Object(item) as Fields, size))
  if (items.length > MAX_PIECES) out.push(bad('too-many', size))
  return out
}
