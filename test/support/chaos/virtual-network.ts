/**
 * Owns the way between pages and one push server: WebSockets and requests with latency, weather of each transport, cuts with
 * and without a word, sleep, and what a page holds open. What is on a wire arrives in order, or not at all.
 */
import type { FetchLike, WebSocketConstructor, WebSocketLike } from '../../../src/platform/platform'
import type { PageTime, VirtualClock } from './virtual-clock'
import type { Query, Stored, VirtualServer } from './virtual-server'
import { createBody } from '../fake-body'
import { frameOf, type Piece, responseOf } from './virtual-wire'

export type Kind = Query['kind']
export const KINDS: readonly Kind[] = ['websocket', 'sse', 'long-polling']
/**
 * What happens to whoever comes next. `half`: opens and dies, or breaks off in the middle of a body. `full`: too many
 * connections. `deny`: 403 to a request, a refused handshake to a WebSocket.
 */
export type Weather = 'ok' | 'slow' | 'deny' | 'no-answer' | 'hang' | 'half' | 'wrong' | 'full'
/** A close code (1005 and 1006: the connection ends without one), or a reset that loses what was on its way. */
export type Ending = number | 'reset'

export interface Asked {
  readonly kind: Kind
  readonly url: string
  readonly atMs: number
  readonly page: PageTime
}

export interface VirtualNetwork {
  /** What one page reaches the server by. */
  connect(page: PageTime): { readonly webSocket: WebSocketConstructor; readonly fetch: FetchLike }
  weather(kind: Kind, weather: Weather): void
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
  /** Whether anything is open that nothing comes through. */
  readonly hasDeaf: boolean
  /** Whether somebody who can hear listens to a channel now. */
  isHeard(channel: string): boolean
  open(page: PageTime): { readonly sockets: number; readonly requests: number }
  readonly asked: readonly Asked[]
  /** Frames of pages: who sent what to whom nothing may be sent. */
  readonly sent: readonly string[]
  /** Connections that opened and polls that were answered. */
  readonly accepted: number
  /** Messages that fell between a ping and its answer. */
  readonly swallowed: number
  /** When polls were answered with something. */
  readonly answeredAtMs: readonly number[]
}

interface Wire {
  readonly page: PageTime
  readonly kind: Kind
  readonly latencyMs: number
  channels: readonly string[]
  admittedAtMs: number
  freeAtMs: number
  /** What was sent before belongs to another epoch, and is lost. */
  epoch: number
  isDeaf: boolean
  isOver: boolean
  leave(): void
  /** The server's end of it is gone. */
  end(how: Ending): void
}

const HOLD_MS = 40_000
const PING_MS = 120_000
const TOKEN_PING_MS = 10_000

export function createVirtualNetwork(clock: VirtualClock, server: VirtualServer, random: () => number): VirtualNetwork {
  const { generation, version, isNode, habits } = server
  const weathers = new Map<Kind, Weather>()
  const wires = new Set<Wire>()
  const known = new Map<PageTime, Set<string>>()
  const asked: Asked[] = []
  const sent: string[] = []
  const answeredAtMs: number[] = []
  let accepted = 0
  let swallowed = 0
  let asleepSinceMs = Infinity

  function begin(page: PageTime, kind: Kind, url: string): { wire: Wire; weather: Weather } {
    const weather = weathers.get(kind) ?? 'ok'
    asked.push({ kind, url, atMs: clock.now(), page })
    const latencyMs = weather === 'slow' ? 500 + random() * 7500 : 1 + random() * 50
    const wire: Wire = {
      page,
      kind,
      latencyMs,
      channels: [],
      admittedAtMs: Infinity,
      freeAtMs: 0,
      epoch: 0,
      isDeaf: false,
      isOver: false,
      leave: () => {},
      end: () => {},
    }
    wires.add(wire)
    return { wire, weather }
  }

  /** In order, after what was sent before. */
  function toPage(wire: Wire, run: () => void): void {
    const { epoch } = wire
    wire.freeAtMs = Math.max(wire.freeAtMs + 1, clock.now() + wire.latencyMs)
    wire.page.deliver(wire.freeAtMs - clock.now(), () => {
      if (!wire.isDeaf && !wire.isOver && wire.epoch === epoch) run()
    })
  }

  function over(wire: Wire): void {
    wire.isOver = true
    wire.leave()
    wires.delete(wire)
  }

  /** Nobody listens there any more; what is on its way may still come, but for a reset. */
  function ending(wire: Wire, how: Ending): void {
    wire.admittedAtMs = Infinity
    if (how === 'reset') wire.epoch++
  }

  /** The server lets it in: what it is sent first, and what comes later. */
  function listen(wire: Wire, channels: readonly string[], push: (message: Stored) => void): void {
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
            swallowed++
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
  }

  /** 2.0 drops what it sends between its ping and the answer; who sleeps does not answer. */
  function isBetweenPings(wire: Wire): boolean {
    if (version !== 4 || wire.kind !== 'websocket') return false
    const lifeMs = clock.now() - wire.admittedAtMs
    if (lifeMs < PING_MS) return false
    const pingAtMs = clock.now() - (lifeMs % PING_MS)
    return clock.now() - pingAtMs < 2 * wire.latencyMs || pingAtMs >= asleepSinceMs
  }

  /** Node servers collect what follows a message within a moment and send it as one frame. */
  function batched(send: (messages: readonly Stored[]) => void): (message: Stored) => void {
    if (!isNode || version === 5) return (message) => send([message])
    const quietMs = version === 3 ? 250 + random() * 150 : 400
    let batch: Stored[] = []
    let freeAtMs = 0
    const flush = (): void => {
      send(batch)
      batch = []
      freeAtMs = clock.now() + quietMs
    }
    return (message) => {
      batch.push(message)
      if (clock.now() >= freeAtMs && batch.length === 1) flush()
      else if (batch.length === 1) clock.after(freeAtMs - clock.now(), flush)
    }
  }

  function connect(page: PageTime): { webSocket: WebSocketConstructor; fetch: FetchLike } {
    class VirtualWebSocket implements WebSocketLike {
      binaryType = 'blob'
      readonly bufferedAmount = 0
      onopen: WebSocketLike['onopen'] = null
      onmessage: WebSocketLike['onmessage'] = null
      onerror: WebSocketLike['onerror'] = null
      onclose: WebSocketLike['onclose'] = null
      private readonly wire: Wire

      constructor(url: string) {
        const { wire, weather } = begin(page, 'websocket', url)
        this.wire = wire
        const closed = (code: number, reason = ''): void => {
          over(wire)
          this.onclose?.({ code, reason, wasClean: code !== 1006 })
        }
        const refused = (): void => {
          this.onerror?.({})
          closed(1006)
        }
        wire.end = (how) => {
          wire.leave()
          ending(wire, how)
          toPage(wire, () => closed(how === 'reset' ? 1006 : how))
        }
        if (weather === 'hang') return
        clock.after(wire.latencyMs, () => {
          if (wire.isOver || wire.isDeaf) return
          const isThrough = weather === 'ok' || weather === 'slow' || weather === 'half'
          const query: Query = { params: new URL(url).searchParams, headers: new Headers(), kind: 'websocket' }
          const channels = isThrough ? server.admit(query) : null
          if (!isThrough || (channels === null && version !== 2)) return toPage(wire, refused)
          accepted++
          toPage(wire, () => this.onopen?.({}))
          if (channels === null) {
            const reason = '{"http_status": 403, "explain":"Subscriber could not create channels."}'
            return toPage(wire, () => closed(1008, reason))
          }
          const send = (messages: readonly Stored[]): void => {
            if (wire.isOver) return
            const frame = frameOf(generation, messages, clock.now())
            const data = typeof frame === 'string' ? frame : new Uint8Array(frame).buffer
            toPage(wire, () => this.onmessage?.({ data }))
          }
          const replay = server.replay(query, channels)
          if (isNode && replay.length > 0) send(replay)
          else replay.forEach((message) => send([message]))
          listen(wire, channels, batched(send))
          if (version === 5) this.ping()
          if (weather === 'half') clock.after(random() * 60, () => wire.isOver || wire.end('reset'))
        })
      }
      private ping(): void {
        clock.after(TOKEN_PING_MS, () => {
          if (this.wire.isOver) return
          toPage(this.wire, () => this.onmessage?.({ data: 'ping' }))
          this.ping()
        })
      }
      send(data: string | ArrayBuffer): void {
        sent.push(typeof data === 'string' ? data.slice(0, 5) : 'bytes')
      }
      close(code?: number): void {
        if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) throw new RangeError('close code')
        if (this.wire.isOver) return
        over(this.wire)
        page.deliver(this.wire.latencyMs, () => this.onclose?.({ code: code ?? 1005, reason: '', wasClean: true }))
      }
    }
    return { webSocket: VirtualWebSocket, fetch: (url, init) => request(page, url, init) }
  }

  function request(page: PageTime, url: string, init: RequestInit | undefined): Promise<Response> {
    if (init?.signal?.aborted) return Promise.reject(new DOMException('aborted', 'AbortError'))
    const headers = new Headers(init?.headers)
    const wantsStream = headers.get('Accept') === 'text/event-stream'
    const { wire, weather } = begin(page, wantsStream ? 'sse' : 'long-polling', url)
    return new Promise((resolve, reject) => {
      const body = createBody(() => over(wire))
      const fail = (error: unknown): void => {
        over(wire)
        reject(error as Error)
        body.fail(error)
      }
      const lost = (): void => fail(new TypeError('network error'))
      const answer = (status: number, text: Piece, more: Readonly<Record<string, string>> = {}): void => {
        wire.leave()
        toPage(wire, () => resolve(responseOf(status, more, body)))
        const [first, second] = inTwo(text)
        if (first.length > 0) toPage(wire, () => body.push(first))
        if (weather === 'half') return toPage(wire, lost)
        if (second.length > 0) toPage(wire, () => body.push(second))
        toPage(wire, () => body.end())
      }
      init?.signal?.addEventListener('abort', () => {
        if (!wire.isOver) fail(new DOMException('aborted', 'AbortError'))
      })
      wire.end = (how) => {
        wire.leave()
        ending(wire, how)
        toPage(wire, lost)
      }
      if (weather === 'hang') return
      clock.after(wire.latencyMs, () => {
        if (wire.isOver || wire.isDeaf) return
        if (weather === 'no-answer') return toPage(wire, lost)
        if (weather === 'wrong') return answer(502, '<html>Bad Gateway</html>')
        if (weather === 'full') return answer(429, '4029: Too many connections')
        const query: Query = { params: new URL(url).searchParams, headers, kind: wire.kind }
        const channels = weather === 'deny' ? null : server.admit(query)
        if (channels === null) return answer(isNode ? 400 : 403, isNode ? '4010: Wrong Channel Id.' : '')
        accepted++
        const replay = server.replay(query, channels)
        if (wantsStream && !isNode) return stream(query, channels, replay)
        if (replay.length > 0) return full(replay)
        listen(wire, channels, (message) => full([message]))
        clock.after(HOLD_MS, () => {
          if (wire.isOver || answered) return
          answered = true
          const empty = isNode
            ? { 'Last-Message-Id': server.newest(query, channels) }
            : { 'Last-Modified': new Date(clock.now()).toUTCString(), Etag: version === 1 ? '0' : 'W/0' }
          answer(304, '', empty as Record<string, string>)
        })
      })

      let answered = false
      function full(messages: readonly Stored[]): void {
        if (wire.isOver || answered) return
        answered = true
        answeredAtMs.push(clock.now())
        const type = generation === '2.0 binary' ? 'application/octet-stream' : 'text/plain'
        answer(200, frameOf(generation, messages, clock.now()), { 'Content-Type': type })
      }
      function stream(_query: Query, channels: readonly string[], replay: readonly Stored[]): void {
        toPage(wire, () => {
          resolve(responseOf(200, { 'Content-Type': 'text/event-stream; charset=utf-8' }, body))
          body.push(': \n\n')
        })
        const send = (message: Stored): void => {
          if (wire.isOver) return
          // Template and event stream break lines alike: every line of a message is a line of data.
          const lines = String(frameOf(generation, [message], clock.now()))
            .trim()
            .split('\n')
          const [first, second] = inTwo(`${lines.map((line) => `data: ${line}\n`).join('')}\n`)
          if (first.length > 0) toPage(wire, () => body.push(first))
          if (second.length > 0) toPage(wire, () => body.push(second))
        }
        replay.forEach(send)
        listen(wire, channels, send)
        const comment = (): void => {
          if (wire.isOver) return
          toPage(wire, () => body.push(': -1\n\n'))
          clock.after(HOLD_MS, comment)
        }
        clock.after(HOLD_MS, comment)
        wire.end = (how) => {
          wire.leave()
          ending(wire, how)
          toPage(wire, how === 'reset' ? lost : () => body.end())
        }
        if (weather === 'half') clock.after(random() * 60, () => wire.isOver || wire.end(1006))
      }
    })
  }

  function inTwo(whole: Piece): [Piece, Piece] {
    const at = Math.floor(random() * whole.length)
    return [whole.slice(0, at), whole.slice(at)]
  }

  return {
    connect,
    weather: (kind, weather) => void weathers.set(kind, weather),
    cut: (how) => [...wires].forEach((wire) => wire.end(how)),
    deafen: () => wires.forEach((wire) => (wire.isDeaf = true)),
    reset() {
      for (const wire of [...wires].filter(({ isDeaf }) => isDeaf)) {
        wire.isDeaf = false
        wire.end('reset')
      }
    },
    sleep() {
      asleepSinceMs = Math.min(asleepSinceMs, clock.now())
    },
    wake() {
      const sleptMs = clock.now() - asleepSinceMs
      asleepSinceMs = Infinity
      // Who does not answer two pings in a row is cut off.
      if (isNode && version < 5 && sleptMs > 2 * PING_MS)
        for (const wire of [...wires]) if (wire.kind === 'websocket') wire.end('reset')
    },
    drop(page) {
      for (const wire of [...wires]) if (wire.page === page) over(wire)
    },
    known: (page) => known.get(page) ?? new Set(),
    get hasDeaf() {
      return [...wires].some(({ isDeaf }) => isDeaf)
    },
    isHeard: (channel) =>
      [...wires].some((wire) => !wire.isDeaf && wire.admittedAtMs < Infinity && wire.channels.includes(channel)),
    open(page) {
      const own = [...wires].filter((wire) => wire.page === page)
      const sockets = own.filter(({ kind }) => kind === 'websocket').length
      return { sockets, requests: own.length - sockets }
    },
    asked,
    sent,
    get accepted() {
      return accepted
    },
    get swallowed() {
      return swallowed
    },
    answeredAtMs,
  }
}
