/**
 * Owns how an event stream is cut into events: eventsource-parser, with a bound. It is 1 KB compressed, of what the
 * script-tag file may weigh: its build takes `event-parser-lite.ts` in place of this file; one test compares both.
 */
import { createParser } from 'eventsource-parser'
import { type EventParser, LONGEST_EVENT } from './event-parser-lite'

/** @throws RangeError (when fed) once an unfinished event is longer than `longest` UTF-16 units. */
export function createEventParser(
  onData: (data: string) => void,
  onComment: () => void,
  longest = LONGEST_EVENT,
): EventParser {
  const parser = createParser({
    onEvent: (event) => onData(event.data),
    onComment,
    maxBufferSize: longest,
    onError(error) {
      // The others are unknown fields, which the standard ignores.
      if (error.type === 'max-buffer-size-exceeded') throw new RangeError(error.message)
    },
  })
  return (text) => parser.feed(text)
}
