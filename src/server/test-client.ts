/**
 * Owns the plain clients the server's tests ask with: raw HTTP, raw event streams and `ws`. They wait for facts and
 * know nothing of this package's client.
 */
import { once } from 'node:events'
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { WebSocket, type ClientOptions } from 'ws'

export interface HttpResult {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
  /** The same before it was read as text. */
  readonly bytes: Buffer
}

export interface HttpAsk {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

export function http(url: string, ask: HttpAsk = {}): Promise<HttpResult> {
  return new Promise((resolve, reject) => {
    // Without a length Node sends a DELETE's body in a way no server reads.
    const length = ask.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(ask.body)) }
    const headers = { ...ask.headers, ...length }
    const request = httpRequest(url, { method: ask.method ?? 'GET', headers, agent: false })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status = 0, headers, rawHeaders } = response
        const bytes = Buffer.concat(chunks)
        resolve({ status, headers, rawHeaders, body: bytes.toString('utf8'), bytes })
      })
    })
    request.end(ask.body)
  })
}

/** Something that is read piece by piece: pieces wait until they are asked for. Binary frames come as base64. */
export interface Reader {
  /** The next piece; rejects when the stream ended before it. */
  next(): Promise<string>
  /** Everything until the predicate holds for what was read so far. */
  until(enough: (pieces: readonly string[]) => boolean): Promise<readonly string[]>
  readonly ended: Promise<{ code: number; reason: string }>
  close(code?: number): void
}

export interface Opened extends Reader {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly socket: WebSocket | null
}

export function openWebSocket(
  url: string,
  headers: Record<string, string> = {},
  options: ClientOptions = {},
): Promise<Opened> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { perMessageDeflate: false, headers, ...options })
  const queue = createQueue()
  let upgrade: IncomingHttpHeaders = {}
  socket.on('upgrade', (response) => (upgrade = response.headers))
  socket.on('message', (data, binary) => queue.push((data as Buffer).toString(binary ? 'base64' : 'utf8')))
  socket.on('close', (code, reason) => queue.end({ code, reason: reason.toString('utf8') }))
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      resolve({ ...queue.reader, status: 101, headers: upgrade, socket, close: (code) => socket.close(code) })
    })
    socket.on('unexpected-response', (request, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
      response.on('end', () => {
        queue.push(body)
        resolve({
          ...queue.reader,
          status: response.statusCode ?? 0,
          headers: response.headers,
          socket: null,
          close: () => request.destroy(),
        })
      })
    })
    socket.on('error', reject)
  })
}

/** A GET whose body is read chunk by chunk, as written by the server in one turn. */
export async function openStream(url: string, headers: Record<string, string> = {}): Promise<Opened> {
  const request = httpRequest(url, { headers: { Accept: 'text/event-stream', ...headers }, agent: false })
  request.on('error', () => {})
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const queue = createQueue()
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => queue.push(chunk))
  response.on('error', () => queue.end({ code: 1006, reason: '' }))
  response.on('end', () => queue.end({ code: 1000, reason: '' }))
  return {
    ...queue.reader,
    status: response.statusCode ?? 0,
    headers: response.headers,
    socket: null,
    close: () => request.destroy(),
  }
}

interface Queue {
  push(piece: string): void
  end(how: { code: number; reason: string }): void
  readonly reader: Omit<Reader, 'close'>
}

function createQueue(): Queue {
  const pieces: string[] = []
  const waiting: { resolve: (piece: string) => void; reject: (error: Error) => void }[] = []
  let over: { code: number; reason: string } | null = null
  let settle: (how: { code: number; reason: string }) => void = () => {}
  const ended = new Promise<{ code: number; reason: string }>((resolve) => (settle = resolve))
  const next = (): Promise<string> => {
    const piece = pieces.shift()
    if (piece !== undefined) return Promise.resolve(piece)
    if (over !== null) return Promise.reject(new Error(`ended with ${over.code} ${over.reason}`))
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  }
  return {
    push(piece) {
      const first = waiting.shift()
      if (first === undefined) pieces.push(piece)
      else first.resolve(piece)
    },
    end(how) {
      if (over !== null) return
      over = how
      settle(how)
      for (const each of waiting.splice(0)) each.reject(new Error(`ended with ${how.code} ${how.reason}`))
    },
    reader: {
      next,
      ended,
      async until(enough) {
        const read: string[] = []
        while (!enough(read)) read.push(await next())
        return read
      },
    },
  }
}

export interface Envelope {
  readonly id: number
  readonly mid?: string
  readonly channel?: string
  readonly tag: string
  readonly time: string
  readonly text: { module_id: string; command: string; params: { n: number }; extra: Record<string, unknown> }
}

/** Envelopes of a frame whose bodies are well-behaved JSON. */
export function envelopes(text: string): Envelope[] {
  return [...text.matchAll(/#!NGINXNMS!#([\s\S]*?)#!NGINXNME!#/g)].map((match) => JSON.parse(match[1]!) as Envelope)
}

export function numbers(text: string): number[] {
  return envelopes(text).map((each) => each.text.params.n)
}
