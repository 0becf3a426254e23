/**
 * Owns the reading of one channel as the portal prints it, in the configuration and in `new_channel`, which
 * `channel_expire` may bring along. Pure.
 */
import { toChannelId, toInstantMs, toRecord } from '../portal/foreign-value'

/** What can be read of a channel; `null` where nothing can. */
export interface ReadChannel {
  /** The signed id. A secret: keep it nowhere but in a `ChannelId`. */
  readonly id: string | null
  /** Unix ms by the server's clock. The delete path of the portal writes Unix seconds, the others ISO dates. */
  readonly startAtMs: number | null
  readonly endAtMs: number | null
}

export interface ChannelSuccessor extends ReadChannel {
  readonly id: string
  readonly endAtMs: number
}

export function readChannel(raw: unknown): ReadChannel {
  const channel = toRecord(raw)
  return {
    id: toChannelId(channel['id']),
    startAtMs: toInstantMs(channel['start']),
    endAtMs: toInstantMs(channel['end']),
  }
}

/** The successor, or `null` when it is missing or incomplete: then the whole configuration has to be fetched. */
export function parseChannelSuccessor(raw: unknown): ChannelSuccessor | null {
  const channel = readChannel(raw)
  return channel.id !== null && channel.endAtMs !== null ? (channel as ChannelSuccessor) : null
}
