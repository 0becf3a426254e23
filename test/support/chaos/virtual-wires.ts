/**
 * Owns the wires between pages and one push server, and the weather they are laid in: latency, who listens, who is deaf,
 * asleep or at the end, and what is written down about all of them. What is on a wire arrives in order, or not at all.
 */
import type { PageTime, VirtualClock } from './virtual-clock'
import type { Query, Stored, VirtualServer } from './virtual-server'

export type Kind = Query['kind']
export const KINDS: readonly Kind[] = ['websocket', 'sse', 'long-polling']
/**
 * What happens to whoever comes next. `half`: opens and dies, or breaks off in the middle of a body. `full`: too many
 * connections. `deny`: 403 to a request, a refused handshake to a WebSocket.
 */
export type Weather = 'ok' | 'slow' | 'deny' | 'no-answer' | 'hang' | 'half' | 'wrong' | 'full'
/** A close code (1005 and 1006: the connection ends without one), or a reset that loses what was on its way. */
export type Ending = number | 'reset'

export interface Wire {
  readonly page: PageTime
  readonly kind: Kind
  readonly latencyMs: number
  /** Of the moment in which it was laid. */
  readonly weather: Weather
  channels: readonly string[]
  admittedAtMs: number
  freeAtMs: number
  /** What was sent before belongs to another epoch, and is lost. */
  epoch: number
  isDeaf: boolean
  isOver: boolean
  leave(): void
  /** What the page sees when the server's end of it is gone. */
  ended(how: Ending): void
}

export interface Traffic {
  readonly asked: { readonly kind: Kind; readonly url: string; readonly atMs: number; readonly page: PageTime }[]
  /** Frames of pages: who sent what to whom nothing may be sent. */
  readonly sent: string[]
  /** When polls were answered with something. */
  readonly answeredAtMs: number[]
  /** Connections that opened and polls that were answered. */
  accepted: number
  /** What fell between a ping of 2.0 and its answer. */
  readonly swallowed: Set<number>
}

export interface Wires {
  readonly open: ReadonlySet<Wire>
  readonly traffic: Traffic
  weather(kind: Kind, weather: Weather): void
  weatherOf(kind: Kind): Weather
  lay(page: PageTime, kind: Kind, url: string): Wire
  /** In order, after what was sent before. */
  toPage(wire: Wire, run: () => void): void
  /** The server lets it in: what is published from now on. */
  listen(wire: Wire, channels: readonly string[], push: (message: Stored) => void): void
  /** The server's end of it is gone. What is on its way may still come, but for a reset. */
  end(wire: Wire, how: Ending): void
  /** Neither end of it is there any more. */
  over(wire: Wire): void
  /** What a page has listened to. */
  known(page: PageTime): ReadonlySet<string>
  unknow(page: PageTime): void
  /** Nobody answers pings until `wake`. */
  sleep(): void
  wake(): void
}

const PING_MS = 120_000

export function createWires(
  clock: VirtualClock,
  server: VirtualServer,
  random: () => number,
  note: (line: string) => void,
): Wires {
  const { version, isNode, habits } = server
  const weathers = new Map<Kind, Weather>()
  const open = new Set<Wire>()
  const known = new Map<PageTime, Set<string>>()
  const traffic: Traffic = { asked: [], sent: [], answeredAtMs: [], accepted: 0, swallowed: new Set() }
  let asleepSinceMs = Infinity

  function toPage(wire: Wire, run: () => void): void {
    const { epoch } = wire
    wire.freeAtMs = Math.max(wire.freeAtMs + 1, clock.now() + wire.latencyMs)
    wire.page.deliver(wire.freeAtMs - clock.now(), () => {
      if (!wire.isDeaf && !wire.isOver && wire.epoch === epoch) run()
    })
  }

  function end(wire: Wire, how: Ending): void {
    // As it is now: what becomes of the wire until the page sees it changes nothing.
    const { ended } = wire
    wire.leave()
    wire.admittedAtMs = Infinity
    if (how === 'reset') wire.epoch++
    toPage(wire, () => ended(how))
  }

  /** 2.0 drops what it sends between its ping and the answer; who sleeps does not answer. */
  function isBetweenPings({ kind, admittedAtMs, latencyMs }: Wire): boolean {
    if (version !== 4 || kind !== 'websocket') return false
    const lifeMs = clock.now() - admittedAtMs
    if (lifeMs < PING_MS) return false
    const pingAtMs = clock.now() - (lifeMs % PING_MS)
    return clock.now() - pingAtMs < 2 * latencyMs || pingAtMs >= asleepSinceMs
  }

  return {
    open,
    traffic,
    weather: (kind, weather) => void weathers.set(kind, weather),
    weatherOf: (kind) => weathers.get(kind) ?? 'ok',
    lay(page, kind, url) {
      const weather = weathers.get(kind) ?? 'ok'
      traffic.asked.push({ kind, url, atMs: clock.now(), page })
      note(`asks ${kind} ${withoutIds(url)}`)
      const latencyMs = weather === 'slow' ? 500 + random() * 7500 : 1 + random() * 50
      const wire: Wire = {
        page,
        kind,
        latencyMs,
        weather,
        channels: [],
        admittedAtMs: Infinity,
        freeAtMs: 0,
        epoch: 0,
        isDeaf: false,
        isOver: false,
        leave: () => {},
        ended: () => {},
      }
      open.add(wire)
      return wire
    },
    toPage,
    listen(wire, channels, push) {
      wire.channels = channels
      const listened = known.get(wire.page) ?? new Set<string>()
      known.set(wire.page, listened)
      for (const channel of channels) listened.add(channel)
      wire.admittedAtMs = clock.now()
      const register = (): void => {
        if (wire.isOver) return
        wire.leave = server.listen({
          channels,
          push(message) {
            if (isBetweenPings(wire)) {
              if (message.n !== null) traffic.swallowed.add(message.n)
              return
            }
            push(message)
            if (!isNode && random() < habits.doubles) push(message)
          },
        })
      }
      // Polls were never seen to lose anything so.
      if (isNode && habits.raceMs > 0 && wire.kind === 'websocket') clock.after(habits.raceMs, register)
      else register()
    },
    end,
    over(wire) {
      wire.isOver = true
      wire.leave()
      open.delete(wire)
    },
    unknow: (page) => void known.delete(page),
    known: (page) => known.get(page) ?? new Set(),
    sleep() {
      asleepSinceMs = Math.min(asleepSinceMs, clock.now())
    },
    wake() {
      const sleptMs = clock.now() - asleepSinceMs
      asleepSinceMs = Infinity
      // Who does not answer two pings in a row is cut off.
      if (isNode && version < 5 && sleptMs > 2 * PING_MS)
        for (const wire of [...open]) if (wire.kind === 'websocket') end(wire, 'reset')
    },
  }
}

/** Four digits tell channels apart. */
function withoutIds(url: string): string {
  return decodeURIComponent(url.slice(url.indexOf('?') + 1)).replace(/([0-9a-f]{4})[0-9a-f]{28}(\.[0-9a-f]+)?/g, '$1')
}
