/**
 * Owns the text template of servers 1 to 4: `#!NGINXNMS!#{"id":1,…,"text":<body>}#!NGINXNME!#`, zero or many per frame.
 * Every server pastes the body in as it came and as the last field. So head and body are parsed apart: a body that
 * closes itself early cannot write its own mid over the server's. What a body that forges whole frames claims
 * (a mid from the future) is for the cursor to judge, not for this file.
 */
import type { Codec, Decoded, Frame } from './codec'
import {
  bad,
  type Fields,
  fromEnvelope,
  MAX_FRAME_LENGTH,
  MAX_PIECES,
  parse,
  sizeOf,
  textOf,
  toSystem,
} from './message-body'

/**
 * Most end marks tried per piece: the last, then from the first on; only those with `}` before them count. The last is
 * right in practice. A message is lost only if rubbish follows it and its strings hold this many `}#!NGINXNME!#`.
 */
export const MAX_TRIES = 8

const START = '#!NGINXNMS!#'
const END = '#!NGINXNME!#'
/**
 * What makes a start mark a boundary. In a JSON string that quote would be escaped, or it is the end of the string,
 * which no word character can follow: so this is never inside a readable body, whatever users type.
 */
const BOUNDARY = /#!NGINXNMS!#(?=\s*\{\s*"\w)/g
const TEXT_KEY = /"text"\s*:/
const BLANK = 32

export const pushStreamText: Codec = {
  decode(frame: Frame): readonly Decoded[] {
    const size = sizeOf(frame)
    return size > MAX_FRAME_LENGTH ? [bad('too-large', size)] : readFrame(textOf(frame))
  },
  wholeOf(text) {
    let end = 0
    // The last piece may have lost its end, even where it seems to have one.
    for (let at = nextStart(text, 0); at < text.length; at = nextStart(text, at + 1)) end = at
    return text.slice(0, end)
  },
}

function readFrame(frame: string): Decoded[] {
  const out: Decoded[] = []
  let at = nextStart(frame, 0)
  addStray(out, frame.slice(0, at))
  let head = ''
  let run: string[] = []
  for (let pieces = 0; at < frame.length && pieces < MAX_PIECES; pieces++) {
    const next = nextStart(frame, at + 1)
    const piece = frame.slice(at, next)
    const pieceHead = headOf(piece)
    if (pieceHead !== head || !head) {
      readRun(out, head, run)
      head = pieceHead
      run = []
    }
    run.push(piece)
    at = next
  }
  readRun(out, head, run)
  if (at < frame.length) out.push(bad('too-many', frame.length - at))
  return out
}

/** Where the next piece starts, or the end of the frame. */
function nextStart(frame: string, from: number): number {
  BOUNDARY.lastIndex = from
  const found = BOUNDARY.exec(frame)
  return found ? found.index : frame.length
}

/** From `{` up to and including `"text":`; empty when there is no such thing. */
function headOf(piece: string): string {
  const key = TEXT_KEY.exec(piece)
  return key ? piece.slice(START.length, key.index + key[0].length) : ''
}

/**
 * Reads neighbours with one head. As the head holds the position, they are one message: copies of it, or its lines,
 * because an event stream of push-stream gives every line of a body a template of its own. A line may be readable by
 * itself (`{`, closed by the brace of the template, or `}` alone), so the lines are joined before any is read.
 */
function readRun(out: Decoded[], head: string, run: readonly string[]): void {
  // A head starts with a brace: what it is read as is an object, or nothing.
  const fields = parse(head + '0}') as Fields | undefined
  if (!fields) {
    run.forEach((piece) => out.push(bad('not-json', piece.length)))
    return
  }
  const system = toSystem(fields)
  if (system) {
    // Before the body: that of a deleted channel is prose without quotes.
    out.push(system)
    return
  }
  const from = START.length + head.length
  const readAlone = (to: Decoded[]): void => run.forEach((piece) => readPiece(to, fields, piece, from))
  const texts = run.length > 1 ? run.map((piece) => bodyOf(piece, from, piece.lastIndexOf(END))) : []
  if (texts.every((text) => text === texts[0])) return readAlone(out)
  const isWhole = texts.indexOf(null) < 0
  const body = isWhole ? parse(texts.join('\n')) : undefined
  const alone: Decoded[] = []
  // Neighbours with one head that make no whole: two messages of a template without a position, or a forged head.
  if (body === undefined) readAlone(alone)
  if (alone.some((item) => item.type === 'message'))
    alone.forEach((item) => out.push(item.type === 'bad' ? bad(item.reason, item.length) : item))
  else out.push(read(fields, body, run.join('').length, isWhole))
}

/** Reads one whole piece. Its last end mark is the right one unless rubbish follows; then the first ones are tried. */
function readPiece(out: Decoded[], fields: Fields, piece: string, from: number): void {
  const last = piece.lastIndexOf(END)
  let end = last
  let next = from
  for (let tries = 0; end >= from && tries < MAX_TRIES;) {
    const text = bodyOf(piece, from, end)
    const body = text === null ? undefined : parse(text)
    if (body !== undefined) {
      out.push(fromEnvelope(fields, body, end + END.length))
      addStray(out, piece.slice(end + END.length))
      return
    }
    if (text !== null) tries++
    end = piece.indexOf(END, next)
    next = end + END.length
    if (end === last) break
  }
  out.push(read(fields, undefined, piece.length, bodyOf(piece, from, last) !== null))
}

/** A piece that lost its end was cut on the way: what its head says may still come as a whole. */
function read(fields: Fields, body: unknown, length: number, isWhole: boolean): Decoded {
  return isWhole ? fromEnvelope(fields, body, length) : bad('not-json', length)
}

/** The body in front of the end mark at `end`, without the brace that closes the template; `null` without that brace. */
function bodyOf(piece: string, from: number, end: number): string | null {
  let close = end - 1
  while (close >= from && piece.charCodeAt(close) <= BLANK) close--
  return close >= from && piece[close] === '}' ? piece.slice(from, close) : null
}

/** Counts what stands before, between and after the pieces. */
function addStray(out: Decoded[], text: string): void {
  if (text.trim()) out.push(bad('no-marks', text.length))
}
