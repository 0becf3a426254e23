/**
 * Owns the identity that survives connections: configuration, channels, position, and what was delivered already.
 * It connects to what the configuration names and obeys the server's commands. Decisions lie in the files it imports.
 */
import { channelQuery, channelTypeOf, replaceChannel } from '../channel/channel-set'
import type { Frame, Message } from '../codec/codec'
import type { PullConfig } from '../config/config'
import { observe, renewAt, serverClock, serverNow } from '../config/freshness'
import { type Connection, type ConnectionRecord, type LinkPort, createConnection } from '../connection/connection'
import type { MachineOptions, State, Target } from '../connection/machine-types'
import { PullError } from '../core/pull-error'
import type { TransportKind } from '../core/transport-kind'
import { createDedupe, identityOf } from '../replay/dedupe'
import { type Position, type Replay, createPosition, publishedAt } from '../replay/position'
import type { FrameOutcome } from '../transport/transport'
import { addressOf } from './address'
import { createArrivals } from './arrivals'
import { type Candidates, candidatesOf, noTransport } from './candidates'
import { createConfigLoader } from './config-loader'
import { createCounters } from './counters'
import { type Origin, type PullEvent, eventOf, senderOf } from './dispatch'
import type { Session, SessionDeps } from './session-types'
import { type ChannelsFact, outageOf, statusOf } from './status'
import { systemCommand } from './system-command'

export type { Session, SessionView } from './session-types'

export function createSession(deps: SessionDeps): Session {
  const { platform } = deps
  const { clock } = platform
  const startedAtMs = clock.now()
  const counters = createCounters()
  const dedupe = createDedupe(deps.replay.dedupeWindow)
  const arrivals = createArrivals()
  const loader = createConfigLoader(deps, adopt)
  let config: PullConfig | null = null
  let serverTime = serverClock(null, 0, 0)
  let position: Position | null = null
  let candidates: Candidates = { usable: [], missing: {} }
  let connection: Connection | null = null
  let targetId = 0
  let hasOpened = false
  /** The configuration on its way was asked for because channels were refused, or may have been. */
  let isRenewing = false
  let hurriedOutage: number | null = null
  /** The last link that cannot ask for what was missed, until it opens. */
  let deafId = 0
  let deafSinceMs = 0
  let over = false

  function adopt(next: PullConfig, sentAtMs: number): number | null {
    const nowMs = clock.now()
    const previous = config
    counters.configLoads++
    if (next.serverTimeAtMs !== null) serverTime = serverClock(next.serverTimeAtMs, sentAtMs, nowMs)
    const found = candidatesOf(next, deps.wanted, platform)
    if (!next.enabled) {
      const message = 'The push server is off: switch it on in the settings of the Push and Pull module.'
      throw new PullError('disabled', message)
    }
    if (!found.usable.length) throw noTransport(next, found)
    candidates = found
    config = next
    if (!previous || previous.version !== next.version) {
      position = createPosition({
        version: next.version,
        overlapMs: deps.replay.overlapMs,
        originAtMs: serverNow(serverTime, startedAtMs),
        originIsServerTime: next.serverTimeAtMs !== null,
      })
    }
    if (!previous) {
      tellChannels('loaded')
      // A listener of `channels` may have stopped the client.
      if (!over) connect(deps.machineOptions(next))
    } else if (targetOf(previous) !== targetOf(next)) {
      tellChannels('changed')
      retarget()
    } else {
      tellChannels('renewed')
      // The channels were refused and may be known again (push-stream after a restart). Once per outage: a server that
      // goes on refusing is asked at the pace of the back-off.
      const outage = isRenewing && connection && outageOf(connection.state)
      if (outage && outage !== hurriedOutage) {
        hurriedOutage = outage
        retarget()
      }
    }
    isRenewing = false
    return renewAt(next, serverTime, platform.random(), nowMs, previous)
  }

  function connect(options: MachineOptions): void {
    connection = createConnection({ ...deps, options, openLink, changed: tellStatus, renew, record })
    connection.start(target(), deps.preferred)
  }

  function retarget(): void {
    if (connection) connection.retarget(target())
  }

  function target(): Target {
    return { id: ++targetId, candidates: candidates.usable }
  }

  function renew(): void {
    isRenewing = true
    loader.want('bad-channel')
  }

  /** One connection's side of the session. It keeps the channels it was opened with: later ones are another link's. */
  function openLink(link: { id: number; kind: TransportKind; sinceMs: number }): LinkPort {
    if (!config || !position) throw new Error('no configuration')
    const own = config
    const { id, kind } = link
    const { channels, version } = own
    const openedAtMs = clock.now()
    // While another link carries the traffic nothing is missed, unless channels are new.
    const hasActive = !!connection && connection.state.phase === 'connected'
    const sinceMs = Math.min(link.sinceMs, arrivals.opening(link, channels, serverTime, openedAtMs))
    const replay = position.open({
      nowMs: openedAtMs,
      sinceMs,
      serverNowMs: serverNow(serverTime, openedAtMs),
      channelCount: channels.length,
      // An attempt that failed may have eaten a message, and took its time: what came meanwhile is asked for as well. On a
      // Node server that is the whole history, once an hour at the most: then the transport that works is tried first.
      resumed: hasOpened || id > 1,
      atomic: kind === 'long-polling',
    })
    // 0.3.4 replays nothing over WebSocket (recorded). After an outage that is a hole nobody can look into.
    if (version === 1 && kind === 'websocket' && hasOpened && (!hasActive || sinceMs < link.sinceMs)) {
      deafId = id
      deafSinceMs = sinceMs
    }
    return {
      address: (phase) =>
        addressOf(own, kind, phase === 'first' ? replay.query : replay.next(), platform.page && platform.page.href),
      frame: (frame) => take(frame, replay, { channels, openedAtMs }),
      emptyPoll: (hint) => replay.emptyPoll(hint, clock.now()),
    }
  }

  function take(frame: Frame, replay: Replay, origin: Origin): FrameOutcome {
    let outcome: FrameOutcome = 'nothing-new'
    let count = 0
    counters.frames++
    for (const item of deps.codec.decode(frame)) {
      // A listener may stop the client in the middle of a frame.
      if (over) break
      if (item.type === 'bad') count++
      else if (item.type === 'message') {
        if (accept(item, replay, origin)) outcome = 'news'
      }
      // New listeners are refused until the portal posts to the channel again: ask for what is valid now.
      else if (item.type === 'system' && item.name === 'channel-deleted') renew()
    }
    if (count) {
      counters.bad += count
      const message = 'The server sent something unreadable; it was skipped, nothing else is lost.'
      deps.warn(new PullError('bad-frame', message, { retryable: true, facts: { count } }))
    }
    return outcome
  }

  /** Whether the message is news. The position moves all the same: what was seen must not be asked for again. */
  function accept(message: Message, replay: Replay, origin: Origin): boolean {
    const nowMs = clock.now()
    const verdict = replay.accept(message, nowMs)
    if (verdict === 'renumbered') dedupe.reset()
    if (!dedupe.isNew(identityOf(message))) {
      counters.repeats++
      return false
    }
    if (verdict === 'before-start') {
      counters.beforeStart++
      return false
    }
    // What another browser published may claim any time.
    if (senderOf(message).type !== 'client') noticeTime(publishedAt(message), nowMs)
    const event = eventOf(message, origin, serverTime, nowMs)
    if (event.module === 'pull') {
      counters.commands++
      obey(event, message)
    } else {
      counters.events++
      deps.deliver(event)
    }
    return true
  }

  /** Keeps the server's clock fresh: it is never earlier than what was published by it. */
  function noticeTime(publishedAtMs: number | null, nowMs: number): void {
    // A clock nobody vouched for is not set by an old message.
    const isPlausible = serverTime.uncertaintyMs < Infinity || Math.abs(nowMs - Number(publishedAtMs)) < 86_400_000
    if (publishedAtMs && isPlausible) serverTime = observe(serverTime, publishedAtMs / 1000, nowMs)
  }

  function obey(event: PullEvent, message: Message): void {
    const command = systemCommand(event.command, event.params)
    if (!command || !config) return
    switch (command.type) {
      case 'channel_expire': {
        const { channelId, successor } = command
        const { channels } = config
        // An older channel of ours, or somebody else's: replaced already.
        if (channelTypeOf(channels, channelId) === null) return
        const replaced = successor && replaceChannel(channels, channelId, successor)
        if (!replaced) {
          // It may be read long after it was said; since then the new channel has been written to.
          const saidAtMs = publishedAt(message) || (config.version < 3 && message.timeAtMs)
          arrivals.ended(saidAtMs ? saidAtMs + serverTime.shiftMs : clock.now())
          return loader.want('channel-expired')
        }
        config = { ...config, channels: replaced }
        tellChannels('changed')
        return retarget()
      }
      case 'config_expire':
        return loader.want('config-expired', deps.timeouts.spreadMs)
      case 'server_restart':
        if (connection) connection.announceRestart()
        return
      default:
        return command satisfies never
    }
  }

  function tellStatus(state: State): void {
    if (over || state.phase === 'idle') return
    const { usable, missing } = candidates
    if (state.phase === 'connected' && state.active.useful) {
      const { kind } = state.active
      deps.remember(usable[0] && usable[0].kind === kind ? null : kind)
    }
    deps.status(statusOf(state, missing))
  }

  function tellChannels(reason: ChannelsFact['reason']): void {
    if (config) deps.channels({ reason, channels: config.channels.map(({ type, endAtMs }) => ({ type, endAtMs })) })
  }

  function record(entry: ConnectionRecord): void {
    const { what, linkId, detail } = entry
    if (what === 'lost') counters.lost++
    if (what === 'lost' && linkId) arrivals.lost(linkId, clock.now())
    if (what === 'opened' && linkId) opened(linkId)
    if (what === 'opened' && detail === 'confirmed') {
      counters.opened++
      // A poll that merely waits may be waiting for nobody.
      if (linkId) arrivals.heard(linkId, clock.now())
    }
    deps.record(entry)
  }

  function opened(linkId: number): void {
    const untilMs = clock.now()
    hasOpened = true
    if (deafId !== linkId) return
    deafId = 0
    // Told once the outage is over: every attempt that fails would tell it again.
    deps.gap({ certainty: 'suspected', reason: 'no-replay', sinceMs: deafSinceMs, untilMs })
  }

  return {
    start: () => loader.start(),
    stop() {
      over = true
      loader.stop()
      if (connection) connection.stop()
    },
    view: () => ({
      state: connection ? connection.state : { phase: 'idle' },
      counters,
      config,
      cursor: position ? position.describe() : {},
      remembered: dedupe.size,
      clockShiftMs: serverTime.uncertaintyMs < Infinity ? serverTime.shiftMs : null,
    }),
  }
}

/** Another one of these is reached by another connection. */
function targetOf({ version, endpoints, clientId, hostname, mode, channels }: PullConfig): string {
  return JSON.stringify([version, endpoints, clientId, hostname, mode, channelQuery(channels)])
}
