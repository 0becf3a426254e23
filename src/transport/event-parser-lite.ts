/**
 * Owns the stand-in for `event-parser.ts` in the script-tag file: an event stream by the rules of the HTML standard,
 * as far as we ask. Names, ids and retry times of events are for `EventSource`; our messages carry their own.
 */

/** Takes the next piece of the stream as text, wherever it was cut. The byte order mark is gone: the decoder drops it. */
export type EventParser = (text: string) => void

/** UTF-16 units. No server sends anything near; without a bound a broken one could fill the memory of the page. */
export const LONGEST_EVENT = 33_554_432

/** @throws RangeError (when fed) once an unfinished event is longer than `longest` UTF-16 units. */
export function createEventParser(
  onData: (data: string) => void,
  onComment: () => void,
  longest = LONGEST_EVENT,
): EventParser {
  let line = ''
  let data: string | null = null
  let endedInCr = false

  function take(): void {
    if (line === '') {
      const whole = data
      data = null
      if (whole !== null) onData(whole)
    } else if (line[0] === ':') onComment()
    else if (line === 'data' || line.startsWith('data:')) {
      const value = line.slice(line[5] === ' ' ? 6 : 5)
      data = data === null ? value : `${data}\n${value}`
    }
  }

  return (text) => {
    if (text === '') return
    // A line ends with its CR already; the LF of the pair may be the first of the next piece.
    const pieces = (endedInCr && text[0] === '\n' ? text.slice(1) : text).split(/\r\n?|\n/)
    endedInCr = text.endsWith('\r')
    pieces.forEach((piece, at) => {
      if (at > 0) {
        take()
        line = ''
      }
      line += piece
    })
    if (line.length + (data || '').length > longest) throw new RangeError('event too long')
  }
}
