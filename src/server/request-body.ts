/** Owns reading a request's body, and the parameters of REST calls, which come as query, form or JSON. */
import type { IncomingMessage } from 'node:http'

const LIMIT_BYTES = 1_048_576

/** The body as text; null if it is larger than a queue server takes. */
export function readBody(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= LIMIT_BYTES) chunks.push(chunk)
    })
    request.on('end', () => resolve(length > LIMIT_BYTES ? null : Buffer.concat(chunks).toString('utf8')))
    request.on('error', () => resolve(null))
  })
}

/** Parameters with lower-cased names; those of the body win. */
export function readParams(url: string, contentType: string, body: string): Map<string, string> {
  const params = new Map<string, string>()
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''
  for (const [name, value] of new URLSearchParams(query)) params.set(name.toLowerCase(), value)
  if (contentType.includes('json')) {
    for (const [name, value] of Object.entries(parseObject(body) ?? {})) {
      if (typeof value === 'string' || typeof value === 'number') params.set(name.toLowerCase(), String(value))
    }
  } else {
    for (const [name, value] of new URLSearchParams(body)) params.set(name.toLowerCase(), value)
  }
  return params
}

export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
