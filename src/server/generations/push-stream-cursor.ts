/**
 * Owns where a push-stream subscriber resumes: which arguments and headers count per release and transport, and which
 * stored messages they bring back. Channels come back one after the other, so (time, tag) may run backwards.
 */
import { storedMessages, type Hub, type Stored } from '../hub'
import type { PushStreamRelease } from '../options'
import { nginxValue } from '../query'
import { header, type Ask } from './generation'

/** One element of CHANNEL_ID; `.b3` behind the id asks for its last three messages. */
export interface ChannelPart {
  readonly id: string
  readonly backtrack: number
}

type Cursor =
  | { readonly type: 'none' }
  | { readonly type: 'everything' }
  | { readonly type: 'after'; readonly second: number; readonly tag: number | null }

const NONE: Cursor = { type: 'none' }

export function readParts(release: PushStreamRelease, ask: Ask): readonly ChannelPart[] | null {
  // 0.3.4 does not decode the argument, so %2F makes one long id of several.
  const list = release === '0.3.4' ? ask.query.raw.get('CHANNEL_ID') : nginxValue(ask.query, 'CHANNEL_ID')
  if (list === undefined || list === null || list === '') return null
  const parts = list.split('/').map((text) => {
    const match = /^(.*)\.b(\d+)$/.exec(text)
    return match === null ? { id: text, backtrack: 0 } : { id: match[1]!, backtrack: Number(match[2]) }
  })
  return parts.some((part) => part.id === '') ? null : parts
}

export function replayOf(release: PushStreamRelease, hub: Hub, ask: Ask, parts: readonly ChannelPart[]): Stored[] {
  const cursor = readCursor(release, ask)
  const lastEventId = ask.kind === 'sse' ? header(ask.headers, 'last-event-id') : null
  return parts.flatMap((part) => {
    const stored = storedMessages(hub, part.id, ask.nowMs)
    if (part.backtrack > 0) return stored.slice(-part.backtrack)
    const start = firstIndex(release, stored, cursor, lastEventId)
    return start < 0 ? [] : stored.slice(start)
  })
}

function readCursor(release: PushStreamRelease, ask: Ask): Cursor {
  const tagText = nginxValue(ask.query, 'tag')
  const since = header(ask.headers, 'if-modified-since')
  if (release === '0.3.4') {
    if (ask.kind === 'websocket') return NONE
    if (ask.kind === 'sse') {
      const second = readDate(nginxValue(ask.query, 'time'))
      // The tag is not configured there: the whole second comes again, but for its tag 0.
      return second === null ? NONE : { type: 'after', second, tag: 0 }
    }
    const second = readDate(since)
    return second === null ? { type: 'everything' } : { type: 'after', second, tag: readTag(release, tagText) }
  }
  const time = nginxValue(ask.query, 'time')
  const second = readDate(time ?? (ask.kind === 'long-polling' ? since : null))
  return second === null ? NONE : { type: 'after', second, tag: readTag(release, tagText) }
}

function firstIndex(
  release: PushStreamRelease,
  stored: readonly Stored[],
  cursor: Cursor,
  lastEventId: string | null,
): number {
  const byEvent = lastEventId === null ? -1 : stored.findIndex((message) => message.eventId === lastEventId)
  const afterEvent = byEvent < 0 || byEvent + 1 >= stored.length ? -1 : byEvent + 1
  // With both cursors 0.3.4 takes the event id alone, later releases whichever position is older.
  if (lastEventId !== null && release === '0.3.4') return afterEvent
  const byCursor = cursor.type === 'everything' ? (stored.length > 0 ? 0 : -1) : afterCursor(stored, cursor)
  if (afterEvent < 0 || byCursor < 0) return Math.max(afterEvent, byCursor)
  return Math.min(afterEvent, byCursor)
}

function afterCursor(stored: readonly Stored[], cursor: Cursor): number {
  if (cursor.type !== 'after') return -1
  return stored.findIndex((message) => {
    const second = Math.floor(message.createdAtMs / 1000)
    if (second !== cursor.second) return second > cursor.second
    return cursor.tag !== null && message.tag > cursor.tag
  })
}

/** Only an HTTP date counts; Unix seconds, or `+` where a space should be, read as no date at all. */
function readDate(text: string | null): number | null {
  if (text === null || !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : atMs / 1000
}

function readTag(release: PushStreamRelease, text: string | null): number | null {
  if (text === null) return null
  const match = (release === '0.5.5' ? /^(?:W\/)?(\d+)$/ : /^(\d+)$/).exec(text)
  return match === null ? null : Number(match[1])
}
