/**
 * Owns the text template of the vendor's push-stream configurations. The body is pasted as it is: what a publisher
 * sends decides whether the envelope is JSON.
 */
import type { PushStreamRelease } from '../options'
import type { Stored } from '../hub'
import { httpDate } from './generation'

/** The 0.3.4 sample configuration breaks its template over two lines; its event-stream location does not show it. */
const BREAK_0_3_4 = `\n${' '.repeat(30)}`

export function envelope(release: PushStreamRelease, message: Stored, where: 'frame' | 'event', body: string): string {
  const time = httpDate(message.createdAtMs)
  const text = release === '0.5.5' ? body : fillTokens(body, message.tag, time)
  if (release === '0.3.4') {
    const lead = where === 'frame' ? BREAK_0_3_4 : ''
    return `#!NGINXNMS!#{${lead}"id":${message.id},"tag":"${message.tag}","time":"${time}","text":${text}}#!NGINXNME!#`
  }
  return (
    `#!NGINXNMS!#{"id":${message.id},"channel":"${message.channel}","tag":"${message.tag}","time":"${time}",` +
    `"eventid":"${message.eventId ?? ''}","text":${text}}#!NGINXNME!#`
  )
}

/** Every line of a body becomes a `data:` line with a template of its own, so pretty-printed JSON arrives unreadable. */
export function eventChunks(release: PushStreamRelease, message: Stored): readonly string[] {
  const end = release === '0.5.5' ? '\n' : '\r\n'
  const chunks: string[] = []
  if (message.eventId !== null) chunks.push(`id: ${message.eventId}${end}`)
  if (message.eventType !== null) chunks.push(`event: ${message.eventType}${end}`)
  const lines = message.body.split(/\r\n|\n|\r/)
  chunks.push(lines.map((line) => `data: ${envelope(release, message, 'event', line)}${end}`).join('') + end)
  return chunks
}

/** Up to 0.4.0 the module replaces its own tokens inside the published text as well. */
function fillTokens(body: string, tag: number, time: string): string {
  if (!body.includes('~')) return body
  return body.replaceAll('~tag~', () => String(tag)).replaceAll('~time~', () => time)
}
