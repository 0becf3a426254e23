/**
 * Owns a push server in memory, spoken to by a WebSocket class and a `fetch` of its own: the text template, replay and
 * refusals of push-stream 0.5 as they were recorded. It can refuse, hang, die half way and drop. Independent of src/server.
 */
import { type Body, createBody } from './fake-body'
import type { FetchLike, WebSocketConstructor } from '../../src/platform/platform'
import type { FakeClock } from './fake-platform'
import { webSocketClass } from './fake-socket'

export type NetworkKind = 'websocket' | 'sse' | 'long-polling'
/** `half`: a WebSocket opens and dies; an HTTP answer ends in the middle of its body. `wrong`: 502. `no-answer`: offline. */
export type Behaviour = 'ok' | 'refuse' | 'no-answer' | 'hang' | 'half' | 'wrong'

export interface Stored {
  readonly channel: string
  readonly id: number
  readonly atMs: number
  readonly tag: number
  readonly text: string
}

export interface FakeNetwork {
  readonly webSocket: WebSocketConstructor
  readonly fetch: FetchLike
  /** What happens to whoever comes next. Open connections are not touched. */
  behave(kind: NetworkKind, behaviour: Behaviour): void
  /** Whether the poll address speaks event stream when asked to. */
  speakEventStream(speaks: boolean): void
  allow(channel: string): void
  forbid(channel: string): void
  publish(channel: string, body: object): Stored
  /** Ends everything that is open. `code` is the close code of WebSockets; 1006 sends none. */
  drop(code?: number): void
  /** Forgets what is stored: ids begin again. */
  wipe(): void
  readonly stored: readonly Stored[]
  /** Whether anybody listens to a channel right now. */
  isHeard(channel: string): boolean
  readonly openSockets: number
  readonly pendingRequests: number
  /** Every request and handshake so far, oldest first. */
  readonly asked: readonly { readonly kind: NetworkKind; readonly url: string; readonly atMs: number }[]
}

interface Listener {
  readonly channels: readonly string[]
  push(message: Stored): void
  end(code: number): void
}

const POLL_HOLD_MS = 40_000

export function createFakeNetwork(clock: FakeClock, random: () => number): FakeNetwork {
  const allowed = new Set<string>()
  const listeners = new Set<Listener>()
  const sockets = new Set<object>()
  const requests = new Set<object>()
  const asked: { kind: NetworkKind; url: string; atMs: number }[] = []
  const behaviours = new Map<NetworkKind, Behaviour>()
  const ids = new Map<string, number>()
  let stored: Stored[] = []
  let lastAtMs = 0
  let lastTag = 0
  let speaksEventStream = true
  const latencyMs = (): number => 1 + Math.floor(random() * 60)

  function publish(channel: string, body: object): Stored {
    const atMs = Math.floor(clock.now() / 1000) * 1000
    // Tags count inside one second over all channels, from 1.
    lastTag = atMs === lastAtMs ? lastTag + 1 : 1
    lastAtMs = atMs
    const tag = lastTag
    const id = (ids.get(channel) ?? 0) + 1
    ids.set(channel, id)
    const message = { channel, id, atMs, tag, text: envelope({ channel, id, atMs, tag }, JSON.stringify(body)) }
    stored.push(message)
    ;[...listeners].filter(({ channels }) => channels.includes(channel)).forEach((each) => each.push(message))
    return message
  }

  /** What a listener asked for, channel by channel in the order of the request. Both values or nothing. */
  function replay(query: URLSearchParams, channels: readonly string[]): Stored[] {
    const tag = Number(query.get('tag') ?? NaN)
    const atMs = Date.parse(query.get('time') ?? '')
    if (isNaN(tag) || isNaN(atMs)) return []
    const isAfter = (message: Stored): boolean => message.atMs > atMs || (message.atMs === atMs && message.tag > tag)
    return channels.flatMap((channel) => stored.filter((each) => each.channel === channel && isAfter(each)))
  }

  function note(kind: NetworkKind, url: string): { query: URLSearchParams; channels: string[]; behaviour: Behaviour } {
    asked.push({ kind, url, atMs: clock.now() })
    const query = new URL(url).searchParams
    return { query, channels: (query.get('CHANNEL_ID') ?? '').split('/'), behaviour: behaviours.get(kind) ?? 'ok' }
  }
  const isRefused = (channels: readonly string[]): boolean => !channels.every((channel) => allowed.has(channel))

  const webSocket = webSocketClass((url, page) => {
    const socket = { listener: null as Listener | null }
    sockets.add(socket)
    const isGone = (): boolean => !sockets.has(socket)
    const forget = (): void => {
      sockets.delete(socket)
      if (socket.listener) listeners.delete(socket.listener)
    }
    const end = (code: number, reason?: string): void => {
      if (isGone()) return
      forget()
      page.closed(code, reason)
    }
    const { query, channels, behaviour } = note('websocket', url)
    const open = (): void => {
      page.opened()
      if (behaviour === 'half') return clock.after(latencyMs(), () => end(1006))
      if (isRefused(channels)) {
        const reason = '{"http_status": 403, "explain":"Subscriber could not create channels."}'
        return clock.after(1, () => end(1008, reason))
      }
      // Frames leave one after the other: a drop may cut a replay.
      const pipe = inTurn(({ text }) => {
        if (!isGone()) page.got(text)
      })
      replay(query, channels).forEach(pipe)
      socket.listener = {
        channels,
        push(message) {
          pipe(message)
          // Stored, then broadcast: who subscribed in between gets it twice.
          if (random() < 0.05) pipe(message)
        },
        end,
      }
      if (!isGone()) listeners.add(socket.listener)
    }
    if (behaviour !== 'hang')
      clock.after(latencyMs(), () => {
        if (isGone()) return
        if (behaviour === 'ok' || behaviour === 'half') return open()
        page.failed()
        end(1006)
      })
    return {
      send() {
        throw new Error('nothing may be sent to push-stream, ever')
      },
      close(code) {
        if (isGone()) return
        forget()
        clock.after(latencyMs(), () => page.closed(code))
      },
    }
  })

  function inTurn(deliver: (message: Stored) => void): (message: Stored) => void {
    let freeAtMs = 0
    return (message) => {
      freeAtMs = Math.max(freeAtMs + 1, clock.now() + 1)
      clock.after(freeAtMs - clock.now(), () => deliver(message))
    }
  }

  const fetch: FetchLike = (url, init) =>
    new Promise<Response>((resolve, reject) => {
      const wantsStream = new Headers(init?.headers).get('Accept') === 'text/event-stream'
      const { query, channels, behaviour } = note(wantsStream ? 'sse' : 'long-polling', url)
      const request = { listener: null as Listener | null }
      requests.add(request)
      const forget = (): void => {
        requests.delete(request)
        if (request.listener) listeners.delete(request.listener)
      }
      const body = createBody(forget)
      const fail = (error: unknown): void => {
        forget()
        reject(error)
        body.fail(error)
      }
      const aborted = (): void => fail(new DOMException('aborted', 'AbortError'))
      init?.signal?.addEventListener('abort', aborted)
      if (init?.signal?.aborted) return aborted()
      const isGone = (): boolean => !requests.has(request)
      const head = (status: number, headers: Record<string, string> = {}): void => {
        resolve(responseOf(status, headers, body))
        // It has no body that anybody would read.
        if (status === 304) forget()
      }
      const answer = (status: number, text: string, headers: Record<string, string> = {}): void => {
        head(status, headers)
        inTwoPieces(text, random).forEach((piece) => body.push(piece))
        if (behaviour !== 'half') return body.end()
        forget()
        body.fail(new TypeError('terminated'))
      }
      if (behaviour === 'hang') return
      clock.after(latencyMs(), () => {
        if (isGone()) return
        if (behaviour === 'no-answer') return fail(new TypeError('fetch failed'))
        if (behaviour === 'wrong') return answer(502, '<html>Bad Gateway</html>')
        if (behaviour === 'refuse' || isRefused(channels)) return answer(403, '')
        const waiting = replay(query, channels)
        if (wantsStream && speaksEventStream) {
          head(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
          body.push(': \n\n')
          const pipe = inTurn((message) => {
            if (isGone()) return
            inTwoPieces(`data: ${message.text}\n\n`, random).forEach((piece) => body.push(piece))
            if (behaviour === 'half') end()
          })
          const end = (): void => {
            forget()
            body.end()
          }
          waiting.forEach(pipe)
          request.listener = { channels, push: pipe, end }
          listeners.add(request.listener)
          if (behaviour === 'half') clock.after(latencyMs(), end)
          return
        }
        const empty = (): void => {
          if (isGone()) return
          answer(304, '', { 'Last-Modified': new Date(clock.now()).toUTCString(), Etag: 'W/0' })
        }
        const full = (messages: readonly Stored[]): void => {
          if (isGone()) return
          answer(200, messages.map(({ text }) => text).join(''), { 'Content-Type': 'application/octet-stream' })
        }
        if (waiting.length > 0) return full(waiting)
        request.listener = {
          channels,
          push: (message) => full([message]),
          end: () => fail(new TypeError('terminated')),
        }
        listeners.add(request.listener)
        clock.after(POLL_HOLD_MS, empty)
      })
    })

  return {
    webSocket,
    fetch,
    behave: (kind, behaviour) => void behaviours.set(kind, behaviour),
    speakEventStream: (speaks) => void (speaksEventStream = speaks),
    allow: (channel) => void allowed.add(channel),
    forbid: (channel) => void allowed.delete(channel),
    publish,
    drop: (code = 1006) => [...listeners].forEach((listener) => listener.end(code)),
    wipe() {
      stored = []
      ids.clear()
    },
    isHeard: (channel) => [...listeners].some(({ channels }) => channels.includes(channel)),
    get stored() {
      return stored
    },
    get openSockets() {
      return sockets.size
    },
    get pendingRequests() {
      return requests.size
    },
    asked,
  }
}

export function envelope({ channel, id, atMs, tag }: Omit<Stored, 'text'>, body: string): string {
  const time = new Date(atMs).toUTCString()
  return `#!NGINXNMS!#{"id":${id},"channel":"${channel}","tag":"${tag}","time":"${time}","eventid":"","text":${body}}#!NGINXNME!#`
}

function inTwoPieces(text: string, random: () => number): string[] {
  const cut = Math.floor(random() * text.length)
  return [text.slice(0, cut), text.slice(cut)].filter((piece) => piece !== '')
}

/** Not a real `Response`: nothing may happen outside the virtual clock. */
function responseOf(status: number, headers: Record<string, string>, body: Body): Response {
  const response = {
    status,
    headers: new Headers(headers),
    body: { getReader: () => ({ read: body.read }) },
    async text() {
      let text = ''
      const decoder = new TextDecoder()
      for (let part = await body.read(); !part.done; part = await body.read())
        text += decoder.decode(part.value, { stream: true })
      return text
    },
  }
  return response as unknown as Response
}
