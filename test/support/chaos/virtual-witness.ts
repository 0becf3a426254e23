/**
 * Owns what must hold at every moment of an episode: each thing that a client tells or does is written down here, and
 * checked against what the world knows.
 */
import type { GapFact, StatusFact } from '../../../src/entry/node'
import { deliver, excuse } from './virtual-book'
import type { InvariantId } from './virtual-invariants'
import type { Load, Spacing } from './virtual-load'
import type { World } from './virtual-world'

const FLOOR_MS = 250
const CONFIG_FLOOR_MS = 5000
/** What a listener causes is told after what it listens to: so many facts may be told after the last of their reasons. */
const STATUS_BACKLOG = 3

/** A line of the client's own log. */
export interface Line {
  readonly what: string
  readonly transport?: string
}

export function configAsked(world: World, load: Load): void {
  load.configAskedAtMs = world.clock.now()
  load.lastConfig = spaced(world, 'Z11', load.lastConfig, CONFIG_FLOOR_MS, 'configurations')
}

/** What a page takes for a sleep. That its clock is set back it sees by the time that passed. */
function setForwardMs({ offsets }: World, sinceMs: number): number {
  const setMs = offsets.map(({ atMs, offsetMs }, at) =>
    atMs < sinceMs ? 0 : offsetMs - (offsets[at - 1]?.offsetMs ?? offsetMs),
  )
  return setMs.reduce((sum, each) => sum + Math.max(0, each), 0)
}

/** The first configuration of a session is there. What time it is on the server is known to half of what it took. */
export function begun(world: World, load: Load): void {
  const { chain, clock } = world
  if (load.hasBegun) return
  load.hasBegun = true
  if (!load.isAnew) return
  const unsureMs = (clock.now() - load.configAskedAtMs) / 2 + setForwardMs(world, load.startedAtMs)
  chain.dueFromMs = Math.max(chain.dueFromMs, load.startedAtMs + 2000 + unsureMs)
  chain.notBeforeMs -= unsureMs
  excuse(chain, load.startedAtMs - 2000 - unsureMs)
}

export function came(world: World, n: number): void {
  const { chain, clock, session } = world
  const message = world.published[n]!
  world.note(`came ${n}`)
  if (deliver(chain, { n, atMs: clock.now(), session }))
    world.violate('Z1', `message ${n} came ${chain.times.get(n)} times`)
  const earlyMs = chain.notBeforeMs - message.atMs
  if (earlyMs > 0) world.violate('Z17', `message ${n} was published ${earlyMs} ms before what counts as new`)
}

export function gapTold(world: World, gap: GapFact, localMs: number): void {
  const { certainty, reason, sinceMs, untilMs } = gap
  world.note(`gap ${JSON.stringify(gap)}`)
  world.chain.gaps.push({ ...gap, atMs: world.clock.now() })
  if (!(sinceMs <= untilMs && untilMs <= localMs))
    world.violate('Z5', `a gap from ${sinceMs} to ${untilMs} at ${localMs}`)
  const hasLost = world.storeLossesAtMs.length > 0
  if (certainty === 'certain' && !world.published.some(({ goneAtMs }) => goneAtMs < Infinity) && !hasLost)
    world.violate('Z5', `a certain gap (${reason}), and the server has everything`)
  if (reason === 'renumbered' && !hasLost) world.violate('Z5', 'told that the store was lost, which it was not')
  if (reason === 'no-replay' && world.server.version !== 1) world.violate('Z5', 'no-replay from a server that replays')
  if (reason === 'history' && world.offsets.length === 1) world.violate('Z5', 'an absence of a day within an episode')
}

export function statusTold(world: World, load: Load, fact: StatusFact): void {
  const last = load.statuses[load.statuses.length - 1]
  load.statuses.push(fact)
  world.note(`status ${JSON.stringify(fact)}`)
  if (last && JSON.stringify(last) === JSON.stringify(fact)) world.violate('Z8', `told twice: ${JSON.stringify(fact)}`)
  const hasRecovered = fact.recovered !== undefined && fact.recovered !== last?.recovered
  if (fact.reason === 'open') world.chain.orderedFromMs = Math.min(world.chain.orderedFromMs, world.clock.now())
  if (load.isAnew && fact.status === 'connected') {
    load.isAnew = false
    // Without a place to ask from the others send what comes from now on.
    const { chain, clock, server } = world
    // A poll that merely waits may be on its way to the server for as long as the network takes.
    const soonMs = fact.reason === 'open' ? 500 : 8500
    if (server.version !== 2) chain.dueFromMs = Math.max(chain.dueFromMs, clock.now() + soonMs)
  }
  if (load.happened === 0 && !hasRecovered && fact.status !== 'stopped')
    world.violate('Z8', `nothing happened, and it told ${JSON.stringify(fact)}`)
  load.happened = Math.max(0, Math.min(load.happened, STATUS_BACKLOG) - 1)
  if (fact.status === 'connected' && fact.reason === 'open' && last?.status !== 'connected') load.connections++
  if (load.connections > world.network.traffic.accepted - load.acceptedBefore)
    world.violate('Z8', 'connected, and no server let it in')
}

export function lineWritten(world: World, load: Load, line: Line): void {
  const { what, transport } = line
  const text = JSON.stringify(line)
  if (what !== 'status') world.note(text)
  guardSecret(world, text, 'a line of the log')
  if (what === 'status' || what === 'gap' || what === 'transport') return
  load.happened++
  if (what === 'stop' || what === 'start') load.lastAttempt.clear()
  if (what !== 'open' || transport === undefined) return
  const last = load.lastAttempt.get(transport)
  load.lastAttempt.set(transport, spaced(world, 'Z9', last, FLOOR_MS, `attempts of ${transport}`))
}

export function guardSecret(world: World, text: string, where: string): void {
  if (world.secrets.some((secret) => text.includes(secret))) world.violate('Z12', `a secret in ${where}`)
}

/** What is held is little, and nothing after a stop. */
export function checkHeld(world: World): void {
  const { time, page, configsPending } = world.load
  const { sockets, requests } = world.network.open(time)
  const held = { timers: time.timers, sockets, requests, listeners: page.listeners, configs: configsPending }
  if (world.isStopped()) {
    if (Object.values(held).some((count) => count > 0)) world.violate('Z7', `left after stop: ${JSON.stringify(held)}`)
  } else if (held.timers > 30 || held.sockets > 8 || held.requests > 8 || held.configs > 1)
    world.violate('Z13', `held at once: ${JSON.stringify(held)}`)
}

/** Two of a kind are further apart than the floor, unless the clock was set in between. */
function spaced(
  world: World,
  id: InvariantId,
  last: Spacing | null | undefined,
  floorMs: number,
  what: string,
): Spacing {
  const jumps = world.offsets.length
  const nowMs = world.clock.now()
  if (last && last.jumps === jumps && nowMs - last.atMs < floorMs - 1)
    world.violate(id, `${what} ${nowMs - last.atMs} ms apart`)
  return { atMs: nowMs, jumps }
}
