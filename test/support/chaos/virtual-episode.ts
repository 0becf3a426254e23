/** Owns one episode: the steps of a plan, good weather at the end, and what must hold then. */
import type { PageSignal } from '../../../src/platform/platform'
import { crash } from './virtual-book'
import { crashedSince } from './virtual-entry'
import type { InvariantId, Violation } from './virtual-invariants'
import { compare, judge } from './virtual-judge'
import type { Plan, Step } from './virtual-plan'
import type { Tamper } from './virtual-load'
import { KINDS } from './virtual-wires'
import { createWorld, type World } from './virtual-world'

export interface EpisodeResult {
  readonly violations: readonly Violation[]
  readonly steps: number
  readonly virtualMs: number
  readonly published: number
  readonly delivered: number
  readonly repeatsDropped: number
  /** Never came, was thrown away by the server, and a gap says so. */
  readonly told: number
  /** Never came: see `unknowable`. */
  readonly excused: Readonly<Record<string, number>>
  readonly gaps: Readonly<Record<string, number>>
  readonly log: readonly string[]
}

/** `made`: for a look into the world. */
export async function perform(
  { setup, steps }: Plan,
  tamper?: Tamper,
  made?: (world: World) => void,
): Promise<EpisodeResult> {
  const world = createWorld(setup, tamper)
  made?.(world)
  const startedAtMs = world.clock.now()
  let at = 0
  for (const step of steps) {
    world.note(`## ${at++} ${JSON.stringify(step)}`)
    await take(world, step)
    world.check()
    if (world.violations.length > 0) break
  }
  const excused: Record<string, number> = {}
  let told = 0
  let virtualMs = 0
  if (world.violations.length === 0) {
    await heal(world)
    told = judge(world, excused)
    virtualMs = world.clock.now() - startedAtMs
    await end(world)
  }
  const gaps: Record<string, number> = {}
  for (const { certainty, reason } of world.chain.gaps)
    gaps[`${certainty} ${reason}`] = (gaps[`${certainty} ${reason}`] ?? 0) + 1
  return {
    violations: world.violations,
    steps: at,
    virtualMs,
    published: world.published.length,
    delivered: world.chain.times.size,
    repeatsDropped: world.load.client.diagnostics().counters?.repeats ?? 0,
    told,
    excused,
    gaps,
    log: world.log,
  }
}

async function take(world: World, step: Step): Promise<void> {
  const { clock, network, server, load } = world
  switch (step.do) {
    case 'publish':
      for (let left = step.count; left > 0; left--) {
        world.publish(step.to)
        if (step.everyMs > 0) await clock.advance(step.everyMs)
      }
      return clock.advance(0)
    case 'publish-transient':
      for (let left = step.count; left > 0; left--) world.publish(step.to, false)
      return clock.advance(0)
    case 'pass':
      return clock.advance(step.ms)
    case 'cut':
      network.cut(step.how)
      return interrupted(world)
    case 'deafen':
      deafen(world)
      return interrupted(world)
    case 'reset':
      network.reset()
      return interrupted(world)
    case 'weather':
      for (const kind of step.kind === 'all' ? KINDS : [step.kind]) network.weather(kind, step.weather)
      return
    case 'rotate':
      if (mayRotate(world)) world.rotate(step.channel, step.how)
      return clock.advance(0)
    case 'retire': {
      if (!mayRotate(world)) return
      const old = world.rotate(step.channel, 'get-config')
      server.forbid(old)
      world.leave(old, 'refused')
      return interrupted(world)
    }
    case 'command':
      world.command(step.name)
      return clock.advance(0)
    case 'portal':
      world.portal.mood = step.mood
      return
    case 'server':
      return serverDoes(world, step.what)
    case 'set-clock':
      world.setClock(step.byMs)
      return
    case 'sleep': {
      const { ms, isLate, wires, signals } = step
      network.sleep()
      load.time.freeze()
      load.isLateWriting = true
      if (wires === 'deaf') deafen(world)
      await clock.advance(ms / 2)
      world.publish('private')
      world.publish('shared')
      await clock.advance(ms / 2)
      if (wires === 'reset') network.cut('reset')
      if (wires !== 'alive' || ms > 100_000) world.interrupt()
      network.wake()
      if (!load.isAway) load.time.thaw(isLate)
      return tell(world, signals)
    }
    case 'freeze':
      load.time.freeze()
      load.isLateWriting = true
      await clock.advance(step.ms)
      world.publish('private')
      if (!load.isAway) load.time.thaw(true)
      return tell(world, step.signals)
    case 'throttle':
      load.time.throttleMs = step.ms
      if (step.ms > 0) load.isLateWriting = true
      return
    case 'signal':
      return tell(world, [step.signal])
    case 'load':
      return loadAgain(world, step)
    case 'stop':
      world.stop()
      return interrupted(world, true)
    case 'start':
      world.start()
      return clock.advance(0)
    case 'listener':
      world.mood = { key: step.key, mood: step.mood }
      return
    default:
      return step satisfies never
  }
}

/** A channel ends when its configuration says so: not in the moment in which that is on its way to who has no place yet. */
function mayRotate({ load, server }: World): boolean {
  return server.version === 2 || !load.isAnew
}

function deafen({ network, server, setup, published, chain, clock }: World): void {
  network.deafen()
  if (server.version !== 1 || setup.transport !== 'websocket') return
  for (const each of published.slice(-200))
    if (clock.now() - each.atMs < 5000 && !chain.times.has(each.n)) each.isUnheard = true
}

async function interrupted(world: World, isPageGone = false): Promise<void> {
  world.interrupt(isPageGone)
  await world.clock.advance(0)
}

async function tell(world: World, signals: readonly PageSignal[]): Promise<void> {
  const { load } = world
  for (const signal of signals) {
    // A page in the cache does nothing and hears nothing, until it comes out of it.
    if (load.isAway && (signal === 'hidden' || signal === 'offline' || signal === 'pagehide')) continue
    if (load.isAway) load.time.thaw(true)
    load.isAway = signal === 'pagehide'
    load.page.signal(signal)
    if (!load.isAway) continue
    world.interrupt()
    load.time.freeze()
  }
  await world.clock.advance(0)
}

async function serverDoes(world: World, what: (Step & { do: 'server' })['what']): Promise<void> {
  const { server, network, setup } = world
  switch (what) {
    case 'reload':
      // 0.3.4 keeps its clients over a reload.
      if (setup.generation !== '0.3.4') network.cut(server.isNode ? 'reset' : 1005)
      return interrupted(world)
    case 'crash':
      network.cut('reset')
      return interrupted(world)
    case 'restart-empty':
      network.cut(server.isNode ? 'reset' : 1001)
      world.loseStore(false)
      return interrupted(world)
    case 'store-lost':
      // Node: the store comes back empty while the server goes on with its connections.
      if (!server.isNode) network.cut('reset')
      world.loseStore(server.isNode)
      return interrupted(world)
    default:
      return what satisfies never
  }
}

async function loadAgain(world: World, { how, awayMs, isReload }: Step & { do: 'load' }): Promise<void> {
  const { clock, network, load, chain } = world
  const wasStopped = world.isStopped()
  if (how === 'stop') world.stop()
  if (how === 'leave') for (const signal of ['pagehide', 'hidden'] as const) load.page.signal(signal)
  if (how === 'kill' && !wasStopped) crash(chain, crashedSince(world))
  world.interrupt(true)
  // A channel that this page never listened to is not new to the next one, which goes on from a later place.
  const known = network.known(load.time)
  for (const each of world.published)
    if (!chain.times.has(each.n) && !each.channels.some((channel) => known.has(channel))) each.leftBy ??= 'never read'
  compare(world)
  load.isAlive = false
  load.time.kill()
  network.drop(load.time)
  await clock.advance(awayMs)
  world.open(isReload || how === 'kill')
  world.start()
  await clock.advance(0)
}

/** Good weather, long enough for every back-off to end; then a message on each channel that shows what is missing. */
async function heal(world: World): Promise<void> {
  const { clock, network, load, setup } = world
  for (const kind of KINDS) network.weather(kind, 'ok')
  world.portal.mood = 'ok'
  world.mood = null
  load.time.throttleMs = 0
  world.note('## healed')
  // Pages are checked on a signal once in 3 s at most.
  await clock.advance(5000)
  if (setup.seed % 2 === 0) network.reset()
  await tell(world, ['pageshow', 'online', 'resume', 'visible'])
  await clock.advance(60_000)
  for (let left = 4; left > 0; left--) {
    world.publish('private')
    world.publish('shared')
    await clock.advance(left > 1 ? 3000 : 60_000)
  }
  // An announced poll that nobody answers is given up after two minutes.
  await clock.advance(150_000)
  world.publish('private')
  world.publish('shared')
  // A later message may have passed the last one, which is asked for within 10 s; if its channel is exchanged then, once more,
  // when the older link is drained.
  await clock.advance(25_000)
  world.check()
}

/** The end is the end: nothing is left, nothing is asked for, everybody who waits is answered. */
async function end(world: World): Promise<void> {
  const { clock, network, load } = world
  const quiet = (id: InvariantId, holds: boolean, text: string): void => void (holds || world.violate(id, text))
  world.stop()
  await clock.advance(0)
  world.check()
  const asked = network.traffic.asked.length
  const statuses = load.statuses.length
  world.publish('private')
  world.publish('shared')
  await clock.advance(7_200_000)
  world.check()
  quiet('Z7', network.traffic.asked.length === asked, `${network.traffic.asked.length - asked} requests after stop`)
  quiet('Z7', load.statuses.length === statuses, 'a status after stop')
  quiet('Z7', load.client.status === 'stopped', `${load.client.status} after stop`)
  quiet(
    'Z7',
    load.starts.every(({ isSettled }) => isSettled),
    'a promise of start() was never settled',
  )
}
