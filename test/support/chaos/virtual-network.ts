/**
 * Owns what may happen to the network between pages and one push server: weather of each transport, cuts with and without a
 * word, sleep, pages that are gone; and what a page holds open.
 */
import type { FetchLike, WebSocketConstructor } from '../../../src/platform/platform'
import type { PageTime, VirtualClock } from './virtual-clock'
import { virtualFetch } from './virtual-request'
import type { VirtualServer } from './virtual-server'
import { virtualWebSocket } from './virtual-socket'
import { createWires, type Ending, type Kind, type Traffic, type Weather } from './virtual-wires'

export interface VirtualNetwork {
  /** What one page reaches the server by. */
  connect(page: PageTime): { readonly webSocket: WebSocketConstructor; readonly fetch: FetchLike }
  weather(kind: Kind, weather: Weather): void
  weatherOf(kind: Kind): Weather
  /** Ends what is open. */
  cut(how: Ending): void
  /** What is open stays open, and nothing comes through it any more. */
  deafen(): void
  /** What was deaf is found out by its page: the network tells it that the other side is gone. */
  reset(): void
  /** The machine sleeps: its pages get nothing, and nobody answers pings. */
  sleep(): void
  wake(): void
  /** A page is gone with all it had open. */
  drop(page: PageTime): void
  /** What a page has listened to. */
  known(page: PageTime): ReadonlySet<string>
  /** A client that begins anew knows none of it. */
  unknow(page: PageTime): void
  /** Whether anything is open that nothing comes through. */
  readonly hasDeaf: boolean
  /** Whether somebody who can hear listens to a channel now, and has for that long. */
  isHeard(channel: string, forMs?: number): boolean
  open(page: PageTime): { readonly sockets: number; readonly requests: number }
  readonly traffic: Readonly<Traffic>
}

export function createVirtualNetwork(
  clock: VirtualClock,
  server: VirtualServer,
  random: () => number,
  note: (line: string) => void,
): VirtualNetwork {
  const wires = createWires(clock, server, random, note)
  const { open, traffic, weather, weatherOf, sleep, wake, known } = wires
  return {
    connect(page) {
      const parts = { clock, server, random, wires, page }
      return { webSocket: virtualWebSocket(parts), fetch: virtualFetch(parts) }
    },
    weather,
    weatherOf,
    cut: (how) => [...open].forEach((wire) => wires.end(wire, how)),
    deafen: () => open.forEach((wire) => (wire.isDeaf = true)),
    reset() {
      for (const wire of [...open].filter(({ isDeaf }) => isDeaf)) {
        wire.isDeaf = false
        wires.end(wire, 'reset')
      }
    },
    sleep,
    wake,
    drop(page) {
      for (const wire of [...open]) if (wire.page === page) wires.over(wire)
    },
    known,
    unknow: wires.unknow,
    get hasDeaf() {
      return [...open].some(({ isDeaf }) => isDeaf)
    },
    isHeard: (channel, forMs = 0) =>
      [...open].some(
        (wire) => !wire.isDeaf && wire.admittedAtMs <= clock.now() - forMs && wire.channels.includes(channel),
      ),
    open(page) {
      const own = [...open].filter((wire) => wire.page === page)
      const sockets = own.filter(({ kind }) => kind === 'websocket').length
      return { sockets, requests: own.length - sockets }
    },
    traffic,
  }
}
