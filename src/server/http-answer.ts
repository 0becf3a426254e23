/** Owns how a decided answer is written: to an HTTP response, or raw to the socket of a handshake. */
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { httpDate, type HttpAnswer } from './generations/generation'

export function writeAnswer(response: ServerResponse, answer: HttpAnswer, nowMs: number): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(answer.status, { Date: httpDate(nowMs), ...answer.headers })
  response.end(answer.body)
}

/** A refused handshake: `ws` has not taken the socket yet, so the response is written by hand. */
export function writeRawAnswer(socket: Duplex, answer: HttpAnswer, nowMs: number): void {
  const headers: Record<string, string> = {
    Date: httpDate(nowMs),
    Connection: 'close',
    'Content-Length': String(Buffer.byteLength(answer.body)),
    ...answer.headers,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const text = STATUS_CODES[answer.status] ?? 'Refused'
  socket.end(`HTTP/1.1 ${answer.status} ${text}\r\n${lines.join('')}\r\n${answer.body.toString()}`)
}
