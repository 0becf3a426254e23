/**
 * Owns how a stream of bytes falls apart into what a fault can hit: heads of HTTP, WebSocket frames, chunks, whole bodies.
 * What is not HTTP passes as it comes. Joined together again the units are the stream. Pure but for what it has buffered.
 */

import type { ProxiedKind } from './proxy-types'

export interface Unit {
  /** `frame`: one WebSocket frame, one chunk, or a body of known length. `raw`: bytes without known bounds. */
  readonly kind: 'head' | 'frame' | 'raw'
  readonly bytes: Buffer
  /** Whether a request or an answer is complete with it. */
  readonly last: boolean
}

export interface Splitter {
  push(bytes: Buffer): Unit[]
}

type Side = 'request' | 'response'
type Mode =
  { readonly kind: 'head' | 'websocket' | 'chunks' | 'raw' } | { readonly kind: 'body'; readonly length: number }

const HEAD_END = '\r\n\r\n'
const LONGEST_HEAD = 65_536

export function createSplitter(side: Side): Splitter {
  let rest: Buffer = Buffer.alloc(0)
  let mode: Mode = { kind: 'head' }

  function next(): Unit | null {
    if (rest.length === 0) return null
    switch (mode.kind) {
      case 'head': {
        const end = rest.indexOf(HEAD_END)
        if (!looksLikeHead(rest, side) || (end < 0 && rest.length > LONGEST_HEAD)) {
          mode = { kind: 'raw' }
          return take('raw', rest.length, false)
        }
        if (end < 0) return null
        const head = rest.toString('latin1', 0, end + HEAD_END.length)
        mode = modeAfter(head, side)
        return take('head', head.length, mode.kind === 'head')
      }
      case 'websocket': {
        const length = frameLength(rest)
        return length === null || rest.length < length ? null : take('frame', length, false)
      }
      case 'chunks': {
        const line = rest.indexOf('\r\n')
        if (line < 0) return null
        const size = parseInt(rest.toString('latin1', 0, line), 16)
        const length = line + 2 + size + 2
        if (Number.isNaN(size) || rest.length < length) return null
        if (size > 0) return take('frame', length, false)
        mode = { kind: 'head' }
        return take('raw', length, true)
      }
      case 'body': {
        const { length } = mode
        if (rest.length < length) return null
        mode = { kind: 'head' }
        return take('frame', length, true)
      }
      case 'raw':
        return take('raw', rest.length, false)
      default:
        return mode satisfies never
    }
  }

  function take(kind: Unit['kind'], length: number, last: boolean): Unit {
    const bytes = rest.subarray(0, length)
    rest = rest.subarray(length)
    return { kind, bytes, last }
  }

  return {
    push(bytes) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      const units: Unit[] = []
      for (let unit = next(); unit !== null; unit = next()) units.push(unit)
      return units
    },
  }
}

/** The value of a header field in a head, `null` if there is none. */
export function headerOf(head: string, name: string): string | null {
  return new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'im').exec(head)?.[1]?.replace(/\r$/, '') ?? null
}

export function statusOf(head: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
}

export function kindOf(head: string): ProxiedKind {
  if (headerOf(head, 'Upgrade') !== null) return 'websocket'
  return /text\/event-stream/i.test(headerOf(head, 'Accept') ?? '') ? 'sse' : 'http'
}

function looksLikeHead(bytes: Buffer, side: Side): boolean {
  const start = bytes.toString('latin1', 0, 16)
  return side === 'response' ? 'HTTP/1.'.startsWith(start.slice(0, 7)) : /^[A-Z]{1,8}( |$)/.test(start)
}

function modeAfter(head: string, side: Side): Mode {
  const status = statusOf(head)
  // Frames of a client begin once it was let in; a refused one sends nothing more.
  if (side === 'request' ? headerOf(head, 'Upgrade') !== null : status === 101) return { kind: 'websocket' }
  if (status === 204 || status === 304 || (status >= 100 && status < 200)) return { kind: 'head' }
  if (/chunked/i.test(headerOf(head, 'Transfer-Encoding') ?? '')) return { kind: 'chunks' }
  const length = headerOf(head, 'Content-Length')
  if (length !== null) return Number(length) > 0 ? { kind: 'body', length: Number(length) } : { kind: 'head' }
  return { kind: side === 'request' ? 'head' : 'raw' }
}

function frameLength(bytes: Buffer): number | null {
  if (bytes.length < 2) return null
  const masked = (bytes[1]! & 128) !== 0 ? 4 : 0
  const short = bytes[1]! & 127
  if (short < 126) return 2 + masked + short
  if (short === 126) return bytes.length < 4 ? null : 4 + masked + bytes.readUInt16BE(2)
  return bytes.length < 10 ? null : 10 + masked + Number(bytes.readBigUInt64BE(2))
}
