/**
 * Owns the reading of public channels as the portal prints them, in the configuration and in the answer of
 * `pull.channel.public.list`. Pure.
 */
import { toInstantMs, toNumber, toRecord } from '../portal/foreign-value'
import type { PublicChannel } from './config'

/** By user id; what cannot be read is missing. `false`, `[]` and the like are an empty map. */
export function readPublicChannels(raw: unknown): Map<number, PublicChannel> {
  const given: Readonly<Record<string, unknown>> = Object(raw)
  const channels = new Map<number, PublicChannel>()
  Object.keys(given).forEach((key) => {
    const { user_id: userId, public_id: id, signature, end } = toRecord(given[key])
    // PHP prints users numbered from 0 on as a list: the field is right then, the key is not.
    const user = toNumber(userId) || Number(key)
    if (user % 1 !== 0 || !isHex(id, /^[\da-f]{32}$/i) || !isHex(signature, /^([\da-f]{40})?$/i)) return
    channels.set(user, { id, signature, endAtMs: toInstantMs(end) })
  })
  return channels
}

function isHex(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value)
}
