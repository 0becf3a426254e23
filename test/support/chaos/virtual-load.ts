/** Owns one page load: the client on a platform where nothing is real, its listeners, and what they do in their moods. */
import type { PullEvent, StatusFact } from '../../../src/entry/node'
import { pullClientClass } from '../../../src/client/pull-client'
import type { PullClientInstance } from '../../../src/client/pull-client'
import { standardParts } from '../../../src/entry/parts'
import type { Platform } from '../../../src/platform/platform'
import { createFakePage } from '../fake-platform'
import type { PageTime } from './virtual-clock'
import { findsEntry, storageOf } from './virtual-entry'
import type { ListenerKey } from './virtual-plan'
import { begun, came, configAsked, gapTold, guardSecret, type Line, lineWritten, statusTold } from './virtual-witness'
import type { World } from './virtual-world'

/** When something happened last, and how often the clock had been set by then. */
export interface Spacing {
  readonly atMs: number
  readonly jumps: number
}

export interface Load {
  readonly time: PageTime
  readonly page: ReturnType<typeof createFakePage>
  readonly client: PullClientInstance
  /** It found what the page before it left. */
  readonly isContinued: boolean
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
  readonly statuses: StatusFact[]
  /** What happened that no status was told about yet. */
  happened: number
  readonly acceptedBefore: number
  connections: number
  readonly lastAttempt: Map<string, Spacing>
  lastConfig: Spacing | null
  /** What its listener of everything got, and the one of this message. */
  readonly everywhere: number[]
  readonly here: number[]
  /** It was throttled or stood still: what it was to write down within a second may be late. */
  isLateWriting: boolean
  hadSession: boolean
  /** The session. */
  startedAtMs: number
}

/** What a test does to a message that came, to see that it is noticed: the numbers that are taken for having come. */
export type Tamper = (n: number) => readonly number[]

export function createLoad(world: World, isReload: boolean, random: () => number, tamper: Tamper): Load {
  const { clock, network, setup, local, tab } = world
  const time = clock.createPage(random)
  const page = createFakePage()
  const isContinued = findsEntry(world, isReload)
  const platform: Platform = {
    clock: time,
    random,
    ...network.connect(time),
    storage: storageOf(local),
    tabStorage: storageOf(tab, () => (world.writtenAtMs = clock.now())),
    page: Object.assign(page, { isReload }),
    console: null,
  }
  const PullClient = pullClientClass(standardParts(() => platform))
  const client = new PullClient({
    config({ signal }) {
      configAsked(world, load)
      return world.portal.config(load, signal)
    },
    transport: setup.transport,
    ...(setup.dedupeWindow && { replay: { dedupeWindow: setup.dedupeWindow } }),
    framing: setup.generation === '2.0 json' ? 'json' : setup.generation === '2.0 text' ? 'text' : 'auto',
    debug: true,
    logger: { debug: (_, line) => lineWritten(world, load, line as Line), error: () => {} },
  })
  const load: Load = {
    time,
    page,
    client,
    isContinued,
    starts: [],
    configsPending: 0,
    configAskedAtMs: 0,
    isAnew: world.load !== null && world.load.isAnew,
    hasBegun: false,
    isAlive: true,
    isAway: false,
    statuses: [],
    happened: 1,
    acceptedBefore: network.traffic.accepted,
    connections: 0,
    lastAttempt: new Map(),
    lastConfig: null,
    everywhere: [],
    here: [],
    isLateWriting: false,
    hadSession: false,
    startedAtMs: 0,
  }
  listen(world, load, tamper)
  return load
}

function listen(world: World, load: Load, tamper: Tamper): void {
  const { client, time } = load
  client.on('test:n', (params) => {
    const { n } = params as { n: number }
    load.here.push(n)
    if (world.isStopped()) world.violate('Z7', `message ${n} came after stop`)
    tamper(n).forEach((each) => came(world, each))
    return heard(world, 'event')
  })
  client.on('*', ({ params, module }: PullEvent) => {
    if (module === 'pull') world.violate('Z15', 'a command of the server was delivered')
    load.everywhere.push((params as { n: number }).n)
  })
  client.on('status', (fact) => {
    statusTold(world, load, fact)
    return heard(world, 'status')
  })
  client.on('transport', () => heard(world, 'transport'))
  client.on('channels', () => {
    begun(world, load)
    return heard(world, 'channels')
  })
  client.on('gap', (gap) => {
    gapTold(world, gap, time.now())
    return heard(world, 'gap')
  })
  client.on('error', (error) => {
    guardSecret(world, `${error.code} ${error.message} ${JSON.stringify(error.facts)}`, 'an error')
    return heard(world, 'error')
  })
}

/** What a listener answers is a promise, or nothing. */
function heard(world: World, key: ListenerKey): void {
  if (world.mood?.key !== key) return
  const { mood } = world.mood
  if (mood === 'throws') throw new Error('a listener of the page')
  if (mood === 'rejects') return Promise.reject(new Error('a listener of the page')) as unknown as undefined
  world.mood = null
  world.stop()
  if (mood === 'restarts') world.start()
}
