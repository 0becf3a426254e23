/**
 * Owns the framing of portals without a queue server: a poll is answered with `{MESSAGE: [{id, module_id, …}], ERROR: ''}`
 * as a JavaScript literal. Message ids become mids of a time zero, so that places in the stream are told by mids alone.
 */
import { toRecord } from '../portal/foreign-value'
import { readPhpLiteral } from '../portal/php-literal'
import type { Codec, Decoded } from './codec'
import { MAX_FRAME_LENGTH, MAX_PIECES, bad, sizeOf, textOf, toInteger, toMessage } from './message-body'

/** The time a mid begins with. */
const NO_TIME = '0000000000'

/**
 * Old PHP adds counters that have no id to every answer. They get a number here, as their `tag`, which is no position:
 * without one all would be taken for repeats of the first.
 */
let unnumbered = 0

export const phpCodec: Codec = {
  decode(frame) {
    const length = sizeOf(frame)
    if (length > MAX_FRAME_LENGTH) return [bad('too-large', length)]
    const answer = readPhpLiteral(textOf(frame))
    if (answer === undefined) return length ? [bad('not-json', length)] : []
    const messages = messagesOf(answer)
    const read = messages.slice(0, MAX_PIECES).map((raw) => toDecoded(raw, length))
    return messages.length > MAX_PIECES ? read.concat(bad('too-many', length)) : read
  },
}

/** The messages of an answer, unread. PHP prints a list with gaps as an object. */
export function messagesOf(answer: unknown): readonly unknown[] {
  const messages = toRecord(answer)['MESSAGE']
  return typeof messages === 'object' && messages !== null ? Object.values(messages) : []
}

/** `length`: of the frame. A message is a value inside of it. */
function toDecoded(raw: unknown, length: number): Decoded {
  const { id: number, module_id, command, params, extra } = toRecord(raw)
  const id = toInteger(number)
  const mid = id !== null && id > 0 ? NO_TIME + String(id).padStart(16, '0') : null
  return toMessage({ module_id, command, params, extra }, length, { id, mid, tag: mid ? null : ++unnumbered })
}
