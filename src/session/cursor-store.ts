/**
 * Owns what a page leaves to the next one in its tab: its position and fingerprints of what it delivered lately, nothing
 * secret. Written while messages come and when the page goes; clients of one page have an entry each. The storage of a
 * tab is copied with the tab: what a page wrote that may be alive still is taken by a reload only.
 */
import type { PullConfig } from '../config/config'
import type { ServerClock } from '../config/freshness'
import type { Platform, StorageLike } from '../platform/platform'
import type { SteadyClock } from '../platform/steady-clock'
import type { Mark } from '../replay/marks'
import { type Dedupe, fingerprint } from '../replay/dedupe'
import { type Position, type PositionState, isPositionState, neededSince } from '../replay/position'
import type { Counts } from './holes'

export interface CursorStoreDeps {
  readonly platform: Pick<Platform, 'page' | 'tabStorage'>
  readonly clock: SteadyClock
  /** How long after its last sign of life a page is gone on from; 0: never. */
  readonly reloadMs: number
  readonly dedupe: Dedupe
  current(): {
    readonly owner: string | null
    readonly position: Position | null
    readonly serverTime: ServerClock
    readonly counts: Counts
    readonly read: readonly string[]
    /** Since when the next page has to ask once more. */
    readonly owedSinceMs: number
  }
  /** Since when the page has had no connection, while it has none. */
  downSinceMs(): number | null
}

/** What was found: `alive` was written while the page ran, `left` when it went. */
export interface LeftPage {
  readonly how: 'alive' | 'left'
  readonly owner: string
  /** Local Unix ms. */
  readonly atMs: number
  /** Since when messages were missed. */
  readonly sinceMs: number
  /** The server's clock where messages have settled it: what was missed is told from what is new by it. */
  readonly shiftMs: number | null
  readonly position: PositionState
  readonly seen: readonly string[]
  /** Numbers of push-stream's channels. */
  readonly counts: Counts
  /** Fingerprints of the channels that were read last. */
  readonly read: readonly string[]
}

export interface CursorStore {
  start(): void
  /** What the page before left, if it was this owner's. What it delivered is no news any more. */
  take(owner: string | null): LeftPage | null
  /** Messages were delivered, or the channels are others. */
  moved(): void
  /** Stopped on purpose: nothing is left behind. */
  stop(): void
}

const WRITE_EVERY_MS = 1000
/** Names of entries that clients of this page write. The page after a reload has another storage object. */
const inUse = new WeakMap<StorageLike, Set<string>>()

/**
 * Whose position it is: the first channel's, which is the user's own, on a server of one generation. `null`: nobody can
 * tell. The channel comes first: see `fingerprint`.
 */
export function ownerOf({ channels, version }: PullConfig): string | null {
  const [first] = channels
  return first ? fingerprint(`${first.id.reveal().split(/[:.]/)[0]!.toLowerCase()}|v${version}`) : null
}

/** Until when nothing was missed by the page before, local Unix ms: until its start where nothing came. */
export function heardUntil({ position: { mark, originAtMs } }: LeftPage, clockShiftMs: number): number {
  return mark ? mark.receivedAtMs : originAtMs + clockShiftMs
}

/** Whether foreign JSON is a list of texts. */
function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

export function createCursorStore(deps: CursorStoreDeps): CursorStore {
  const { platform, clock, reloadMs, dedupe, current, downSinceMs } = deps
  const { told } = clock
  const { page } = platform
  const storage = reloadMs > 0 ? platform.tabStorage : null
  let name = ''
  /** Of the page before, until it is known whose configuration this page has. */
  let before: LeftPage | null = null
  let writtenAtMs = 0
  let timer: unknown = null
  let isSoon = false
  let isAway = false
  let unlisten = (): void => {}

  /** Storage throws where cookies are blocked or the quota is reached. */
  function attempt<T>(use: (storage: StorageLike) => T): T | null {
    try {
      return storage && use(storage)
    } catch {
      return null
    }
  }

  function put(entry: LeftPage): void {
    // An older one in its place would let the next page deliver again what this one had.
    if (!attempt((open) => (open.setItem(name, JSON.stringify(entry)), true))) remove()
  }

  function remove(): void {
    attempt((open) => open.removeItem(name))
  }

  function write(how: LeftPage['how']): void {
    const { owner, position, serverTime, counts, read, owedSinceMs } = current()
    clock.clearTimeout(timer)
    isSoon = false
    if (before) put({ ...before, how })
    if (before || !owner || !position) return
    writtenAtMs = clock.now()
    const state = position.state(owedSinceMs)
    const seen = dedupe.recent(neededSince(state))
    const shiftMs = serverTime.laterMs === undefined ? null : told(serverTime.shiftMs)
    const downMs = downSinceMs()
    const sinceMs = told(downMs === null ? writtenAtMs : downMs)
    const left = { position: toldState(state), counts: toldCounts(counts) }
    put({ ...left, how, owner, atMs: told(writtenAtMs), sinceMs, shiftMs, seen, read })
    // A sign of life, also from a page to which nothing comes.
    if (how === 'alive') plan(Math.min(reloadMs / 4, 3_600_000))
  }

  function toldState(state: PositionState): PositionState {
    const { mark, newest } = state
    const at = (place: Mark): Mark => ({ ...place, receivedAtMs: told(place.receivedAtMs) })
    return { ...state, mark: mark && at(mark), newest: newest && at(newest) }
  }

  function toldCounts(counts: Counts): Counts {
    const all: Record<string, Counts[string]> = {}
    Object.keys(counts).forEach((print) => {
      // What the page before left is foreign JSON.
      const counted = Object(counts[print]) as Counts[string]
      all[print] = [Number(counted[0]), told(Number(counted[1]))]
    })
    return all
  }

  function plan(delayMs: number): void {
    clock.clearTimeout(timer)
    timer = clock.setTimeout(() => write('alive'), delayMs)
  }

  function found(text: string | null): LeftPage | null {
    try {
      const entry = JSON.parse(text || '') as LeftPage
      const { how, atMs, position, seen } = entry
      const ageMs = clock.now() - atMs
      const isOurs = how === 'left' || !page || !!page.isReload
      const isSound = isPositionState(position) && entry.sinceMs > 0 && [seen, entry.read].every(areTexts)
      return isOurs && isSound && ageMs >= 0 && ageMs < reloadMs ? entry : null
    } catch {
      return null
    }
  }

  return {
    start() {
      if (!storage) return
      const names = inUse.get(storage) || new Set<string>()
      inUse.set(storage, names)
      for (let at = 0; !name || names.has(name); at++) name = `bx-pull-position-${at}`
      names.add(name)
      before = found(attempt((open) => open.getItem(name)))
      // From now on a copy of the tab starts anew, while the configuration is loaded, too.
      if (before) write('alive')
      else remove()
      if (!page) return
      unlisten = page.listen((signal) => {
        if (signal === 'pagehide') isAway = true
        // Whatever brings the connection back: the page is there again.
        else if (signal !== 'hidden' && signal !== 'offline') isAway = false
        if (signal !== 'pagehide' && signal !== 'pageshow' && signal !== 'hidden') return
        write(isAway ? 'left' : 'alive')
      })
    },
    take(owner) {
      const entry = before
      before = null
      if (!entry || entry.owner !== owner) return null
      dedupe.restore(entry.seen, entry.position.mark ? entry.position.mark.receivedAtMs : 0)
      return entry
    },
    moved() {
      if (!name || isAway) return
      const waitMs = writtenAtMs + WRITE_EVERY_MS - clock.now()
      if (waitMs <= 0) write('alive')
      else if (!isSoon) {
        plan(waitMs)
        isSoon = true
      }
    },
    stop() {
      unlisten()
      clock.clearTimeout(timer)
      if (!name) return
      remove()
      ;(inUse.get(storage as StorageLike) as Set<string>).delete(name)
      name = ''
    },
  }
}
