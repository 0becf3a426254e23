/**
 * Owns a session's side of its links: from which place each one asks, what becomes of its frames, and what it means that
 * it opened or ended. A link keeps the configuration it was opened with: a later one is another link's.
 */
import { mailboxOf } from '../channel/channel-id'
import type { Channel } from '../channel/channel-set'
import type { Codec, Frame, Framing } from '../codec/codec'
import type { PullConfig } from '../config/config'
import { type ServerClock, serverNow } from '../config/freshness'
import type { ConnectionRecord, LinkPort, OpeningLink } from '../connection/connection'
import type { State } from '../connection/machine-types'
import type { Candidate } from '../connection/negotiation'
import { PullError } from '../core/pull-error'
import type { TransportKind } from '../core/transport-kind'
import type { Clock } from '../platform/platform'
import type { CursorQuery } from '../replay/numbering'
import { type Position, REPLAYED_MS, type Replay } from '../replay/position'
import type { TransportAddress, TransportFactory } from '../transport/transport'
import { addressOf, isBinary } from './address'
import { type Arrivals, printsOf } from './arrivals'
import type { LeftPage } from './cursor-store'
import { type StandingLink, createLeftBehind } from './left-behind'
import type { ReadLink, Reader } from './reader'
import type { RecoveringLink, Recovery } from './recovery'
import type { SessionDeps } from './session-types'
import { type PollWord, startShortPoll } from './short-poll'
import { downSince } from './status'
import type { UplinkRunner } from './uplink'

/** Links of 0.3.4 say nothing for longer only where their channels have ended. */
const SILENT_MOST_MS = 43_200_000

export interface LinksDeps extends Pick<SessionDeps, 'platform' | 'factories' | 'codecs' | 'timeouts' | 'warn'> {
  readonly clock: Clock
  readonly arrivals: Arrivals
  readonly reader: Reader
  readonly uplink: UplinkRunner
  readonly recovery: Recovery
  readonly href: string | null
  /** The page before this one, which this one goes on from. */
  readonly left: Pick<LeftPage, 'sinceMs' | 'read'> | null
  /** Other channels are read now. */
  readsOthers(): void
  state(): State
  serverTime(): ServerClock
  framing(): Framing
  candidates(): readonly Candidate[]
  reply(linkId: number, frame: Frame): boolean
}

export interface SessionLinks {
  /** Fingerprints of the channels that are read, or are to be read to their end. */
  read(): readonly string[]
  /** What came since then may come again: links are about to bring it, or exchanged channels are still to be asked for it. */
  neededSinceMs(): number
  open(link: OpeningLink, config: PullConfig, position: Position): LinkPort
  /** A new message came that was published then, by the local clock. */
  said(atMs: number): void
  /** The page goes. */
  pause(): void
  stop(): void
  /** Something happened to a link. */
  happened(entry: ConnectionRecord, linkId: number): void
}

/** A link from its opening to its end. */
interface OwnLink {
  readonly replay: Replay
  readonly askedAtMs: number
  /** `Infinity`: it does not stand yet. */
  openedAtMs: number
  /** What recovering needs to know of it. */
  link: RecoveringLink & StandingLink
}

export function createLinks(deps: LinksDeps): SessionLinks {
  const { clock, arrivals, reader, recovery, uplink } = deps
  /** What is open, or opening. */
  const own = new Map<number, OwnLink>()
  const { left } = deps
  let leftAtMs = left ? left.sinceMs : Infinity
  const leftBehind = createLeftBehind({
    clock,
    read: (left && left.read) || [],
    missed: recovery.leftBehind,
  })
  arrivals.restore(leftBehind.read())
  let hasOpened = leftAtMs < Infinity
  /** The last link that has brought anything. */
  let broughtId = 0
  /** When anything came last: what is open may have died right after it. */
  let heardAtMs = Infinity
  /** When what came then was published: a page that stood still reads it long after it came. */
  let saidAtMs = Infinity
  /** The same when what is open began to be doubted, until something opens: what comes over it later may have passed a hole. */
  let doubtedSinceMs = Infinity

  function open(link: OpeningLink, config: PullConfig, position: Position): LinkPort {
    const { id, kind } = link
    const { channels, version } = config
    const openedAtMs = clock.now()
    const serverTime = deps.serverTime()
    const framing = deps.framing()
    const codec = deps.codecs[framing] as Codec
    // While another link carries the traffic nothing is missed, unless channels are new.
    const hasActive = deps.state().phase === 'connected' && !link.isDoubted
    // Attempts that failed at the start are an outage, too.
    const hasMissed = hasOpened || downSince(deps.state()) !== null
    // A link may have died in the middle of its replay, long ago: what it was to read of new channels it has not read.
    own.forEach(({ replay: its, openedAtMs: atMs }, other) => its.isUnfinished() && arrivals.left(other, atMs))
    const newSinceMs = arrivals.opening(link, channels, serverTime, openedAtMs)
    if (link.isDoubted) doubtedSinceMs = Math.min(doubtedSinceMs, heardAtMs)
    // 0.3.4 replays nothing over WebSocket: what was open may have been dead since it was heard last, and nobody doubted it.
    const isDeaf = version === 1 && kind === 'websocket'
    const silentSinceMs = isDeaf ? Math.max(heardAtMs, openedAtMs - SILENT_MOST_MS) : Infinity
    const missedSinceMs = Math.min(link.sinceMs, newSinceMs, doubtedSinceMs, silentSinceMs, leftAtMs)
    const sinceMs = Math.min(missedSinceMs, recovery.owedSinceMs())
    const ask = {
      nowMs: openedAtMs,
      sinceMs,
      serverNowMs: serverNow(serverTime, openedAtMs),
      unsureMs: serverTime.laterMs === undefined ? serverTime.uncertaintyMs : serverTime.laterMs,
      channels: channels.map((channel) => mailboxOf(channel.id.reveal())),
      // An attempt that failed may have eaten a message, and took its time: what came meanwhile is asked for as well. On a
      // Node server that is the whole history, once an hour at the most: then the transport that works is tried first.
      resumed: hasOpened || id > 1,
    }
    // What comes live must not be taken for the replay of a channel.
    const replayed = isDeaf ? [] : ask.channels
    const replay = position.open({ ...ask, channels: replayed, atomic: kind === 'long-polling' })
    const read: ReadLink = {
      codec,
      replay,
      origin: { channels, openedAtMs },
      isPassed: () => id < broughtId,
      reply: (frame) => void deps.reply(id, frame),
      answered: (answer) => uplink.answered(id, answer),
    }
    const listed = ({ order }: Replay): PullConfig =>
      order ? { ...config, channels: order.map((at) => channels[at] as Channel) } : config
    const address = (as: TransportKind, cursor: CursorQuery, of = listed(replay)): TransportAddress =>
      addressOf(of, as, { framing, cursor, href: deps.href })
    // A token that names none says nothing about them.
    const prints = printsOf(channels)
    const factory = deps.factories['long-polling']
    // Node servers answer in the order of the mids over all channels, or may not: what is missing of it shows in no place.
    const wholeOf = version < 3 ? codec.wholeOf : undefined
    // Forced means one transport.
    const mayPoll = factory && deps.candidates().some((other) => other.kind === 'long-polling')
    const recovering = {
      id,
      version,
      kind,
      prints,
      missedSinceMs:
        hasMissed && (!hasActive || newSinceMs < link.sinceMs || (silentSinceMs < Infinity && mayPoll))
          ? missedSinceMs
          : null,
      askedSinceMs: sinceMs,
      ownSinceMs: missedSinceMs,
      isAfterBreak: hasMissed && !hasActive,
      // Version 5 replays over WebSocket alone.
      poll: mayPoll && version < 5 ? poll : null,
      release: (frame: Frame) => void reader.take(frame, read),
    }
    own.set(id, { replay, askedAtMs: openedAtMs, openedAtMs: Infinity, link: recovering })

    function poll(fromMs: number, told: (word: PollWord) => void, print?: string): () => void {
      const asking = position.open({
        ...ask,
        nowMs: clock.now(),
        sinceMs: fromMs,
        resumed: true,
        atomic: true,
        isAlone: !!print,
      })
      const alone = print ? { ...config, channels: channels.filter((_, at) => prints[at] === print) } : listed(asking)
      return startShortPoll({
        told,
        clock,
        holdMs: deps.timeouts.pollHoldMs,
        take(frame, isPart) {
          if (isPart) asking.cutOff()
          if (reader.take(frame, { ...read, replay: asking }) === 'news') recovery.passed()
        },
        open: (sink, again) =>
          (factory as TransportFactory)({
            clock,
            fetch: deps.platform.fetch,
            webSocket: null,
            timeouts: deps.timeouts,
            mayBecomeLongPoll: false,
            binary: isBinary(config, 'long-polling', framing),
            wholeOf,
            address(phase) {
              if (phase === 'next') again()
              return address('long-polling', asking.query, alone)
            },
            sink,
          }),
      })
    }

    return {
      binary: isBinary(config, kind, framing),
      wholeOf,
      // Only version 5 gives a sign of life that pages can see.
      silenceMs: version > 4 ? deps.timeouts.silenceMs : null,
      address: (phase) => address(kind, phase === 'first' ? replay.query : replay.next()),
      frame(frame, isPart) {
        if (isPart) replay.cutOff()
        // A link that is drained says nothing about its successor.
        if (id >= leftBehind.readingId()) heardAtMs = clock.now()
        broughtId = Math.max(broughtId, id)
        saidAtMs = Infinity
        if (recovery.hold(id, frame)) return 'news'
        const outcome = reader.take(frame, read)
        if (outcome === 'news') recovery.heard(id)
        return replay.gotFurther() ? 'news' : outcome
      },
      emptyPoll: (hint) => replay.emptyPoll(hint, clock.now()),
    }
  }

  /** `as`: an event stream may have become a poll loop. */
  function opened(linkId: number, as?: TransportKind): void {
    // Also one that was opened beside another, which has broken meanwhile.
    const isAfterBreak = hasOpened && !leftBehind.readingId()
    hasOpened = true
    heardAtMs = Math.min(heardAtMs, clock.now())
    const opening = own.get(linkId)
    if (!opening || opening.openedAtMs < Infinity) return
    opening.openedAtMs = clock.now()
    const { link } = opening
    const lacksChannel = leftBehind.opened(link, heardAtMs, recovery.owedSinceMs())
    deps.readsOthers()
    const unplannedSinceMs = lacksChannel ? link.askedSinceMs : isAfterBreak ? link.ownSinceMs : null
    const missedSinceMs = link.missedSinceMs === null ? unplannedSinceMs : link.missedSinceMs
    opening.link = { ...link, kind: as || link.kind, lacksChannel, missedSinceMs }
    recovery.opened(opening.link)
  }

  /** The newest, as the connection chooses it. */
  function standingBeside(linkId: number): RecoveringLink | undefined {
    const others = Array.from(own.values()).filter(
      ({ link, openedAtMs }) => link.id !== linkId && openedAtMs < Infinity,
    )
    return others.map(({ link }) => link).pop()
  }

  function ended({ what, detail, code }: ConnectionRecord, linkId: number): void {
    // Version 4 answers a request it does not like by closing. The request is not repeated.
    const isRefusal = what === 'lost' && detail === 'bad-request' && Number(code) > 4000
    const message = `The push server closed the connection because of a request (${code})`
    const refusal = isRefusal ? new PullError('server-refused', message, { facts: { closeCode: code } }) : undefined
    uplink.linkEnded(linkId, refusal)
    if (refusal) deps.warn(refusal)
    const ending = own.get(linkId)
    const hasStood = !!ending && ending.openedAtMs < Infinity
    if (ending && !hasStood) leftBehind.failed(ending.link)
    const isUnfinished = !!ending && ending.replay.isUnfinished()
    // The traffic goes back to an older link, which asks for nothing: what it passes has to be asked for beside it. Not on
    // push-stream, where nothing is passed and links that die one after the other would fetch the same each time.
    const older = what === 'lost' && linkId === leftBehind.readingId() && standingBeside(linkId)
    if (older && older.version > 2)
      recovery.opened({ ...older, missedSinceMs: null, ownSinceMs: heardAtMs, askedSinceMs: clock.now() })
    arrivals.left(linkId, ending && isUnfinished ? ending.openedAtMs : clock.now())
    recovery.ended(linkId, isUnfinished, what === 'lost' && hasStood)
    own.delete(linkId)
    leftBehind.ended(linkId, what === 'lost' ? what : 'closed', Math.min(heardAtMs, saidAtMs, recovery.owedSinceMs()))
  }

  return {
    open,
    said: (atMs) => void (saidAtMs = atMs),
    read: leftBehind.read,
    neededSinceMs() {
      const nowMs = clock.now()
      const open = Array.from(own.values()).filter(({ openedAtMs }) => nowMs - openedAtMs < REPLAYED_MS)
      return Math.min(leftBehind.sinceMs(), ...open.map(({ link }) => link.askedSinceMs))
    },
    pause: leftBehind.pause,
    stop: leftBehind.stop,
    happened(entry, linkId) {
      const { what, detail } = entry
      if (what === 'lost' || what === 'close') ended(entry, linkId)
      if (what === 'opened') {
        opened(linkId, entry.transport)
        // A poll that merely waits may be waiting for nobody.
        if (detail !== 'confirmed') return
        heardAtMs = clock.now()
        doubtedSinceMs = leftAtMs = Infinity
        const standing = own.get(linkId)
        if (standing) arrivals.heard(linkId, heardAtMs, heardAtMs - standing.askedAtMs)
      }
    },
  }
}
