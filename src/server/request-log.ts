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
  kind: 'websocket' | 'sse' | 'long-polling' | 'config' | 'publish' | 'rest' | 'other'
  /** What was called on the portal, in lower case, e.g. `pull.watch.extend`; PHP polling: e.g. `PULL_UPDATE_STATE`. */
  call?: string
  /** 0 until it is answered; 101 for an upgraded WebSocket. */
  status: number
}

/** Older records are forgotten beyond this many. */
const LIMIT = 20_000

export interface RequestLog {
  readonly records: readonly RequestRecord[]
  add(request: IncomingMessage, kind: RequestRecord['kind']): RequestRecord
  /** Which call it is shows only when the body has been read. */
  name(request: IncomingMessage, call: string): void
}

export function createRequestLog(nowMs: () => number): RequestLog {
  const records: RequestRecord[] = []
  const byRequest = new WeakMap<IncomingMessage, RequestRecord>()
  return {
    records,
    add(request, kind) {
      const url = request.url ?? '/'
      const path = readQuery(url).path
      const query = url.slice(path.length + 1)
      const method = request.method ?? 'GET'
      const record: RequestRecord = { atMs: nowMs(), method, path, query, headers: request.headers, kind, status: 0 }
      records.push(record)
      byRequest.set(request, record)
      if (records.length > LIMIT) records.splice(0, LIMIT / 10)
      return record
    },
    name(request, call) {
      const record = byRequest.get(request)
      if (record !== undefined) record.call = call
    },
  }
}
