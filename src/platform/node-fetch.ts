/**
 * Owns GET requests in Node. Its own fetch takes an answer for complete whose connection ended in the middle, if the server
 * had announced `Connection: close` (push-stream 0.3.4 always does): a poll cut off there would lose what was not read.
 */
import { type IncomingMessage, type RequestOptions, request as requestOverHttp } from 'node:http'
import { request as requestOverHttps } from 'node:https'
import { Readable } from 'node:stream'
import type { FetchLike } from './platform'

export const nodeFetch: FetchLike = (url, init = {}) => {
  if ((init.method ?? 'GET') !== 'GET') return fetch(url, init)
  return new Promise((resolve, reject) => {
    const send = /^https:/i.test(url) ? requestOverHttps : requestOverHttp
    const headers: Record<string, string> = {}
    new Headers(init.headers).forEach((value, name) => (headers[name] = value))
    const options: RequestOptions = { headers }
    if (init.signal) options.signal = init.signal
    const request = send(url, options, (message) => {
      if (message.headers.location === undefined) return resolve(responseOf(message))
      message.destroy()
      resolve(fetch(url, init))
    })
    request.on('error', reject)
    request.end()
  })
}

function responseOf(message: IncomingMessage): Response {
  const { statusCode: status = 0, rawHeaders } = message
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  const isEmpty = status === 204 || status === 304
  if (isEmpty) message.resume()
  // Fails where the message ends before its time.
  const body = isEmpty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>)
  return new Response(body, { status, headers })
}
