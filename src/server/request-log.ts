/** Owns the record of what was asked of the server, for tests to look at. It holds secrets: it is a test tool. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { readQuery } from './query'

export interface RequestRecord {
  /** By the clock of this machine, Unix ms. */
  readonly atMs: number
  readonly method: string
  readonly path: string
  /** Everything behind the `?`, as sent. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  readonly kind: 'websocket' | 'sse' | 'long-polling' | 'config' | 'publish' | 'other'
  /** 0 until it is answered; 101 for an upgraded WebSocket. */
  status: number
}

/** Older records are forgotten beyond this many. */
const LIMIT = 20_000

export interface RequestLog {
  readonly records: readonly RequestRecord[]
  add(request: IncomingMessage, kind: RequestRecord['kind']): RequestRecord
}

export function createRequestLog(nowMs: () => number): RequestLog {
  const records: RequestRecord[] = []
  return {
    records,
    add(request, kind) {
      const url = request.url ?? '/'
      const path = readQuery(url).path
      const query = url.slice(path.length + 1)
      const method = request.method ?? 'GET'
      const record: RequestRecord = { atMs: nowMs(), method, path, query, headers: request.headers, kind, status: 0 }
      records.push(record)
      if (records.length > LIMIT) records.splice(0, LIMIT / 10)
      return record
    },
  }
}
