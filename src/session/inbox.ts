/** Owns the way of a frame into the client: read, recognised if it came before, dated, and handed on once. */
import type { ChannelSet } from '../channel/channel-set'
import type { Codec, Frame, Message } from '../codec/codec'
import type { Clock } from '../platform/platform'
import { type Dedupe, identityOf } from '../replay/dedupe'
import { type Replay, publishedAt } from '../replay/position'
import type { FrameOutcome } from '../transport/transport'
import type { Counters } from './counters'
import { type PullEvent, eventOf, senderOf } from './dispatch'

export interface InboxDeps {
  readonly codec: Codec
  readonly clock: Clock
  readonly dedupe: Dedupe
  readonly counters: Counters
  /** Server time at a local instant, Unix ms. */
  serverNow(nowMs: number): number
  /** The portal published something at this time of its own clock. */
  noticeTime(publishedAtMs: number, nowMs: number): void
  deliver(event: PullEvent): void
  /** A message of module `pull`: for the session, not for listeners. */
  command(message: Message): void
  channelDeleted(): void
  unreadable(count: number): void
  /** Whether the session was stopped: a listener may do so in the middle of a frame. */
  isOver(): boolean
}

/** Where a frame came from. A link keeps the channels it was opened with. */
export interface Origin {
  readonly replay: Replay
  readonly channels: ChannelSet
  /** When the connection was opened, local Unix ms. */
  readonly openedAtMs: number
}

export interface Inbox {
  take(frame: Frame, origin: Origin): FrameOutcome
}

export function createInbox(deps: InboxDeps): Inbox {
  const { counters } = deps

  function take(frame: Frame, origin: Origin): FrameOutcome {
    counters.frames++
    let outcome: FrameOutcome = 'nothing-new'
    let bad = 0
    const decoded = deps.codec.decode(frame)
    for (let at = 0; at < decoded.length && !deps.isOver(); at++) {
      const item = decoded[at]
      if (item?.type === 'bad') bad++
      else if (item?.type === 'system' && item.name === 'channel-deleted') deps.channelDeleted()
      else if (item?.type === 'message' && accept(item, origin)) outcome = 'news'
    }
    if (bad > 0) {
      counters.bad += bad
      deps.unreadable(bad)
    }
    return outcome
  }

  /** Whether the message is news. The position moves all the same: what was seen must not be asked for again. */
  function accept(message: Message, { replay, channels, openedAtMs }: Origin): boolean {
    const receivedAtMs = deps.clock.now()
    const verdict = replay.accept(message, receivedAtMs)
    if (verdict === 'renumbered') deps.dedupe.reset()
    if (!deps.dedupe.isNew(identityOf(message))) {
      counters.repeats++
      return false
    }
    if (verdict === 'before-start') {
      counters.beforeStart++
      return false
    }
    const publishedAtMs = publishedAt(message)
    // What another browser published may claim any time.
    if (publishedAtMs !== null && senderOf(message).type !== 'client') deps.noticeTime(publishedAtMs, receivedAtMs)
    if (message.body.module_id.toLowerCase() === 'pull') {
      counters.commands++
      deps.command(message)
      return true
    }
    counters.events++
    const serverNowMs = deps.serverNow(receivedAtMs)
    // By what is known of the server's clock now: at the opening it may have been off by half a second.
    const openedAtServerMs = deps.serverNow(openedAtMs)
    deps.deliver(eventOf(message, { channels, receivedAtMs, serverNowMs, openedAtServerMs }))
    return true
  }

  return { take }
}
