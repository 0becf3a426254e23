/**
 * Owns one tab of one user in a world where nothing is real: a portal, a push server, a network, and the client, load after
 * load. It does what steps say and knows what became of what was published; what the client makes of it is for the witness.
 */
import { FAKE_NOW_MS, seededRandom } from '../fake-platform'
import { type Chain, type LeftBy, newChain, type Offset, type Published } from './virtual-book'
import { bodyOf, type ChannelName, type Channels, createChannels, type Rotation } from './virtual-channels'
import { createVirtualClock, type VirtualClock } from './virtual-clock'
import type { InvariantId, Violation } from './virtual-invariants'
import { createLoad, type Load, type Tamper } from './virtual-load'
import { createVirtualNetwork, type VirtualNetwork } from './virtual-network'
import type { ListenerKey, ListenerMood, Setup } from './virtual-plan'
import { createPortal, type Portal } from './virtual-portal'
import { createVirtualServer, type VirtualServer } from './virtual-server'
import { checkHeld } from './virtual-witness'

export interface World {
  readonly setup: Setup
  readonly clock: VirtualClock
  readonly server: VirtualServer
  readonly network: VirtualNetwork
  readonly channels: Channels
  readonly portal: Portal
  readonly published: Published[]
  readonly offsets: Offset[]
  readonly violations: Violation[]
  readonly secrets: string[]
  readonly log: string[]
  readonly tab: Map<string, string>
  readonly local: Map<string, string>
  readonly storeLossesAtMs: number[]
  /** When a page last wrote down where it is; true time. */
  writtenAtMs: number
  chain: Chain
  load: Load
  /** Counts starts after which a client begins anew. */
  session: number
  mood: { key: ListenerKey; mood: ListenerMood } | null
  violate(id: InvariantId, text: string): void
  note(line: string): void
  publish(to: ChannelName | 'both', isKept?: boolean): void
  command(name: string, params?: object): void
  rotate(which: ChannelName, how: Rotation): string
  /** What was left in channels that were exchanged may never be read: where polls may not ask for it, and by no other page. */
  interrupt(isPageGone?: boolean): void
  /** What was published to a channel and did not come may never come. */
  leave(channel: string, why: LeftBy): void
  /** The server loses what it stored. */
  loseStore(isSamePrefix: boolean): void
  setClock(byMs: number): void
  open(isReload: boolean): void
  start(): void
  stop(): void
  isStopped(): boolean
  check(): void
}

export function createWorld(setup: Setup, tamper: Tamper = (n) => [n]): World {
  const { seed, generation, habits } = setup
  const random = seededRandom(seed ^ 0x5eed)
  const clock = createVirtualClock(FAKE_NOW_MS + Math.floor(random() * 1000), (error) => escaped(error))
  clock.offsetMs = setup.skewMs
  const published: Published[] = []
  const secrets: string[] = []
  const server = createVirtualServer({
    clock,
    random,
    generation,
    habits,
    gone(n) {
      published[n]!.goneAtMs = Math.min(published[n]!.goneAtMs, clock.now())
    },
  })
  const network = createVirtualNetwork(clock, server, random, (line) => world.note(line))
  const channels = createChannels({
    clock,
    server,
    random,
    seconds: setup.channelSeconds,
    secrets,
    rotated(which, old) {
      const { load, chain } = world
      if (which === 'private' && !load.hasBegun) {
        // Whose position it is cannot be told any more: the page may start anew.
        load.isAnew = true
        chain.dueFromMs = Math.max(chain.dueFromMs, clock.now() + 2000)
        chain.knownFromMs = clock.now()
      }
      // Nobody can read to its end what nobody listens to when it is exchanged, or can ask for afterwards.
      const why = network.isHeard(old) ? null : unasked(old)
      if (why !== null) leave(old, why)
    },
  })
  const { exchanged } = channels

  const world: World = {
    setup,
    clock,
    server,
    network,
    channels,
    portal: createPortal({ setup, clock, server, channels, random, secrets }),
    published,
    offsets: [{ atMs: clock.now(), offsetMs: clock.offsetMs }],
    violations: [],
    secrets,
    log: [],
    tab: new Map(),
    local: new Map(),
    storeLossesAtMs: [],
    writtenAtMs: -Infinity,
    chain: newChain(clock.now(), -Infinity),
    load: null as unknown as Load,
    session: 0,
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
      const ids = names.map((name) => channels.current(name).id)
      const n = published.length
      const isTransient = !isKept
      // Where polls are not allowed nobody fetches what a dead link swallowed, or what fell between store and listener while
      // the older link was dead.
      const mayPoll =
        server.version < 5 && setup.transport !== 'websocket' && network.weatherOf('long-polling') === 'ok'
      const isBlind = !mayPoll && (server.version === 1 || (server.isNode && habits.raceMs > 0))
      const isUnheard =
        isBlind && network.hasDeaf && !ids.some((id) => network.isHeard(id, server.isNode ? habits.raceMs : 0))
      const fate = { isTransient, goneAtMs: Infinity, leftBy: null, isUnheard }
      published.push({ n, channels: ids, atMs: clock.now(), ...fate })
      server.publish(n, ids, bodyOf(clock, 'test', 'n', { n }), isKept)
    },
    command(name, params = {}) {
      server.publish(null, [channels.current('shared').id], bodyOf(clock, 'pull', name, params), true)
    },
    rotate: channels.rotate,
    interrupt(isPageGone = false) {
      for (const id of exchanged) {
        const why = isPageGone ? 'page gone' : unasked(id)
        if (why !== null) leave(id, why)
      }
    },
    leave,
    loseStore(isSamePrefix) {
      exchanged.forEach((id) => leave(id, 'store lost'))
      world.storeLossesAtMs.push(clock.now())
      server.forget(isSamePrefix)
      // Nobody can learn there any more that they were exchanged.
      exchanged.forEach(server.forbid)
    },
    setClock(byMs) {
      clock.offsetMs += byMs
      world.offsets.push({ atMs: clock.now(), offsetMs: clock.offsetMs })
    },
    open(isReload) {
      world.load = createLoad(world, isReload, random, tamper)
    },
    start() {
      const { load } = world
      const settling = { isSettled: false }
      load.happened++
      load.starts.push(settling)
      if (world.isStopped()) {
        // What is stopped before it had begun anything has nothing to forget.
        if (load.hadSession || !load.isContinued) {
          load.isAnew = true
          network.unknow(load.time)
          world.chain = newChain(clock.now(), clock.now() - 2000)
        }
        load.hasBegun = false
        load.startedAtMs = clock.now()
        load.lastConfig = null
        world.session++
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
    check: () => checkHeld(world),
  }
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

  /** Why the page cannot ask for what is left in a channel; `null`: it can. */
  function unasked(channel: string): LeftBy | null {
    if (!network.known(world.load.time).has(channel)) return 'never read'
    const mayPoll = server.version < 5 && (setup.transport === 'auto' || setup.transport === 'long-polling')
    return mayPoll ? null : 'polls not allowed'
  }
  function leave(channel: string, why: LeftBy): void {
    for (let at = published.length - 1; at >= 0 && at > published.length - 2000; at--) {
      const each = published[at]!
      if (each.channels.includes(channel) && !world.chain.times.has(each.n)) each.leftBy ??= why
    }
  }
}
