/**
 * Owns how frames become events: decoded, placed in the stream, stripped of repeats, delivered. What the server tells the
 * session itself is handed on. One reader serves all links of a session, so that what came twice is seen.
 */
import type { Answer, BadMessage, Codec, Frame, Message } from '../codec/codec'
import type { ServerClock } from '../config/freshness'
import { PullError } from '../core/pull-error'
import type { SteadyClock } from '../platform/steady-clock'
import { type Dedupe, identityOf } from '../replay/dedupe'
import type { Replay, Verdict } from '../replay/position'
import type { FrameOutcome } from '../transport/transport'
import type { Counters } from './counters'
import { type Origin, type PullEvent, eventOf } from './dispatch'

export interface ReaderDeps {
  readonly clock: SteadyClock
  readonly counters: Counters
  readonly dedupe: Dedupe
  readonly serverTime: () => ServerClock
  /** A listener may stop the client in the middle of a frame. */
  readonly isOver: () => boolean
  deliver(event: PullEvent): void
  /** Module `pull`: the server talks to the session. */
  obey(event: PullEvent, message: Message): void
  /** Told of every new message, before it is delivered: it says what time it is on the server. */
  dated(message: Message): void
  channelDeleted(): void
  /** A frame was read and delivered to its end. */
  taken(): void
  /** Told of every message that was not seen before, delivered or not. `isLate`: a later link was there first. */
  numbered(message: Message, isLate: boolean): void
  /** The server counts from the beginning. */
  renumbered(): void
  /** The server has another store, which goes on behind the numbers of the old one. */
  anotherStore(): void
  /** `isBeyond`: what was larger than anybody reads may hold any number of messages. */
  unreadable(count: number, isBeyond: boolean): void
  warn(error: PullError): void
}

/** The link that frames come from. */
export interface ReadLink {
  readonly codec: Codec
  readonly replay: Replay
  readonly origin: Origin
  /** A later link has brought something: what this one still brings may lie before that. */
  isPassed(): boolean
  reply(frame: Frame): void
  answered(answer: Answer): void
}

export interface Reader {
  take(frame: Frame, link: ReadLink): FrameOutcome
}

export function createReader(deps: ReaderDeps): Reader {
  const { clock, counters, dedupe } = deps

  function take(frame: Frame, link: ReadLink): FrameOutcome {
    let outcome: FrameOutcome = 'nothing-new'
    let count = 0
    let unnumbered = 0
    let isBeyond = false
    counters.frames++
    for (const item of link.codec.decode(frame)) {
      if (deps.isOver()) break
      if (item.type === 'bad') {
        const word = pass(item, link)
        if (word !== 'nothing-new') count++
        if (word === 'news') outcome = word
        if (word === 'unplaced') unnumbered++
        isBeyond = isBeyond || item.reason === 'too-large' || item.reason === 'too-many'
      } else if (item.type === 'message') {
        if (accept(item, link)) outcome = 'news'
        acknowledge(item, link)
      } else if (item.type === 'reply') link.reply(item.frame)
      else if (item.type === 'answer') link.answered(item)
      // New listeners are refused until the portal posts to the channel again: ask for what is valid now.
      else if (item.name === 'channel-deleted') deps.channelDeleted()
    }
    if (count) {
      counters.bad += count
      const message = 'The server sent something unreadable; it was skipped, nothing else is lost.'
      deps.warn(new PullError('bad-frame', message, { retryable: true, facts: { count } }))
      if (unnumbered && !deps.isOver()) deps.unreadable(unnumbered, isBeyond)
    }
    deps.taken()
    return outcome
  }

  /** After delivery: who dies in between gets it again. Repeats are acknowledged too, or they come for ever. */
  function acknowledge({ receipt }: Pick<Message, 'receipt'>, link: ReadLink): void {
    if (receipt && !deps.isOver()) link.reply(receipt)
  }

  /** A whole message without a readable body has a place all the same: asked for again it would come again, for ever. */
  function pass({ placed }: BadMessage, link: ReadLink): FrameOutcome | 'unplaced' {
    if (!placed || !identityOf(placed)) return 'unplaced'
    const isNews = place(placed, link) !== null
    acknowledge(placed, link)
    return isNews ? 'news' : 'nothing-new'
  }

  /** `null`: it was seen before. The position moves all the same: what was seen must not be asked for again. */
  function place(message: Message, { replay, isPassed }: ReadLink): Verdict | null {
    const nowMs = clock.now()
    const { mid } = message
    const identity = identityOf(message)
    const verdict = replay.accept(message, nowMs, dedupe.isOther(mid, identity))
    if (verdict === 'renumbered') {
      dedupe.renumbered()
      deps.renumbered()
    }
    if (verdict === 'another-store') deps.anotherStore()
    if (identity && !dedupe.isNew(identity, nowMs, mid)) {
      counters.repeats++
      return null
    }
    deps.numbered(message, isPassed())
    return verdict
  }

  /** Whether the message is news. */
  function accept(message: Message, link: ReadLink): boolean {
    const verdict = place(message, link)
    // A listener of `gap` may have stopped the client: whoever comes next delivers it.
    if (verdict === null || deps.isOver()) return false
    if (verdict === 'before-start') {
      counters.beforeStart++
      return false
    }
    deps.dated(message)
    const nowMs = clock.now()
    const event = eventOf(message, link.origin, deps.serverTime(), nowMs, clock.told(nowMs))
    if (event.module === 'pull') {
      counters.commands++
      deps.obey(event, message)
    } else {
      counters.events++
      deps.deliver(event)
    }
    return true
  }

  return { take }
}
