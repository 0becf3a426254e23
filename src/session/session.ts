/**
 * Owns the identity that survives connections: configuration, channels, position, and what was delivered already.
 * It connects to what the configuration names and obeys the server's commands. Decisions lie in the files it imports.
 */
import { channelTypeOf, replaceChannel, sameChannels } from '../channel/channel-set'
import type { Codec, Message } from '../codec/codec'
import type { ConfigSource, PullConfig } from '../config/config'
import { type ServerClock, observe, renewAt, serverClock, serverNow } from '../config/freshness'
import { type Connection, type ConnectionRecord, type LinkPort, createConnection } from '../connection/connection'
import type { MachineOptions, State } from '../connection/machine-types'
import { PullError } from '../core/pull-error'
import type { TransportKind } from '../core/transport-kind'
import type { Platform } from '../platform/platform'
import { createDedupe } from '../replay/dedupe'
import { type CursorQuery, type Position, createPosition } from '../replay/position'
import type { TransportFactory, TransportTimeouts } from '../transport/transport'
import { addressOf } from './address'
import { NO_ARRIVALS, ended, heard, opening } from './arrivals'
import { type Candidates, candidatesOf, noTransport } from './candidates'
import { createConfigLoader } from './config-loader'
import { type Counters, createCounters } from './counters'
import type { PullEvent } from './dispatch'
import { createInbox } from './inbox'
import { type ChannelsFact, type GapFact, type StatusFact, outageOfChannels, statusOf } from './status'
import { systemCommand } from './system-command'

export interface SessionDeps {
  readonly platform: Platform
  readonly source: ConfigSource
  readonly secure: boolean
  readonly codec: Codec
  readonly factories: Readonly<Partial<Record<TransportKind, TransportFactory>>>
  /** Transports in order of preference; one means forced. */
  readonly wanted: readonly TransportKind[]
  readonly preferred: TransportKind | null
  machineOptions(config: PullConfig): MachineOptions
  /** `spreadMs`: `config_expire` and the like reach everybody in one second: answered at random within this. */
  readonly timeouts: TransportTimeouts & { readonly configMs: number; readonly spreadMs: number }
  readonly replay: { readonly overlapMs: number; readonly dedupeWindow: number }
  deliver(event: PullEvent): void
  /** After every step of the connection; often the same as before. */
  status(fact: StatusFact): void
  channels(fact: ChannelsFact): void
  gap(fact: GapFact): void
  /** Something went wrong and is being dealt with. */
  warn(error: PullError): void
  /** It cannot ever work: the session is over. */
  fatal(error: PullError): void
  record(entry: ConnectionRecord): void
  /** The transport that last carried traffic; `null` when it is the first choice anyway. */
  remember(kind: TransportKind | null): void
}

export interface SessionView {
  readonly state: State
  readonly counters: Readonly<Counters>
  readonly config: PullConfig | null
  readonly cursor: CursorQuery
  readonly remembered: number
  readonly clockShiftMs: number | null
}

export interface Session {
  start(): void
  stop(): void
  view(): SessionView
}

export function createSession(deps: SessionDeps): Session {
  const { platform } = deps
  const { clock } = platform
  const startedAtMs = clock.now()
  const counters = createCounters()
  const dedupe = createDedupe(deps.replay.dedupeWindow)
  let config: PullConfig | null = null
  let serverTime: ServerClock = serverClock(null, 0, 0)
  let position: Position | null = null
  let candidates: Candidates = { usable: [], missing: {} }
  let connection: Connection | null = null
  let targetId = 0
  let hasOpened = false
  let hurriedOutage: number | null = null
  let arrivals = NO_ARRIVALS
  /** The last link that cannot ask for what was missed, until it opens. */
  let deaf: { readonly linkId: number; readonly sinceMs: number } | null = null
  let over = false

  const loader = createConfigLoader({
    platform,
    source: deps.source,
    secure: deps.secure,
    timeoutMs: deps.timeouts.configMs,
    adopted: adopt,
    failed: deps.warn,
    fatal: deps.fatal,
  })

  const inbox = createInbox({
    codec: deps.codec,
    clock,
    dedupe,
    counters,
    serverNow: (nowMs) => serverNow(serverTime, nowMs),
    noticeTime,
    deliver: deps.deliver,
    command: obey,
    // New listeners are refused until the portal posts to the channel again: ask for what is valid now.
    channelDeleted: () => loader.want('bad-channel'),
    unreadable: (count) => deps.warn(unreadable(count)),
    isOver: () => over,
  })

  function adopt(next: PullConfig, sentAtMs: number): number | null {
    const nowMs = clock.now()
    const previous = config
    counters.configLoads++
    if (next.serverTimeAtMs !== null || previous === null)
      serverTime = serverClock(next.serverTimeAtMs, sentAtMs, nowMs)
    const found = candidatesOf(next, deps.wanted, platform)
    if (!next.enabled) {
      throw new PullError(
        'disabled',
        'The portal says that its push server is off: switch it on in the settings of the Push and Pull module.',
      )
    }
    if (found.usable.length === 0) throw noTransport(next, found)
    candidates = found
    config = next
    if (!position || previous?.version !== next.version) {
      position = createPosition({
        version: next.version,
        overlapMs: deps.replay.overlapMs,
        originAtMs: serverNow(serverTime, startedAtMs),
        originIsServerTime: next.serverTimeAtMs !== null,
      })
    }
    if (previous === null) {
      connection = createConnection({
        platform,
        factories: deps.factories,
        options: deps.machineOptions(next),
        timeouts: deps.timeouts,
        openLink,
        changed: tellStatus,
        renew: () => loader.want('bad-channel'),
        record,
      })
      tellChannels('loaded')
      // A listener of `channels` may have stopped the client.
      if (!over) connection.start({ id: ++targetId, candidates: candidates.usable }, deps.preferred)
    } else if (sameTarget(previous, next)) {
      tellChannels('renewed')
      // The channels were refused and may be known again (push-stream after a restart). Once per outage: a server that
      // goes on refusing is asked at the pace of the back-off.
      const outage = outageOfChannels(connection?.state)
      if (outage !== null && outage !== hurriedOutage) retarget()
      hurriedOutage = outage ?? hurriedOutage
    } else {
      tellChannels('changed')
      retarget()
    }
    return renewAt(next, serverTime, platform.random(), nowMs, previous)
  }

  function retarget(): void {
    connection?.retarget({ id: ++targetId, candidates: candidates.usable })
  }

  /** One connection's side of the session. It keeps the channels it was opened with: later ones are another link's. */
  function openLink(link: { id: number; kind: TransportKind; sinceMs: number; mayBecomeLongPoll: boolean }): LinkPort {
    if (!config || !position) throw new Error('no configuration')
    const own = config
    const { channels } = own
    const openedAtMs = clock.now()
    const openedAtServerMs = serverNow(serverTime, openedAtMs)
    arrivals = opening(arrivals, { ...link, channels }, serverTime, openedAtMs)
    const sinceMs = Math.min(link.sinceMs, arrivals.sinceMs)
    const replay = position.open({
      nowMs: openedAtMs,
      sinceMs,
      serverNowMs: openedAtServerMs,
      channelCount: channels.length,
      // An attempt that failed may have eaten a message, and took its time: what came meanwhile is asked for as well. On a
      // Node server that is the whole history, once an hour at the most: then the transport that works is tried first.
      resumed: hasOpened || link.id > 1,
      atomic: link.kind === 'long-polling',
    })
    // 0.3.4 replays nothing over WebSocket (push-stream.md 3). After an outage that is a hole nobody can look into.
    const missedNothing = !hasOpened || sinceMs >= openedAtMs
    if (own.version === 1 && link.kind === 'websocket' && !missedNothing) deaf = { linkId: link.id, sinceMs }
    return {
      address: (phase) =>
        addressOf(own, link.kind, phase === 'first' ? replay.query : replay.next(), platform.page?.href ?? null),
      frame: (frame) => inbox.take(frame, { replay, channels, openedAtMs }),
      emptyPoll: (hint) => replay.emptyPoll(hint, clock.now()),
    }
  }

  /** Keeps the server's clock fresh: it is never earlier than what was published by it. */
  function noticeTime(publishedAtMs: number, nowMs: number): void {
    // A clock nobody vouched for is not set by an old message.
    const isPlausible = serverTime.uncertaintyMs !== Infinity || Math.abs(nowMs - publishedAtMs) < 86_400_000
    if (isPlausible) serverTime = observe(serverTime, publishedAtMs / 1000, nowMs)
  }

  function obey({ body }: Message): void {
    const command = systemCommand(body.command, body.params)
    if (!command || !config) return
    switch (command.type) {
      case 'channel-expired': {
        // An older channel of ours, or somebody else's: replaced already.
        if (channelTypeOf(config.channels, command.channelId) === null) return
        const replaced = command.successor && replaceChannel(config.channels, command.channelId, command.successor)
        if (!replaced) {
          arrivals = ended(arrivals, clock.now())
          return loader.want('channel-expired')
        }
        config = { ...config, channels: replaced }
        tellChannels('changed')
        return retarget()
      }
      case 'config-expired':
        return loader.want('config-expired', deps.timeouts.spreadMs)
      case 'server-restart':
        return connection?.announceRestart()
      default:
        return command satisfies never
    }
  }

  function tellStatus(state: State): void {
    if (over) return
    if (state.phase === 'connected' && state.active.useful) {
      const { kind } = state.active
      deps.remember(kind === candidates.usable[0]?.kind ? null : kind)
    }
    deps.status(statusOf(state, candidates.missing))
  }

  function tellChannels(reason: ChannelsFact['reason']): void {
    if (config) deps.channels({ reason, channels: config.channels.map(({ type, endAtMs }) => ({ type, endAtMs })) })
  }

  function record(entry: ConnectionRecord): void {
    if (entry.what === 'opened' && entry.linkId !== undefined) opened(entry.linkId)
    if (entry.what === 'opened' && entry.detail === 'confirmed') counters.opened++
    if (entry.what === 'lost') counters.lost++
    deps.record(entry)
  }

  function opened(linkId: number): void {
    const untilMs = clock.now()
    hasOpened = true
    arrivals = heard(arrivals, linkId, untilMs)
    if (deaf?.linkId !== linkId) return
    const { sinceMs } = deaf
    deaf = null
    // Told once the outage is over: every attempt that fails would tell it again.
    deps.gap({ certainty: 'suspected', reason: 'no-replay', sinceMs, untilMs })
  }

  return {
    start: () => loader.start(),
    stop() {
      over = true
      loader.stop()
      connection?.stop()
    },
    view: () => ({
      state: connection?.state ?? { phase: 'idle' },
      counters,
      config,
      cursor: position?.describe() ?? {},
      remembered: dedupe.size,
      clockShiftMs: serverTime.uncertaintyMs === Infinity ? null : serverTime.shiftMs,
    }),
  }
}

function unreadable(count: number): PullError {
  return new PullError('bad-frame', 'The server sent something unreadable; it was skipped, nothing else is lost.', {
    retryable: true,
    facts: { count },
  })
}

function sameTarget(a: PullConfig, b: PullConfig): boolean {
  const identity = ({ version, endpoints, clientId, hostname, mode }: PullConfig): string =>
    JSON.stringify([version, endpoints, clientId, hostname, mode])
  return identity(a) === identity(b) && sameChannels(a.channels, b.channels)
}
