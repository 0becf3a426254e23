/**
 * Owns resuming by `mid`, the same on all servers from version 3 on: what counts as one, what lies behind it.
 */
import { newestStored, storedBehind, type Hub, type Stored } from '../hub'

/** 26 digits, existing or not; everything else counts as absent. */
export function readMid(text: string | null): string | null {
  return text !== null && /^\d{26}$/.test(text) ? text : null
}

/** One sorted list over all channels. 2.0 repeats a message that lies in two of them, 1.0 does not. */
export function replayAfter(
  hub: Hub,
  channels: readonly string[],
  mid: string,
  dedupe: boolean,
  nowMs: number,
): Stored[] {
  const found = channels.flatMap((channel) => storedBehind(hub, channel, mid, nowMs))
  const list = dedupe ? [...new Set(found)] : found
  return list.sort((a, b) => (a.mid < b.mid ? -1 : a.mid > b.mid ? 1 : 0))
}

export function newestMid(hub: Hub, channels: readonly string[], nowMs: number): string {
  let newest = ''
  for (const channel of channels) {
    const mid = newestStored(hub, channel, nowMs)?.mid ?? ''
    if (mid > newest) newest = mid
  }
  return newest
}
