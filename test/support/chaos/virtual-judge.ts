/** Owns what must hold when an episode is over and the weather has been good for a while: what is missing, and what is too much. */
import { covers, missing, outOfOrder, type Published } from './virtual-book'
import type { World } from './virtual-world'

const DEDUPE_WINDOW = 16_384
const ENTRY_LONGEST = 400_000

/** What one listener got all got, whatever the others did. */
export function compare(world: World): void {
  const { here, everywhere } = world.load
  if (here.join() !== everywhere.join())
    world.violate('Z15', `one listener got ${here.length}, another one ${everywhere.length}`)
}

/** Answers how much is missing, and was told. */
export function judge(world: World, excused: Record<string, number>): number {
  const { chain, published, offsets, load, setup, server, network, clock } = world
  compare(world)
  if (setup.generation.startsWith('0.') && network.traffic.sent.length > 0) world.violate('Z16', 'sent to push-stream')
  const odd = network.traffic.sent.filter((frame) => frame !== 'pong' && frame !== 'mack:')
  if (odd.length > 0) world.violate('Z16', `sent: ${odd.slice(0, 3).join(' ')}`)
  bounds(world)
  if (world.isStopped()) return 0
  const left = published.filter(
    (each) => each.leftBy !== null && !each.isTransient && each.atMs >= chain.dueFromMs && !chain.times.has(each.n),
  )
  for (const each of left) {
    const isTold = chain.gaps.some((gap) => covers(gap, each.atMs, offsets))
    const name = `channel exchanged, ${each.leftBy}, ${isTold ? 'told' : 'untold'}`
    excused[name] = (excused[name] ?? 0) + 1
  }
  const { client } = load
  if (client.status !== 'connected') world.violate('Z6', `${client.status} after ${HEALED_MS} ms of good weather`)
  const own = load.statuses.slice(load.statuses.map(({ status }) => status).lastIndexOf('stopped') + 1)
  const last = own[own.length - 1]
  const lastBreak = own.map(({ status }) => status).lastIndexOf('reconnecting')
  const words = own.slice(lastBreak + 1)
  if (lastBreak >= 0 && last?.status === 'connected' && !words.some(({ recovered }) => recovered))
    world.violate('Z6', 'no word about what became of the last break')
  // What 0.3.4 does not replay over WebSocket is told where no poll could fetch it, and so is what was left behind in a
  // channel that was exchanged before it was known to be missing.
  const mayTell = ({ channels }: Published): boolean =>
    server.version === 1 || channels.some((channel) => world.channels.exchanged.has(channel))
  const { kept, untold, told } = missing(chain, published, offsets, mayTell)
  const lost = kept.filter((each) => {
    const reason = each.isUnheard
      ? 'half-open, and polls not allowed'
      : quietPing(world, each) || unseenNumbers(world, each)
    if (reason !== null) excused[reason] = (excused[reason] ?? 0) + 1
    return reason === null
  })
  if (lost.length > 0) world.violate('Z2', listOf(lost, clock.now()))
  const silent = untold.filter((each) => {
    const reason = unknowable(world, each)
    if (reason !== null) excused[reason] = (excused[reason] ?? 0) + 1
    return reason === null
  })
  if (silent.length > 0) world.violate('Z3', listOf(silent, clock.now()))
  const [wrong] = keepsOrder(world) ? outOfOrder(chain, published) : []
  if (wrong) world.violate('Z4', `${wrong[1].n} came after ${wrong[0].n}`)
  return told.length
}
const HEALED_MS = 300_000

function listOf(messages: readonly Published[], nowMs: number): string {
  const texts = messages
    .slice(0, 5)
    .map(
      ({ n, atMs, channels, goneAtMs }) =>
        `${n} (${channels.map((id) => id.slice(0, 4)).join('+')}, ${nowMs - atMs} ms ago${goneAtMs < Infinity ? `, gone ${nowMs - goneAtMs} ms ago` : ''})`,
    )
  return `${messages.length} never came: ${texts.join(', ')}`
}

/** What the server itself brings late cannot be in order. */
function keepsOrder({ server, setup, network, storeLossesAtMs }: World): boolean {
  const { raceMs, sortMs, keep } = setup.habits
  // 0.3.4 replays by another request. What is thrown away within milliseconds may be on its way over an older connection.
  if (server.version === 1 || keep < 100) return false
  // Numbers that are given again: everything is asked for when it is noticed. The rest is fetched once it was passed.
  return storeLossesAtMs.length === 0 && raceMs === 0 && sortMs === 0 && network.traffic.swallowed.size === 0
}

/** What a ping of 2.0 swallows on a page to which nothing else came is fetched with the next break. */
function quietPing({ network, clock }: World, { n, atMs }: Published): string | null {
  return network.traffic.swallowed.has(n) && clock.now() - atMs < 60_000 ? 'ping of a quiet page' : null
}

/**
 * A server counts from the beginning again, and what comes next has a number that this page had not seen yet, or the very
 * next one of its channel: nothing tells it from what was published before. Nor is what was published before that asked for:
 * a page does not learn that a channel was exchanged then.
 */
function unseenNumbers(world: World, { n, channels }: Published): string | null {
  const { server, chain, published, storeLossesAtMs } = world
  const numberOf = ({ n }: { n: number }): number => server.numberOf.get(n)!
  const isSame = ({ n }: { n: number }): boolean =>
    server.isNode || published[n]!.channels.some((channel) => channels.includes(channel))
  const isUnseen = storeLossesAtMs.some((lostAtMs) => {
    const first = chain.deliveries.find((each) => published[each.n]!.atMs >= lostAtMs && isSame(each))
    if (!first) return true
    const before = chain.deliveries.slice(0, chain.deliveries.indexOf(first)).filter(isSame)
    const own = server.isNode ? before.filter(({ session }) => session === first.session) : before
    const highest = Math.max(0, ...own.map(numberOf))
    const isNext = server.isNode ? numberOf(first) > highest : numberOf(first) === highest + 1
    const issuedAtMs = Math.max(...channels.map((channel) => world.channels.issuedAtMs.get(channel) ?? -Infinity))
    const isUnannounced = issuedAtMs >= lostAtMs && issuedAtMs <= published[first.n]!.atMs
    return isNext && (n < first.n || isUnannounced)
  })
  return isUnseen ? 'numbers nobody had seen' : null
}

/** Why nothing could show that a message is gone; `null`: the client could have known. */
function unknowable(world: World, message: Published): string | null {
  const { server, chain, published } = world
  const { channels, n, goneAtMs } = message
  // No channel is named, so its numbers cannot be told apart.
  if (server.version === 1) return 'no numbers on 0.3.4'
  const known = chain.deliveries.filter(
    (each) => each.atMs < goneAtMs && each.atMs >= chain.knownFromMs && !chain.unwritten.has(each.n),
  )
  if (known.length === 0) return 'nothing had come yet'
  if (
    server.version === 2 &&
    !known.some((each) => each.n < n && published[each.n]!.channels.some((channel) => channels.includes(channel)))
  )
    return 'nothing had come on its channel yet'
  return unseenNumbers(world, message)
}

function bounds(world: World): void {
  const { load, network, tab, local } = world
  const report = load.client.diagnostics()
  if (report.timeline.length > 200) world.violate('Z13', `${report.timeline.length} lines in the timeline`)
  if (report.remembered > DEDUPE_WINDOW) world.violate('Z13', `${report.remembered} identities remembered`)
  const texts: Record<string, string> = {
    diagnostics: JSON.stringify(report),
    'session storage': [...tab].join(),
    'local storage': [...local].join(),
  }
  for (const [where, text] of Object.entries(texts)) {
    if (world.secrets.some((secret) => text.includes(secret))) world.violate('Z12', `a secret in ${where}`)
    if (text.length > ENTRY_LONGEST) world.violate('Z13', `${text.length} characters in ${where}`)
  }
  // A second of requests, but for polls that brought something: each of those is followed by the next one.
  const times = network.traffic.asked.map(({ atMs }) => atMs)
  let from = 0
  for (let to = 0; to < times.length; to++) {
    while (times[to]! - times[from]! >= 1000) from++
    const answered = network.traffic.answeredAtMs.filter(
      (atMs) => atMs > times[from]! - 1000 && atMs <= times[to]!,
    ).length
    if (to - from + 1 - answered > 12) return world.violate('Z10', `${to - from + 1} requests in a second`)
  }
}
