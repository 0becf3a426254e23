/**
 * Owns how far replays have brought each channel, for the case that one is cut in its middle. push-stream replays channel by
 * channel, in the order of the request: the next link lists first what is furthest behind, and asks from there. So every
 * link brings something new, however soon it is cut. Pure.
 */
import { type Place, isAfter } from './marks'

export interface Unfinished {
  /** A link that would ask for these channels from `base`. */
  open(base: Place, channels: readonly string[]): Reading
}

export interface Reading {
  /** Where to ask from; not behind `base`: nothing is known. */
  readonly from: Place
  /** The channels by their numbers, in the order to list them. */
  readonly order: readonly number[]
  /** Everything before the answer has come. `null`: the message does not name its channel (0.3.4). */
  came(channel: string | null, place: Place): Place
  /** Whether the next link would ask for less, by more than a few messages, since this was asked last. */
  gotFurther(): boolean
}

/** What is replayed to a quiet page says nothing about a connection: whoever kills it lets a few messages through, too. */
const SHORTER_BY = 10

export function createUnfinished(): Unfinished {
  const reached = new Map<string, Place>()
  let begun: Place | null = null
  /** What links bring that asked from a later place, before that was known, says nothing. */
  let epoch = 0

  return {
    open(base, channels) {
      // What is known was read from a later place: it says nothing about what lies before.
      if (begun && isAfter(begun, base)) {
        reached.clear()
        epoch++
      }
      if (!begun || isAfter(begun, base)) begun = base
      const openedInEpoch = epoch
      const keys = new Set(channels)
      reached.forEach((_, key) => keys.has(key) || reached.delete(key))
      const placeOf = (at: number): Place => {
        const place = reached.get(channels[at] as string)
        return place && isAfter(place, base) ? place : base
      }
      const behind = (a: number, b: number): number => (isAfter(placeOf(a), placeOf(b)) ? 1 : 0)
      const all = channels.map((_, at) => at)
      const order = all.slice().sort((a, b) => behind(a, b) - behind(b, a))
      const least = (): Place => (all.length ? placeOf(all.reduce((a, b) => (behind(a, b) ? b : a))) : base)
      let last: Place | null = null
      let turns = 0
      let passed = 0
      return {
        order,
        from: least(),
        came(channel, place) {
          // Places that run backwards are another channel's. One that had nothing gave no turn: then it is a later one's turn.
          if (last && isAfter(last, place)) turns++
          last = place
          const named = (at: number): boolean => channel!.toLowerCase().indexOf(channels[at] as string) === 0
          const found = channel ? order.findIndex(named) : turns
          // Those listed before it have been replayed to their end.
          const listed = epoch === openedInEpoch ? order.slice(0, found + 1).map((at) => channels[at] as string) : []
          const passing = listed.filter((key) => isAfter(place, reached.get(key)))
          passing.forEach((key) => reached.set(key, place))
          if (passing.length) passed++
          return least()
        },
        gotFurther() {
          const isShorter = passed >= SHORTER_BY
          if (isShorter) passed = 0
          return isShorter
        },
      }
    },
  }
}
