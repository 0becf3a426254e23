/**
 * Owns what an episode is made of: a world drawn at random and the steps that happen in it, as plain data. A plan depends
 * on its seed alone, so that steps can be left out of it and the rest happens again.
 */
import type { PageSignal } from '../../../src/platform/platform'
import type { TransportKind } from '../../../src/core/transport-kind'
import { seededRandom } from '../fake-platform'
import type { Ending, Kind, Weather } from './virtual-wires'
import { type Generation, GENERATIONS, type Habits } from './virtual-server'

export type PortalMood = 'ok' | 'fails' | 'hangs' | 'garbage' | 'slow'
export type ListenerMood = 'throws' | 'stops' | 'restarts' | 'rejects'
export type ListenerKey = 'event' | 'status' | 'transport' | 'channels' | 'gap' | 'error'

export type Step =
  | {
      readonly do: 'publish'
      readonly to: 'private' | 'shared' | 'both'
      readonly count: number
      readonly everyMs: number
    }
  | { readonly do: 'publish-transient'; readonly to: 'private' | 'shared'; readonly count: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'cut'; readonly how: Ending }
  | { readonly do: 'deafen' }
  | { readonly do: 'reset' }
  | { readonly do: 'weather'; readonly kind: Kind | 'all'; readonly weather: Weather }
  | { readonly do: 'rotate'; readonly channel: 'private' | 'shared'; readonly how: 'successor' | 'get-config' }
  | { readonly do: 'retire'; readonly channel: 'private' | 'shared' }
  | { readonly do: 'command'; readonly name: 'config_expire' | 'server_restart' | 'reopen' }
  | { readonly do: 'portal'; readonly mood: PortalMood }
  | { readonly do: 'server'; readonly what: 'reload' | 'crash' | 'restart-empty' | 'store-lost' }
  | { readonly do: 'set-clock'; readonly byMs: number }
  | {
      readonly do: 'sleep'
      readonly ms: number
      readonly isLate: boolean
      readonly wires: 'alive' | 'deaf' | 'reset'
      readonly signals: readonly PageSignal[]
    }
  | { readonly do: 'freeze'; readonly ms: number; readonly signals: readonly PageSignal[] }
  | { readonly do: 'throttle'; readonly ms: number }
  | { readonly do: 'signal'; readonly signal: PageSignal }
  | {
      readonly do: 'load'
      readonly how: 'leave' | 'kill' | 'stop'
      readonly awayMs: number
      readonly isReload: boolean
    }
  | { readonly do: 'stop' }
  | { readonly do: 'start' }
  | { readonly do: 'listener'; readonly key: ListenerKey; readonly mood: ListenerMood }

export interface Setup {
  readonly seed: number
  readonly generation: Generation
  readonly transport: 'auto' | TransportKind
  /** push-stream: the event stream has an address of its own. */
  readonly ownStream: boolean
  readonly habits: Habits
  /** How far the clock of the device is off. */
  readonly skewMs: number
  /** Seconds that channels are valid. */
  readonly channelSeconds: number
  /** How many messages are remembered, before those that may come again. @default the client's own */
  readonly dedupeWindow?: number
}

export interface Plan {
  readonly setup: Setup
  readonly steps: readonly Step[]
}

const SIGNALS: readonly PageSignal[] = [
  'online',
  'offline',
  'visible',
  'hidden',
  'resume',
  'pagehide',
  'pageshow',
  'network-change',
]
const WAKING: readonly (readonly PageSignal[])[] = [
  ['resume'],
  ['online'],
  ['network-change'],
  ['resume', 'visible', 'online'],
  ['visible', 'resume'],
]
const CODES: readonly Ending[] = ['reset', 'reset', 1000, 1001, 1005, 1006, 1006, 1011, 1012, 1013, 4011, 4029]
const WEATHERS: readonly Weather[] = ['ok', 'ok', 'slow', 'deny', 'no-answer', 'hang', 'half', 'wrong', 'full']
export const EPISODE_STEPS = 200

export function planOf(seed: number, generations = GENERATIONS): Plan {
  const random = seededRandom(seed)
  const chance = (share: number): boolean => random() < share
  const among = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!
  const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1))
  const channel = (): 'private' | 'shared' => among(['private', 'shared'] as const)

  const generation = among(generations)
  const isNode = generation !== '0.3.4' && generation !== '0.5'
  const transports: readonly (TransportKind | 'auto')[] =
    generation === '3.0'
      ? ['auto']
      : ['auto', 'auto', 'auto', 'websocket', 'long-polling', ...(isNode ? [] : ['sse' as const])]
  const setup: Setup = {
    seed,
    generation,
    transport: among(transports),
    ownStream: chance(0.5),
    habits: {
      raceMs: isNode ? among([0, 0, 3, 200]) : 0,
      sortMs: isNode ? among([0, 0, 0, 60]) : 0,
      doubles: 0.05,
      // The Node servers keep a day, whatever comes.
      keep: isNode ? Infinity : among([1000, 1000, 8]),
    },
    skewMs: among([0, 0, 250, -700, 90_000, -7_200_000, 86_400_000]),
    channelSeconds: among([43_200, 43_200, 43_200, 300]),
  }
  /** Calm episodes have fewer faults, so that what stays open for long is met, too. */
  const faults = among([0.08, 0.2, 0.4])
  const jumps = chance(0.3)
  const losses = chance(0.4)

  function pass(): Step {
    return { do: 'pass', ms: among([whole(0, 50), whole(0, 500), whole(0, 3000), whole(0, 3000), whole(3000, 20_000)]) }
  }
  function publish(): Step {
    if (isNode && generation !== '1.0' && chance(0.1))
      return { do: 'publish-transient', to: channel(), count: whole(1, 3) }
    const to = isNode && chance(0.08) ? 'both' : channel()
    return { do: 'publish', to, count: whole(1, chance(0.2) ? 20 : 4), everyMs: among([0, 0, 1, 30, 300]) }
  }
  function fault(): Step {
    const at = whole(0, 99)
    if (at < 18) return { do: 'cut', how: among(CODES) }
    if (at < 22) return { do: 'deafen' }
    if (at < 26) return { do: 'reset' }
    if (at < 38)
      return {
        do: 'weather',
        kind: chance(0.4) ? 'all' : among(['websocket', 'sse', 'long-polling'] as const),
        weather: among(WEATHERS),
      }
    if (at < 46) return { do: 'weather', kind: 'all', weather: 'ok' }
    if (at < 50)
      return { do: 'rotate', channel: channel(), how: among(['successor', 'successor', 'get-config'] as const) }
    if (at < 52) return { do: 'retire', channel: channel() }
    if (at < 55) return { do: 'command', name: among(['config_expire', 'server_restart', 'reopen'] as const) }
    if (at < 58) return { do: 'portal', mood: among(['ok', 'ok', 'fails', 'hangs', 'garbage', 'slow'] as const) }
    if (at < 62)
      return {
        do: 'server',
        what: among(['reload', 'crash', ...(losses ? (['restart-empty', 'store-lost'] as const) : [])] as const),
      }
    if (at < 65)
      return jumps ? { do: 'set-clock', byMs: among([400, -400, 5000, -5000, 3_600_000, -3_600_000]) } : pass()
    if (at < 69)
      return {
        do: 'sleep',
        ms: among([2000, 30_000, 130_000, 400_000]),
        isLate: chance(0.5),
        wires: among(['alive', 'deaf', 'reset'] as const),
        signals: among(WAKING),
      }
    if (at < 71) return { do: 'freeze', ms: among([2000, 30_000, 200_000]), signals: chance(0.7) ? ['resume'] : [] }
    if (at < 74) return { do: 'throttle', ms: among([0, 0, 1000, 60_000]) }
    if (at < 84) return { do: 'signal', signal: among(SIGNALS) }
    if (at < 90)
      return {
        do: 'load',
        how: among(['leave', 'leave', 'kill', 'stop'] as const),
        awayMs: among([0, 300, 4000, 60_000]),
        isReload: chance(0.8),
      }
    if (at < 91) return { do: 'stop' }
    if (at < 95) return { do: 'start' }
    if (at < 98)
      return {
        do: 'listener',
        key: among(['event', 'event', 'status', 'transport', 'channels', 'gap', 'error'] as const),
        mood: among(['throws', 'rejects'] as const),
      }
    if (at < 99)
      return {
        do: 'listener',
        key: among(['event', 'status', 'transport', 'channels'] as const),
        mood: among(['stops', 'restarts'] as const),
      }
    return { do: 'pass', ms: among([60_000, 130_000, 400_000]) }
  }

  const steps: Step[] = [{ do: 'start' }, { do: 'pass', ms: whole(0, 5000) }]
  while (steps.length < EPISODE_STEPS) {
    if (chance(faults)) steps.push(fault())
    else steps.push(chance(0.5) ? publish() : pass())
  }
  return { setup, steps }
}
