/**
 * Owns which channels were exchanged while a configuration was on its way: an answer that the portal made before brings
 * one back to which nobody writes any more.
 */
import { type ChannelSet, channelTypeOf, replaceChannel } from '../channel/channel-set'
import type { ChannelSuccessor } from '../config/successor'

export interface Exchanges {
  /** A configuration is asked for: it knows what has ended so far. */
  asked(): void
  /**
   * A channel of these has ended. Answers the others with its successor; `null` where only a configuration may name it. The
   * ids are secrets.
   */
  ended(channels: ChannelSet, channelId: string, successor: ChannelSuccessor | null): ChannelSet | null
  /** The channels of the answer, as they are now. `isOld`: one of them has ended, and its successor is not known. */
  applied(channels: ChannelSet): { readonly channels: ChannelSet; readonly isOld: boolean }
}

/** More are not exchanged while one configuration is on its way. */
const KEPT = 10

export function createExchanges(): Exchanges {
  let ended: { readonly id: string; readonly successor: ChannelSuccessor | null }[] = []
  return {
    asked() {
      ended = []
    },
    ended(channels, id, successor) {
      ended = ended.concat({ id, successor }).slice(-KEPT)
      return successor && replaceChannel(channels, id, successor)
    },
    applied(named) {
      let channels = named
      let isOld = false
      for (const { id, successor } of ended) {
        if (channelTypeOf(channels, id) === null) continue
        channels = (successor && replaceChannel(channels, id, successor)) || channels
        isOld = isOld || !successor
      }
      return { channels, isOld }
    },
  }
}
