/** Owns the habits of real servers and networks that a client is driven through: switches of the server and the proxy. */
import type { FaultSettings, PullServer, PullServerOptions } from '../../../src/entry/testing'
import type { Target } from '../../contract/targets'
import type { FaultProxy, ProxySettings } from '../fault-proxy'
import type { Tally } from './tally'

export interface Scene {
  readonly server: PullServer
  readonly proxy: FaultProxy
  readonly tally: Tally
}

export interface Habit {
  readonly name: string
  /** What of the real world it stands for. */
  readonly about: string
  readonly server?: PullServerOptions
  readonly faults?: FaultSettings
  readonly proxy?: ProxySettings
  /** Publishes in bursts: so long, then silence for so long. */
  readonly bursts?: { readonly onMs: number; readonly offMs: number }
  /** Switched on and off again and again, from the first message to the last. */
  readonly spells?: {
    readonly everyMs: number
    readonly forMs: number
    on(scene: Scene): void
    off(scene: Scene): void
  }
  /** Whether this server has it. @default every one */
  readonly fits?: (target: Target) => boolean
  /** Whether the server still delivers each channel in order. @default true */
  readonly keepsOrder?: boolean
}

const isNode = ({ server: { version = 4 } }: Target): boolean => version >= 3
const isWebSocket = ({ transport }: Target): boolean => transport === 'websocket'
const isPolling = ({ transport }: Target): boolean => transport === 'long-polling'

export const HABITS: readonly Habit[] = [
  { name: 'ideal', about: 'nothing but the cuts' },
  {
    name: 'store before listener',
    about: 'history is read 5 ms before the listener is registered',
    faults: { listenDelayMs: 5 },
    fits: (target) => isNode(target) && isWebSocket(target),
    keepsOrder: false,
  },
  {
    name: 'slow store',
    about: 'the same with 60 ms',
    faults: { listenDelayMs: 60 },
    fits: (target) => isNode(target) && isWebSocket(target),
    keepsOrder: false,
  },
  {
    name: 'two publishers',
    about: 'every tenth message is delivered after the next one',
    faults: { reorder: 0.1 },
    // Eight publishers on two workers: not once in 18 000 messages on 0.3.4, up to 1 ms late from 0.5 on.
    fits: ({ server }) => server.version !== 1,
    keepsOrder: false,
  },
  {
    name: 'duplicates',
    about: 'every fifth message twice, the end of each replay again as live messages, frames twice on the wire',
    faults: { duplicate: 0.2, replayEcho: 5 },
    proxy: { duplicate: 0.05 },
  },
  {
    name: 'ping window',
    about: 'a protocol ping every 150 ms over 25 ms each way: what comes before the pong is dropped (2.0)',
    server: { pingIntervalMs: 150 },
    proxy: { delayMs: 25 },
    fits: (target) => isWebSocket(target) && target.server.version === 4,
    keepsOrder: false,
  },
  {
    name: 'mids start again',
    about: 'the storage comes back empty every 3 s, connections stay',
    spells: spell(3000, 0, ({ server, tally }) => {
      server.loseStorage()
      tally.thrownAway()
    }),
    fits: isNode,
    // From the place reached in the old store nothing of the new one is replayed, and live messages come first.
    keepsOrder: false,
  },
  {
    name: 'restart, empty',
    about: 'the server is killed every 4 s, is away for 300 ms and comes back without its storage',
    spells: spell(4000, 0, ({ server, tally }) => {
      void server.restart({ downMs: 300 })
      tally.thrownAway()
    }),
  },
  {
    name: 'cut replay',
    about: 'for half of the time connections end after so many frames, in the middle of a replay',
    spells: spell(
      1600,
      800,
      ({ server }) => server.faults.set({ closeAfterFrames: { websocket: 25, sse: 60, 'long-polling': 25 } }),
      ({ server }) => server.faults.set({ closeAfterFrames: undefined }),
    ),
    // 0.3.4 resumes an event stream by whole seconds: more than 60 messages of one never pass; a poll brings them.
    fits: ({ server, transport }) => server.version !== 1 || transport !== 'sse',
  },
  {
    name: 'truncated frames',
    about: 'one frame of five hundred ends in its middle, and the connection with it',
    proxy: { truncate: { chance: 0.002, end: 'fin' } },
  },
  {
    name: 'no Upgrade',
    about: 'for a second of three a proxy forwards no Upgrade: handshakes become long polls',
    spells: spell(
      3000,
      1000,
      ({ proxy }) => proxy.faults.set({ dropUpgrade: true }),
      ({ proxy }) => proxy.faults.set({ dropUpgrade: false }),
    ),
    fits: isWebSocket,
  },
  {
    name: 'channel deleted',
    about: 'the private channel is taken away every 6 s',
    spells: spell(6000, 0, ({ server, tally }) => {
      server.deleteChannel('private')
      tally.thrownAway('private')
    }),
  },
  {
    name: 'empty polls',
    about:
      'polls are held for 250 ms, messages come in bursts of 300 ms every 1 100 ms: positions are taken from a 304',
    server: { pollHoldMs: 250 },
    bursts: { onMs: 300, offMs: 800 },
    fits: isPolling,
  },
  { name: 'slow link', about: '80 ms each way, 64 KB/s', proxy: { delayMs: 80, bytesPerSecond: 65_536 } },
  {
    name: 'stalls',
    about: 'for 700 ms of every 3 s nothing passes',
    spells: spell(3000, 0, ({ proxy }) => void proxy.faults.stall(700)),
  },
  {
    name: 'big replay',
    about: 'the network is away for 2.5 s of every 6 s: hundreds of messages are replayed at once',
    spells: spell(
      6000,
      2500,
      ({ proxy }) => {
        proxy.faults.set({ accept: 'reset' })
        proxy.faults.cut()
      },
      ({ proxy }) => proxy.faults.set({ accept: undefined }),
    ),
  },
  {
    name: 'buffering proxy',
    about: 'answers come in lumps of 4 KB or after 150 ms',
    proxy: { buffer: { bytes: 4096, ms: 150 } },
    fits: (target) => !isWebSocket(target),
  },
]

function spell(
  everyMs: number,
  forMs: number,
  on: (scene: Scene) => void,
  off: (scene: Scene) => void = () => {},
): NonNullable<Habit['spells']> {
  return { everyMs, forMs, on, off }
}
