/**
 * Owns one tab of one user in a world where nothing is real: a portal, a push server, a network, and the client, load after
 * load. It does what steps say and writes down what the client did; what must hold at every moment is checked here.
 */
import type { GapFact, PullEvent, StatusFact } from '../../../src/entry/node'
import { pullClientClass } from '../../../src/client/pull-client'
import type { PullClientInstance } from '../../../src/client/pull-client'
import { PullError } from '../../../src/core/pull-error'
import { standardParts } from '../../../src/entry/parts'
import type { Platform, StorageLike } from '../../../src/platform/platform'
import { fingerprint } from '../../../src/replay/dedupe'
import { createFakePage, FAKE_NOW_MS, seededRandom } from '../fake-platform'
import { type Chain, deliver, excuse, newChain, type Offset, type Published } from './virtual-book'
import { createVirtualClock, type PageTime, type VirtualClock } from './virtual-clock'
import type { InvariantId, Violation } from './virtual-invariants'
import { createVirtualNetwork, KINDS, type VirtualNetwork } from './virtual-network'
import type { ListenerKey, ListenerMood, PortalMood, Setup } from './virtual-plan'
import { createVirtualServer, VERSION_OF, type VirtualServer } from './virtual-server'

export type ChannelName = 'private' | 'shared'
export const FLOOR_MS = 250
export const CONFIG_FLOOR_MS = 5000
const LIFETIME_MS = 600_000
/** What came this shortly before a crash may not have been written down. */
const CRASH_MS = 1000
/** What a listener causes is told after what it listens to: so many facts may be told after the last of their reasons. */
const STATUS_BACKLOG = 3
const ENTRY = 'bx-pull-position-0'

interface Issued {
  readonly id: string
  readonly endAtMs: number
  readonly raw: object
}

/** One page load. */
export interface Load {
  readonly time: PageTime
  readonly page: ReturnType<typeof createFakePage>
  readonly client: PullClientInstance
  readonly starts: { isSettled: boolean }[]
  configsPending: number
  configAskedAtMs: number
  /** A configuration was adopted. */
  hasBegun: boolean
  /** It started from nothing, and was not connected yet. */
  isAnew: boolean
  isAlive: boolean
  /** In the back/forward cache. */
  isAway: boolean
  statuses: StatusFact[]
  /** What happened that no status was told about yet. */
  happened: number
  acceptedBefore: number
  connections: number
  lastAttempt: Map<string, { atMs: number; jumps: number }>
  lastConfig: { atMs: number; jumps: number } | null
  everywhere: number[]
  here: number[]
  /** It was throttled or stood still: what it was to write down within a second may be late. */
  isLateWriting: boolean
  hadSession: boolean
  /** The session. */
  startedAtMs: number
  startedOffsetMs: number
}

export interface World {
  readonly setup: Setup
  readonly clock: VirtualClock
  readonly server: VirtualServer
  readonly network: VirtualNetwork
  readonly published: Published[]
  readonly offsets: Offset[]
  readonly violations: Violation[]
  readonly secrets: string[]
  readonly log: string[]
  readonly tab: Map<string, string>
  readonly local: Map<string, string>
  readonly storeLossesAtMs: number[]
  /** Channels that have successors. */
  readonly exchanged: ReadonlySet<string>
  /** When a page last wrote down where it is; true time. */
  writtenAtMs: number
  chain: Chain
  load: Load
  portalMood: PortalMood
  mood: { key: ListenerKey; mood: ListenerMood } | null
  violate(id: InvariantId, text: string): void
  note(line: string): void
  publish(to: ChannelName | 'both', isKept?: boolean): void
  command(name: string, params?: object): void
  rotate(which: ChannelName, how: 'successor' | 'get-config' | 'silently'): string
  /** What was left in channels that were exchanged may never be read. */
  interrupt(): void
  /** The server loses what it stored. */
  loseStore(isSamePrefix: boolean): void
  setClock(byMs: number): void
  open(isReload: boolean): void
  start(): void
  stop(): void
  isStopped(): boolean
  check(): void
}

/** What a test does to a message that came, to see that it is noticed: the numbers that are taken for having come. */
export type Tamper = (n: number) => readonly number[]

export function createWorld(setup: Setup, tamper: Tamper = (n) => [n]): World {
  const { seed, generation, habits } = setup
  const random = seededRandom(seed ^ 0x5eed)
  const clock = createVirtualClock(FAKE_NOW_MS + Math.floor(random() * 1000), (error) => escaped(error))
  clock.offsetMs = setup.skewMs
  const published: Published[] = []
  const server = createVirtualServer({
    clock,
    random,
    generation,
    habits,
    gone(n) {
      published[n]!.goneAtMs = Math.min(published[n]!.goneAtMs, clock.now())
    },
  })
  const network = createVirtualNetwork(clock, server, random)
  const channels: Record<ChannelName, Issued | null> = { private: null, shared: null }
  const left = new Set<string>()
  let session = 0
  const version = VERSION_OF[generation]

  const world: World = {
    setup,
    clock,
    server,
    network,
    published,
    offsets: [{ atMs: clock.now(), offsetMs: clock.offsetMs }],
    violations: [],
    secrets: [],
    log: [],
    tab: new Map(),
    local: new Map(),
    storeLossesAtMs: [],
    exchanged: left,
    writtenAtMs: -Infinity,
    chain: newChain(clock.now(), -Infinity),
    load: null as unknown as Load,
    portalMood: 'ok',
    mood: null,
    violate(id, text) {
      world.violations.push({ id, text, atMs: clock.now() })
      world.note(`VIOLATION ${id} ${text}`)
    },
    note(line) {
      world.log.push(`${((clock.now() - FAKE_NOW_MS) / 1000).toFixed(3)} ${line}`)
    },
    publish(to, isKept = true) {
      const names = to === 'both' ? (['private', 'shared'] as const) : [to]
      const ids = names.map((name) => current(name).id)
      const n = published.length
      const isTransient = !isKept
      // Where polls are not allowed nobody fetches what a dead link swallowed.
      const isUnheard =
        version === 1 && setup.transport === 'websocket' && network.hasDeaf && !ids.some(network.isHeard)
      const fate = { isTransient, goneAtMs: Infinity, isLeft: false, isUnheard }
      published.push({ n, channels: ids, atMs: clock.now(), ...fate })
      server.publish(n, ids, body('test', 'n', { n }), isKept)
    },
    command(name, params = {}) {
      server.publish(null, [current('shared').id], body('pull', name, params), true)
    },
    rotate(which, how) {
      const old = channels[which]
      const next = issue(which)
      channels[which] = next
      if (which === 'private' && world.load !== null && !world.load.hasBegun) {
        // Whose position it is cannot be told any more: the page may start anew.
        world.load.isAnew = true
        world.chain.dueFromMs = Math.max(world.chain.dueFromMs, clock.now() + 2000)
      }
      if (old === null) return ''
      const label = { id: old.id, type: which }
      const params =
        how === 'successor'
          ? { action: 'reconnect', channel: label, new_channel: next.raw }
          : { action: 'get_config', channel: label }
      if (how !== 'silently') server.publish(null, [old.id], body('pull', 'channel_expire', params), true)
      left.add(old.id)
      // Nobody can read to its end what nobody listens to when it is exchanged.
      if (!network.isHeard(old.id)) leave(old.id)
      return old.id
    },
    interrupt: () => left.forEach(leave),
    loseStore(isSamePrefix) {
      left.forEach(leave)
      world.storeLossesAtMs.push(clock.now())
      server.forget(isSamePrefix)
      // Nobody can learn there any more that they were exchanged.
      left.forEach(server.forbid)
    },
    setClock(byMs) {
      clock.offsetMs += byMs
      world.offsets.push({ atMs: clock.now(), offsetMs: clock.offsetMs })
    },
    open(isReload) {
      world.load = createLoad(isReload)
    },
    start() {
      const { load } = world
      const settling = { isSettled: false }
      load.happened++
      load.starts.push(settling)
      if (world.isStopped()) {
        // What is stopped before it had begun anything has nothing to forget.
        if (load.hadSession || !isContinued) {
          load.isAnew = true
          begin()
        }
        load.hasBegun = false
        load.startedAtMs = clock.now()
        load.startedOffsetMs = clock.offsetMs
        load.lastConfig = null
        session++
      }
      const done = (): void => void (settling.isSettled = true)
      guarded(() => void load.client.start().then(done, done))
      if (!world.isStopped()) load.hadSession = true
    },
    stop() {
      world.load.happened++
      guarded(() => void world.load.client.stop().catch(escaped))
    },
    isStopped: () => world.load.client.status === 'stopped' || world.load.client.status === 'idle',
    check() {
      const { load } = world
      const { time, page } = load
      const { sockets, requests } = network.open(time)
      const held = { timers: time.timers, sockets, requests, listeners: page.listeners, configs: load.configsPending }
      if (world.isStopped()) {
        if (Object.values(held).some((count) => count > 0))
          world.violate('Z7', `left after stop: ${JSON.stringify(held)}`)
      } else if (held.timers > 30 || held.sockets > 6 || held.requests > 8 || held.configs > 1)
        world.violate('Z13', `held at once: ${JSON.stringify(held)}`)
    },
  }
  let isContinued = false
  world.rotate('private', 'silently')
  world.rotate('shared', 'silently')
  world.open(false)
  return world

  function escaped(error: unknown): void {
    world.violate('Z14', `escaped: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  function guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      escaped(error)
    }
  }

  /** A client that goes on from nothing. */
  function begin(): void {
    world.chain = newChain(clock.now(), clock.now() - 2000)
  }

  /** The first configuration of a session is there. What time it is on the server is known to half of what it took. */
  function begun(load: Load): void {
    if (load.hasBegun) return
    load.hasBegun = true
    if (!load.isAnew) return
    const { chain } = world
    const setMs = Math.abs(clock.offsetMs - load.startedOffsetMs)
    const unsureMs = (clock.now() - load.configAskedAtMs) / 2 + setMs
    chain.dueFromMs = Math.max(chain.dueFromMs, load.startedAtMs + 2000 + unsureMs)
    chain.notBeforeMs -= unsureMs
    excuse(chain, load.startedAtMs - 2000 - unsureMs)
  }

  /** What the rules of a reload say: an entry that is young enough, of this user, and not of a page that may be alive. */
  function findsEntry(isReload: boolean): boolean {
    const text = world.tab.get(ENTRY)
    if (text === undefined) return false
    const { how, owner, atMs } = JSON.parse(text) as { how: string; owner: string; atMs: number }
    const ageMs = clock.now() + clock.offsetMs - atMs
    const isOurs = owner === fingerprint(`${current('private').id}|v${version}`)
    return (how === 'left' || isReload) && ageMs >= 0 && ageMs < LIFETIME_MS && isOurs
  }

  function current(which: ChannelName): Issued {
    const channel = channels[which]!
    // The portal renews a channel when it needs it after its end.
    if (channel.endAtMs <= clock.now()) world.rotate(which, 'successor')
    return channels[which]!
  }
  function issue(which: ChannelName): Issued {
    const id = hex(32)
    const sign = server.isNode ? hex(40) : ''
    server.allow(id)
    world.secrets.push(id)
    if (sign !== '') world.secrets.push(sign)
    const endAtMs = clock.now() + setup.channelSeconds * 1000
    const full = sign === '' ? id : `${id}.${sign}`
    const raw = { id: full, type: which, start: iso(clock.now()), end: iso(endAtMs) }
    return { id, endAtMs, raw }
  }
  function leave(channel: string): void {
    for (let at = published.length - 1; at >= 0 && at > published.length - 2000; at--) {
      const each = published[at]!
      if (each.channels.includes(channel) && !world.chain.times.has(each.n)) each.isLeft = true
    }
  }
  function hex(length: number): string {
    let text = ''
    while (text.length < length)
      text += Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return text.slice(0, length)
  }
  function body(module_id: string, command: string, params: object): string {
    return JSON.stringify({ module_id, command, params, extra: { server_time_unix: clock.now() / 1000 } })
  }

  function answer(): object {
    const [own, shared] = [current('private'), current('shared')]
    if (!server.isNode) [own, shared].forEach(({ id }) => server.allow(id))
    const config: Record<string, unknown> = {
      server: {
        version,
        server_enabled: true,
        mode: 'personal',
        long_polling: 'http://push.example/sub/',
        websocket_enabled: true,
        websocket: 'ws://push.example/subws/',
        ...(setup.ownStream && !server.isNode ? { sse: 'http://push.example/sse/' } : {}),
      },
      channels: { private: own.raw, shared: shared.raw },
      serverTime: iso(clock.now()),
    }
    if (version === 5) {
      const token = `token${hex(24)}`
      world.secrets.push(token)
      server.issue(token, [own.id, shared.id])
      config['jwt'] = token
      config['exp'] = Math.floor(clock.now() / 1000) + setup.channelSeconds
    }
    return config
  }

  function config(load: () => Load, signal: AbortSignal): Promise<unknown> {
    const mine = load()
    mine.configsPending++
    mine.configAskedAtMs = clock.now()
    mine.lastConfig = spaced('Z11', mine.lastConfig, CONFIG_FLOOR_MS, 'configurations')
    return new Promise((resolve, reject) => {
      let isOpen = true
      const end = (settle: () => void): void => {
        if (!isOpen) return
        isOpen = false
        mine.configsPending--
        settle()
      }
      signal.addEventListener('abort', () => end(() => reject(new DOMException('aborted', 'AbortError'))))
      const mood = world.portalMood
      if (mood === 'hangs') return
      clock.after(mood === 'slow' ? 2000 + random() * 6000 : 15, () => {
        if (!isOpen || !mine.isAlive) return
        const value = mood === 'garbage' ? { server: {} } : answer()
        mine.time.deliver(15, () => {
          if (mood === 'fails') end(() => reject(new TypeError('fetch failed')))
          // A first answer that cannot be used is final, which is no use here.
          else if (mood === 'garbage' && !mine.hasBegun)
            end(() => reject(new PullError('config-unavailable', 'Again.', { retryable: true })))
          else end(() => resolve(value))
        })
      })
    })
  }

  /** Two of a kind are further apart than the floor, unless the clock was set in between. */
  function spaced(
    id: InvariantId,
    last: { atMs: number; jumps: number } | null | undefined,
    floorMs: number,
    what: string,
  ): { atMs: number; jumps: number } {
    const jumps = world.offsets.length
    if (last && last.jumps === jumps && clock.now() - last.atMs < floorMs - 1)
      world.violate(id, `${what} ${clock.now() - last.atMs} ms apart`)
    return { atMs: clock.now(), jumps }
  }

  function createLoad(isReload: boolean): Load {
    const time = clock.createPage(random)
    const page = createFakePage()
    isContinued = findsEntry(isReload)
    const platform: Platform = {
      clock: time,
      random,
      ...network.connect(time),
      storage: storageOf(world.local),
      tabStorage: storageOf(world.tab, () => (world.writtenAtMs = clock.now())),
      page: Object.assign(page, { isReload }),
      console: null,
    }
    const PullClient = pullClientClass(standardParts(() => platform))
    const client = new PullClient({
      config: ({ signal }) => config(() => load, signal),
      transport: setup.transport,
      framing: generation === '2.0 json' ? 'json' : generation === '2.0 text' ? 'text' : 'auto',
      debug: true,
      logger: { debug: (_, line) => lineOf(load, line as Line), error: () => {} },
    })
    const load: Load = {
      time,
      page,
      client,
      starts: [],
      configsPending: 0,
      configAskedAtMs: 0,
      isAnew: world.load !== null && world.load.isAnew,
      hasBegun: false,
      isAlive: true,
      isAway: false,
      statuses: [],
      happened: 1,
      acceptedBefore: network.accepted,
      connections: 0,
      lastAttempt: new Map(),
      lastConfig: null,
      everywhere: [],
      here: [],
      isLateWriting: false,
      hadSession: false,
      startedAtMs: 0,
      startedOffsetMs: 0,
    }
    client.on('test:n', (params) => {
      const { n } = params as { n: number }
      load.here.push(n)
      if (world.isStopped()) world.violate('Z7', `message ${n} came after stop`)
      tamper(n).forEach(came)
      return heard('event')
    })
    client.on('*', ({ params, module }: PullEvent) => {
      if (module === 'pull') world.violate('Z15', 'a command of the server was delivered')
      load.everywhere.push((params as { n: number }).n)
    })
    client.on('status', (fact) => {
      statusTold(load, fact)
      return heard('status')
    })
    client.on('transport', () => heard('transport'))
    client.on('channels', () => {
      begun(load)
      return heard('channels')
    })
    client.on('gap', (gap) => {
      gapTold(gap, time.now())
      return heard('gap')
    })
    client.on('error', (error) => {
      guardSecret(`${error.code} ${error.message} ${JSON.stringify(error.facts)}`, 'an error')
      return heard('error')
    })
    return load
  }

  function came(n: number): void {
    const { chain } = world
    const message = published[n]!
    world.note(`came ${n}`)
    if (deliver(chain, { n, atMs: clock.now(), session }))
      world.violate('Z1', `message ${n} came ${chain.times.get(n)} times`)
    if (message.atMs < chain.notBeforeMs)
      world.violate(
        'Z17',
        `message ${n} was published ${chain.notBeforeMs - message.atMs} ms before what counts as new`,
      )
  }

  function gapTold(gap: GapFact, localMs: number): void {
    const { certainty, reason, sinceMs, untilMs } = gap
    world.note(`gap ${JSON.stringify(gap)}`)
    world.chain.gaps.push({ ...gap, atMs: clock.now() })
    if (!(sinceMs <= untilMs && untilMs <= localMs))
      world.violate('Z5', `a gap from ${sinceMs} to ${untilMs} at ${localMs}`)
    const hasLost = world.storeLossesAtMs.length > 0
    if (certainty === 'certain' && !published.some(({ goneAtMs }) => goneAtMs < Infinity) && !hasLost)
      world.violate('Z5', `a certain gap (${reason}), and the server has everything`)
    if (reason === 'renumbered' && !hasLost) world.violate('Z5', 'told that the store was lost, which it was not')
    if (reason === 'no-replay' && version !== 1) world.violate('Z5', 'no-replay from a server that replays')
    if (reason === 'history' && world.offsets.length === 1) world.violate('Z5', 'an absence of a day within an episode')
  }

  function statusTold(load: Load, fact: StatusFact): void {
    const last = load.statuses[load.statuses.length - 1]
    load.statuses.push(fact)
    world.note(`status ${JSON.stringify(fact)}`)
    if (last && JSON.stringify(last) === JSON.stringify(fact))
      world.violate('Z8', `told twice: ${JSON.stringify(fact)}`)
    const hasRecovered = fact.recovered !== undefined && fact.recovered !== last?.recovered
    if (load.isAnew && fact.status === 'connected') {
      load.isAnew = false
      // Without a place to ask from the others send what comes from now on.
      if (version !== 2) world.chain.dueFromMs = Math.max(world.chain.dueFromMs, clock.now() + 500)
    }
    if (load.happened === 0 && !hasRecovered && fact.status !== 'stopped')
      world.violate('Z8', `nothing happened, and it told ${JSON.stringify(fact)}`)
    load.happened = Math.max(0, Math.min(load.happened, STATUS_BACKLOG) - 1)
    if (fact.status === 'connected' && fact.reason === 'open' && last?.status !== 'connected') load.connections++
    if (load.connections > network.accepted - load.acceptedBefore)
      world.violate('Z8', 'connected, and no server let it in')
  }

  function lineOf(load: Load, line: Line): void {
    const { what, transport } = line
    const text = JSON.stringify(line)
    if (what !== 'status') world.note(text)
    guardSecret(text, 'a line of the log')
    if (what === 'status' || what === 'gap' || what === 'transport') return
    load.happened++
    if (what === 'stop' || what === 'start') load.lastAttempt.clear()
    if (what !== 'open' || transport === undefined) return
    load.lastAttempt.set(transport, spaced('Z9', load.lastAttempt.get(transport), FLOOR_MS, `attempts of ${transport}`))
  }

  function guardSecret(text: string, where: string): void {
    if (world.secrets.some((secret) => text.includes(secret))) world.violate('Z12', `a secret in ${where}`)
  }

  /** What a listener answers is a promise, or nothing. */
  function heard(key: ListenerKey): void {
    if (world.mood?.key !== key) return
    const { mood } = world.mood
    if (mood === 'throws') throw new Error('a listener of the page')
    if (mood === 'rejects') return Promise.reject(new Error('a listener of the page')) as unknown as undefined
    world.mood = null
    world.stop()
    if (mood === 'restarts') world.start()
  }
}

interface Line {
  readonly what: string
  readonly transport?: string
}

export function storageOf(values: Map<string, string>, written = (): void => {}): StorageLike {
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem(key, value) {
      values.set(key, value)
      written()
    },
    removeItem: (key) => void values.delete(key),
  }
}

function iso(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}+00:00`
}
export { CRASH_MS, ENTRY, KINDS }
