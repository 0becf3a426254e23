/** Owns the requests of one page in a world where nothing is real: polls, held and answered, and event streams. */
import type { FetchLike } from '../../../src/platform/platform'
import { createBody } from '../fake-body'
import { frameOf, type Piece, responseOf } from './virtual-frames'
import type { Query, Stored } from './virtual-server'
import type { WayParts } from './virtual-socket'
import type { Wire } from './virtual-wires'

const HOLD_MS = 40_000

/** How the server speaks to who asked. */
interface Answer {
  /** With what comes together with it. */
  head(status: number, headers?: Readonly<Record<string, string>>, first?: Piece): void
  piece(text: Piece): void
  end(): void
  /** All of it; in the middle of it the line may break. */
  whole(status: number, text: Piece, headers?: Readonly<Record<string, string>>): void
}

export function virtualFetch(parts: WayParts): FetchLike {
  const { clock, server, random, wires, page } = parts
  return (url, init) => {
    if (init?.signal?.aborted) return Promise.reject(new DOMException('aborted', 'AbortError'))
    const headers = new Headers(init?.headers)
    const wantsStream = headers.get('Accept') === 'text/event-stream'
    const wire = wires.lay(page, wantsStream ? 'sse' : 'long-polling', url)
    const { weather, latencyMs } = wire
    const toPage = (run: () => void): void => wires.toPage(wire, run)
    return new Promise((resolve, reject) => {
      const body = createBody(() => wires.over(wire))
      const fail = (error: unknown): void => {
        wires.over(wire)
        reject(error as Error)
        body.fail(error)
      }
      const lost = (): void => fail(new TypeError('network error'))
      const answer: Answer = {
        head: (status, more = {}, first = '') =>
          toPage(() => {
            resolve(responseOf(status, more, body))
            if (first.length > 0) body.push(first)
          }),
        piece(text) {
          if (text.length > 0) toPage(() => body.push(text))
        },
        end: () => toPage(() => body.end()),
        whole(status, text, more) {
          wire.leave()
          answer.head(status, more)
          const [first, second] = inTwo(text, random)
          answer.piece(first)
          if (weather === 'half') return toPage(lost)
          answer.piece(second)
          answer.end()
        },
      }
      init?.signal?.addEventListener('abort', () => {
        if (!wire.isOver) fail(new DOMException('aborted', 'AbortError'))
      })
      wire.ended = lost
      if (weather === 'hang') return
      clock.after(latencyMs, () => {
        if (wire.isOver || wire.isDeaf) return
        if (weather === 'no-answer') return toPage(lost)
        if (weather === 'wrong') return answer.whole(502, '<html>Bad Gateway</html>')
        if (weather === 'full') return answer.whole(429, '4029: Too many connections')
        const query: Query = { params: new URL(url).searchParams, headers, kind: wire.kind }
        const channels = weather === 'deny' ? null : server.admit(query)
        if (channels === null) {
          const { isNode } = server
          return answer.whole(isNode ? 400 : 403, isNode ? '4010: Wrong Channel Id.' : '')
        }
        wires.traffic.accepted++
        if (!wantsStream || server.isNode) return poll(parts, wire, answer, query, channels)
        wire.ended = (how) => (how === 'reset' ? lost() : body.end())
        stream(parts, wire, answer, query, channels)
      })
    })
  }
}

function poll(
  { clock, server, wires }: WayParts,
  wire: Wire,
  answer: Answer,
  query: Query,
  channels: readonly string[],
): void {
  const { generation, version, isNode } = server
  let isAnswered = false
  const full = (messages: readonly Stored[]): void => {
    if (wire.isOver || isAnswered) return
    isAnswered = true
    wires.traffic.answeredAtMs.push(clock.now())
    const type = generation === '2.0 binary' ? 'application/octet-stream' : 'text/plain'
    answer.whole(200, frameOf(generation, messages, clock.now()), { 'Content-Type': type })
  }
  const replay = server.replay(query, channels)
  if (replay.length > 0) return full(replay)
  wires.listen(wire, channels, (message) => full([message]))
  clock.after(HOLD_MS, () => {
    if (wire.isOver || isAnswered) return
    isAnswered = true
    if (isNode) return answer.whole(304, '', { 'Last-Message-Id': server.newest(query, channels) })
    const place = { 'Last-Modified': new Date(clock.now()).toUTCString(), Etag: version === 1 ? '0' : 'W/0' }
    answer.whole(304, '', place)
  })
}

function stream(
  { clock, server, random, wires }: WayParts,
  wire: Wire,
  answer: Answer,
  query: Query,
  channels: readonly string[],
): void {
  answer.head(200, { 'Content-Type': 'text/event-stream; charset=utf-8' }, ': \n\n')
  const send = (message: Stored): void => {
    if (wire.isOver) return
    // Template and event stream break lines alike: every line of a message is a line of data.
    const lines = String(frameOf(server.generation, [message], clock.now()))
      .trim()
      .split('\n')
    inTwo(`${lines.map((line) => `data: ${line}\n`).join('')}\n`, random).forEach(answer.piece)
  }
  server.replay(query, channels).forEach(send)
  wires.listen(wire, channels, send)
  const comment = (): void => {
    if (wire.isOver) return
    answer.piece(': -1\n\n')
    clock.after(HOLD_MS, comment)
  }
  clock.after(HOLD_MS, comment)
  if (wire.weather === 'half') clock.after(random() * 60, () => wire.isOver || wires.end(wire, 1006))
}

function inTwo(whole: Piece, random: () => number): [Piece, Piece] {
  const at = Math.floor(random() * whole.length)
  return [whole.slice(0, at), whole.slice(at)]
}
