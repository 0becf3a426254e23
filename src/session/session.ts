/**
 * Owns the identity that survives connections: configuration, channels, position, and what was delivered already.
 * It connects to what the configuration names and obeys the server's commands. Decisions lie in the files it imports.
 */
import { channelTypeOf } from '../channel/channel-set'
import type { Message } from '../codec/codec'
import type { PullConfig } from '../config/config'
import { renewAt, serverClock, serverNow, settled } from '../config/freshness'
import {
  type Connection,
  type ConnectionRecord,
  type LinkPort,
  type OpeningLink,
  createConnection,
} from '../connection/connection'
import type { MachineOptions, State, Target } from '../connection/machine-types'
import { PullError } from '../core/pull-error'
import { createDedupe } from '../replay/dedupe'
import { type Position, createPosition, neededSince } from '../replay/position'
import { targetOf } from './address'
import { createArrivals } from './arrivals'
import { type Candidates, candidatesOf, noTransport } from './candidates'
import { createConfigLoader } from './config-loader'
import { createCounters } from './counters'
import { type LeftPage, createCursorStore, heardUntil, ownerOf } from './cursor-store'
import { type PullEvent, datedBy, saidAt } from './dispatch'
import { createExchanges } from './exchanges'
import { framingOf } from './framing'
import { type SessionLinks, createLinks } from './links'
import { createReader } from './reader'
import { createRecovery } from './recovery'
import { routeOf } from './route'
import type { Session, SessionDeps } from './session-types'
import { type ChannelsFact, type Recovered, downSince, outageOf, statusOf } from './status'
import { systemCommand } from './system-command'
import { createUplink } from './uplink'

const OFF = 'The push server is off: switch it on in the settings of the Push and Pull module.'

export function createSession(deps: SessionDeps): Session {
  const { platform, clock } = deps
  const startedAtMs = clock.now()
  const counters = createCounters()
  const arrivals = createArrivals()
  const exchanges = createExchanges()
  const loader = createConfigLoader({ ...deps, asked: exchanges.asked }, adopt)
  const owedSinceMs = (): number => Math.min(recovery.owedSinceMs(), arrivals.unreadSinceMs(clock.now()))
  const dedupe = createDedupe(deps.replay.dedupeWindow, () => {
    const sinceMs = Math.min(owedSinceMs(), links ? links.neededSinceMs() : Infinity)
    return position ? neededSince(position.state(sinceMs)) : 0
  })
  const store = createCursorStore({
    ...deps,
    reloadMs: deps.replay.reloadMs,
    dedupe,
    current: () => ({
      position,
      serverTime,
      owner: config && ownerOf(config),
      counts: recovery.counts(),
      read: links ? links.read() : [],
      owedSinceMs: owedSinceMs(),
    }),
    downSinceMs: () => downSince(stateNow()),
  })
  const reader = createReader({
    ...deps,
    counters,
    dedupe,
    serverTime: () => serverTime,
    isOver: () => over,
    obey,
    dated: (message) => void (serverTime = datedBy(message, serverTime, clock.now())),
    channelDeleted: renew,
    taken: store.moved,
    numbered(message, isLate) {
      const atMs = localAt(message)
      if (links) links.said(atMs)
      if (config) recovery.numbered(message, config.version, atMs, isLate)
    },
    renumbered: () => recovery.renumbered(),
    anotherStore: () => recovery.anotherStore(),
    unreadable: (...what) => recovery.unreadable(...what),
  })
  const recovery = createRecovery({
    clock,
    unreadSinceMs: () => arrivals.unreadSinceMs(clock.now()),
    // What was missed may be a command of the server: an exchanged channel.
    gap: (fact) => (deps.gap(fact), fact.reason === 'no-replay' && renew()),
    recovered(outcome) {
      recovered = outcome
      // What is known at once is told with the link, in the next moment.
      if (stateNow().phase === 'connected') tellStatus(stateNow())
    },
    resumeAgain: retarget,
  })
  const send = (linkId: number, frame: string | ArrayBuffer): boolean => !!connection && connection.send(linkId, frame)
  const uplink = createUplink({
    clock,
    fetch: platform.fetch,
    timeouts: deps.timeouts,
    route: () => routeOf({ config, state: stateNow(), framing: framingNow(), codecs: deps.codecs, href: hrefNow() }),
    send,
  })
  let config: PullConfig | null = null
  let serverTime = serverClock(null, 0, 0)
  let position: Position | null = null
  let candidates: Candidates = { usable: [], missing: {} }
  let connection: Connection | null = null
  let links: SessionLinks | null = null
  let targetId = 0
  let left: LeftPage | null = null
  /** The configuration on its way was asked for because channels were refused, or may have been. */
  let isRenewing = false
  let hurriedOutage: number | null = null
  let recovered: Recovered | null = null
  let over = false
  const localAt = (message: Message): number => saidAt(message, config && config.version, serverTime, clock.now())

  const stateNow = (): State => (connection ? connection.state : { phase: 'idle' })
  const framingNow = (version = config ? config.version : 0): ReturnType<typeof framingOf> =>
    framingOf(version, deps.framing, deps.codecs)
  const hrefNow = (): string | null => platform.page && platform.page.href

  function adopt(answer: PullConfig, sentAtMs: number): number | null {
    const nowMs = clock.now()
    const { channels, isOld } = exchanges.applied(answer.channels)
    const next = { ...answer, channels }
    const previous = config
    counters.configLoads++
    if (next.serverTimeAtMs !== null) serverTime = serverClock(next.serverTimeAtMs, sentAtMs, nowMs)
    const codec = deps.codecs[framingNow(next.version)]
    const found = candidatesOf(next, deps.wanted, platform, { codec, factories: deps.factories })
    if (!next.enabled) throw new PullError('disabled', OFF)
    if (!found.usable.length) throw noTransport(next, found)
    candidates = found
    config = next
    if (!isOld) arrivals.renewed(channels)
    if (!previous || previous.version !== next.version) {
      left = store.take(ownerOf(next))
      if (left) {
        serverTime = settled(serverTime, left.shiftMs)
        recovery.restore(Object(left.counts), heardUntil(left, serverTime.shiftMs))
      }
      position = createPosition({
        version: next.version,
        overlapMs: deps.replay.overlapMs,
        originAtMs: serverNow(serverTime, startedAtMs),
        originIsServerTime: next.serverTimeAtMs !== null,
        lastMid: next.lastMid,
        left: left && left.position,
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
    return isOld ? nowMs + 1 : renewAt(next, serverTime, platform.random(), nowMs, previous)
  }

  function connect(options: MachineOptions): void {
    links = createLinks({
      ...deps,
      arrivals,
      reader,
      recovery,
      uplink,
      href: hrefNow(),
      state: stateNow,
      serverTime: () => serverTime,
      framing: framingNow,
      left,
      readsOthers: store.moved,
      reply: send,
      candidates: () => candidates.usable,
    })
    connection = createConnection({ ...deps, options, openLink, changed: tellStatus, renew, record })
    connection.start(target(), deps.preferred)
  }

  function openLink(link: OpeningLink): LinkPort {
    if (!config || !position || !links) throw new Error('no configuration')
    return links.open(link, config, position)
  }

  function retarget(): void {
    if (connection) connection.retarget(target())
  }

  const target = (): Target => ({ id: ++targetId, candidates: candidates.usable })

  function renew(): void {
    isRenewing = true
    loader.want('bad-channel')
  }

  function obey(event: PullEvent, message: Message): void {
    const command = systemCommand(event.command, event.params)
    // Other browsers may publish under any name: only the server itself commands.
    if (!command || !config || event.sender.type === 'client') return
    switch (command.type) {
      case 'channel_expire': {
        const { channelId, successor } = command
        const { channels } = config
        // An older channel of ours, or somebody else's: replaced already.
        if (channelTypeOf(channels, channelId) === null) return
        // A token names its channels: one that is exchanged needs another token.
        const replaced = exchanges.ended(channels, channelId, config.jwt ? null : successor)
        if (!replaced) {
          // It may be read long after it was said; since then the new channel has been written to.
          arrivals.ended(channelId, localAt(message))
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
    if (state.phase !== 'connected') recovered = null
    if (state.phase === 'suspended' && links) links.pause()
    deps.status(statusOf(state, missing, recovered))
    uplink.changed()
  }

  function tellChannels(reason: ChannelsFact['reason']): void {
    store.moved()
    if (config) deps.channels({ reason, channels: config.channels.map(({ type, endAtMs }) => ({ type, endAtMs })) })
  }

  function record(entry: ConnectionRecord): void {
    const { what, linkId, detail } = entry
    if (what === 'lost') counters.lost++
    if (what === 'opened' && detail === 'confirmed') counters.opened++
    if (links && linkId) links.happened(entry, linkId)
    deps.record(entry)
  }

  return {
    uplink,
    hint: (hint) => connection && connection.hint(hint),
    reload: () => loader.want('config-expired'),
    start() {
      store.start()
      loader.start()
    },
    stop(error) {
      over = true
      loader.stop()
      store.stop()
      recovery.stop()
      if (connection) connection.stop()
      if (links) links.stop()
      uplink.stop(error)
    },
    view: () => ({
      state: stateNow(),
      counters,
      config,
      cursor: position ? position.describe() : {},
      remembered: dedupe.size,
      clockShiftMs: serverTime.uncertaintyMs < Infinity ? clock.told(serverTime.shiftMs) : null,
    }),
  }
}
