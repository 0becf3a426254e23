/** Owns how the servers of each generation write what they send: frames, bodies of polls, heads of empty ones. Pure. */
import type { Body } from '../fake-body'
import { ResponseBatch } from '../push-server-model'
import type { Generation, Stored } from './virtual-server'

export type Piece = string | Uint8Array

/** One frame of a stream, or a whole body. Version 5 knows frames only. */
export function frameOf(generation: Generation, messages: readonly Stored[], sentAtMs: number): Piece {
  switch (generation) {
    case '0.3.4':
      return messages.map((message) => `${template(message, '\n  ', null)}\r\n`).join('')
    case '0.5':
      return messages.map((message) => template(message, '', message.channels[0]!)).join('')
    case '1.0':
      return messages.map((message) => nodeTemplate(message, message.channels[0]!, message.publishedAtMs)).join('')
    case '2.0 text':
      // The moment of sending stands where the moment of publishing does elsewhere.
      return messages.map((message) => nodeTemplate(message, '-', sentAtMs)).join('')
    case '2.0 json':
      return JSON.stringify(
        messages.map(({ id, mid, body }) => ({ id, mid, channel: '-', text: JSON.parse(body) as object })),
      )
    case '2.0 binary': {
      const list = messages.map(({ mid, body, publishedAtMs }) => ({
        id: Buffer.from(mid, 'hex'),
        body,
        created: Math.floor(publishedAtMs / 1000),
        sender: { type: 2 },
      }))
      return ResponseBatch.encode({ responses: [{ outgoingMessages: { messages: list } }] }).finish()
    }
    case '3.0': {
      const notes = messages.map(({ mid, body }) => ({
        jsonrpc: '2.0',
        method: 'incoming.message',
        params: { mid, body: JSON.parse(body) as object, sender: { type: 2 } },
      }))
      return JSON.stringify(notes.length === 1 ? notes[0] : notes)
    }
    default:
      return generation satisfies never
  }
}

function template({ id, tag, timeAtMs, body }: Stored, gap: string, channel: string | null): string {
  const time = new Date(timeAtMs).toUTCString()
  const named = channel === null ? '' : `"channel":"${channel}",`
  const eventId = channel === null ? '' : '"eventid":"",'
  return `#!NGINXNMS!#{${gap}"id":${id},${named}"tag":"${tag}","time":"${time}",${gap}${eventId}"text":${body}${gap}}#!NGINXNME!#`
}

function nodeTemplate({ id, mid, tag, body }: Stored, channel: string, atMs: number): string {
  const time = new Date(atMs).toUTCString()
  return `#!NGINXNMS!#{"id":${id},"mid":"${mid}","channel":"${channel}","tag":"${tag}","time":"${time}","text":${body}}#!NGINXNME!#`
}

/** Not a real `Response`: nothing may happen outside the virtual clock. */
export function responseOf(status: number, headers: Readonly<Record<string, string>>, body: Body): Response {
  async function bytes(): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let part = await body.read(); !part.done; part = await body.read()) parts.push(part.value!)
    return Buffer.concat(parts)
  }
  const response = {
    status,
    headers: new Headers(headers),
    body: { getReader: () => ({ read: () => body.read() }) },
    text: async () => new TextDecoder().decode(await bytes()),
    async arrayBuffer() {
      const all = await bytes()
      return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength)
    },
  }
  return response as unknown as Response
}
