/**
 * Owns the book of an episode: what was published, what came to which page, what was told about what did not come. A chain
 * is a client from its start on, over all page loads that go on where the last one was. Pure: instants come in.
 */
import type { GapFact } from '../../../src/entry/node'

export type LeftBy = 'never read' | 'polls not allowed' | 'page gone' | 'refused' | 'store lost'

export interface Published {
  readonly n: number
  readonly channels: readonly string[]
  /** True time. */
  readonly atMs: number
  /** Delivered to who listens, and not stored. */
  readonly isTransient: boolean
  /** When the server threw it away. */
  goneAtMs: number
  /** Its channel was exchanged, and nobody can read it to its end any more: why. */
  leftBy: LeftBy | null
  /** Polls are not allowed, and whoever was connected was deaf. Another link takes over, and nobody knows. */
  isUnheard: boolean
}

export interface Delivery {
  readonly n: number
  readonly atMs: number
  /** Counts page loads and starts. */
  readonly session: number
}

export interface ToldGap extends GapFact {
  /** True time at which it was told. */
  readonly atMs: number
}

export interface Chain {
  /** Published since then: has to come. Before: may come, but not twice. */
  dueFromMs: number
  /** Published before: must not come. */
  notBeforeMs: number
  /** The server has answered since then: what was published before may come out of order. */
  orderedFromMs: number
  /** What came before is not known to a page that started anew. */
  knownFromMs: number
  readonly deliveries: Delivery[]
  readonly times: Map<number, number>
  /** How many times more than once a message may come: it came in the last second before a crash. */
  readonly excused: Map<number, number>
  /** It came in the last second before a crash: the next page may not know its number. */
  readonly unwritten: Set<number>
  readonly gaps: ToldGap[]
}

/** The clock of the device was ahead of true time by this, since then. */
export interface Offset {
  readonly atMs: number
  readonly offsetMs: number
}

export function newChain(nowMs: number, notBeforeMs: number): Chain {
  return {
    // The portal tells its time in whole seconds: what was published around the start may count as older.
    dueFromMs: nowMs + 2000,
    notBeforeMs,
    orderedFromMs: Infinity,
    knownFromMs: -Infinity,
    deliveries: [],
    times: new Map(),
    excused: new Map(),
    unwritten: new Set(),
    gaps: [],
  }
}

/** Whether it came more often than it may. */
export function deliver(chain: Chain, delivery: Delivery): boolean {
  const times = (chain.times.get(delivery.n) ?? 0) + 1
  chain.times.set(delivery.n, times)
  chain.deliveries.push(delivery)
  return times > 1 + (chain.excused.get(delivery.n) ?? 0)
}

/** The page had not written down what came since then. */
export function crash(chain: Chain, cameSinceMs: number): void {
  excuse(chain, cameSinceMs)
  for (const { n, atMs } of chain.deliveries) if (atMs >= cameSinceMs) chain.unwritten.add(n)
}

/** What may come once more. */
export function excuse(chain: Chain, cameSinceMs: number): void {
  for (let at = chain.deliveries.length - 1; at >= 0 && chain.deliveries[at]!.atMs >= cameSinceMs; at--) {
    const { n } = chain.deliveries[at]!
    chain.excused.set(n, (chain.excused.get(n) ?? 0) + 1)
  }
}

export interface Missing {
  /** The server has it. */
  readonly kept: Published[]
  /** The server has thrown it away, and no gap names its time. */
  readonly untold: Published[]
  /** The server has thrown it away, and a gap names its time. */
  readonly told: Published[]
}

/** `mayTell`: a gap will do, although the server has it. */
export function missing(
  chain: Chain,
  published: readonly Published[],
  offsets: readonly Offset[],
  mayTell: (each: Published) => boolean,
): Missing {
  const due = published.filter(
    (each) => !chain.times.has(each.n) && !each.isTransient && each.leftBy === null && each.atMs >= chain.dueFromMs,
  )
  const gone = due.filter(({ goneAtMs }) => goneAtMs < Infinity)
  const isTold = (each: Published): boolean => chain.gaps.some((gap) => covers(gap, each.atMs, offsets))
  return {
    kept: due.filter((each) => each.goneAtMs === Infinity && !(mayTell(each) && isTold(each))),
    untold: gone.filter((each) => !isTold(each)),
    told: gone.filter(isTold),
  }
}

/** The clock of the page may have been set meanwhile: any of its times counts. */
export function covers(gap: ToldGap, publishedAtMs: number, offsets: readonly Offset[]): boolean {
  if (gap.atMs < publishedAtMs) return false
  return offsets.some(({ atMs, offsetMs }, index) => {
    const next = offsets[index + 1]
    const isInForce = atMs <= gap.atMs && (!next || next.atMs >= publishedAtMs)
    const localMs = publishedAtMs + offsetMs
    return isInForce && localMs >= gap.sinceMs && localMs <= gap.untilMs
  })
}

/** Neighbours that came in the wrong order, over all page loads; what came twice counts at first. */
export function outOfOrder(chain: Chain, published: readonly Published[]): [Delivery, Delivery][] {
  const newest = new Map<string, Delivery>()
  const seen = new Set<number>()
  const wrong: [Delivery, Delivery][] = []
  for (const delivery of chain.deliveries) {
    if (seen.has(delivery.n)) continue
    seen.add(delivery.n)
    const { channels, isTransient, atMs } = published[delivery.n]!
    // What was published to two channels may come by the one of an older connection, what was published before the first
    // connection by another one.
    if (isTransient || channels.length > 1 || atMs < Math.max(chain.dueFromMs, chain.orderedFromMs)) continue
    for (const channel of channels) {
      const last = newest.get(channel)
      if (last && last.n > delivery.n) wrong.push([last, delivery])
      else newest.set(channel, delivery)
    }
  }
  return wrong
}
