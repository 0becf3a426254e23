/** Owns the reading of `new_channel`, which `channel_expire` may bring along. Pure. */
import { toChannelId, toInstantMs, toRecord } from './foreign-value'

export interface ChannelSuccessor {
  /** The signed id. A secret: hand it to `replaceChannel` and keep it nowhere. */
  readonly id: string
  /** Unix ms by the server's clock. The delete path of the portal writes Unix seconds, the others ISO dates. */
  readonly startAtMs: number | null
  readonly endAtMs: number
}

/** The successor, or `null` when it is missing or incomplete: then the whole configuration has to be fetched. */
export function parseChannelSuccessor(raw: unknown): ChannelSuccessor | null {
  const channel = toRecord(raw)
  const id = toChannelId(channel['id'])
  const endAtMs = toInstantMs(channel['end'])
  if (id === null || endAtMs === null) return null
  return { id, startAtMs: toInstantMs(channel['start']), endAtMs }
}
