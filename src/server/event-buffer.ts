/**
 * Owns how the bytes of an event stream leave: at once, or as through a proxy that buffers, where even the response
 * head waits until 4 KB have gathered.
 */
import type { ServerResponse } from 'node:http'

const PROXY_BUFFER_BYTES = 4096

export interface EventBuffer {
  write(chunk: string): void
}

export function createEventBuffer(response: ServerResponse, buffered: boolean): EventBuffer {
  if (!buffered) {
    response.flushHeaders()
    return { write: (chunk) => void response.write(chunk) }
  }
  let gathered = ''
  return {
    write(chunk) {
      gathered += chunk
      if (Buffer.byteLength(gathered) < PROXY_BUFFER_BYTES) return
      response.write(gathered)
      gathered = ''
    },
  }
}
