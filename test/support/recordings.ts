/**
 * Loads the recordings of real servers in `test/fixtures/recordings` and turns both file formats (nginx push-stream:
 * `publishes`, `exchanges`, `$repeat`; Push server: `published`, `also`) into one shape. Knows nothing of codecs.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Recording {
  /** `<server folder>/<file without extension>` */
  readonly name: string
  readonly server: string
  readonly scenario: string
  readonly published: readonly Published[]
  /** Requests of subscribers that were answered with 101 or 200, in file order: what they got as text. */
  readonly exchanges: readonly Exchange[]
  /** What any client got as protobuf, in file order. */
  readonly binary: readonly BinaryFrame[]
  /** Requests in protobuf that clients sent and the server took. */
  readonly requests: readonly ArrayBuffer[]
  /** How every exchange ended, in file order. */
  readonly endings: readonly Ending[]
}

export interface BinaryFrame {
  readonly data: ArrayBuffer
  /** As the vendor's model reads it. */
  readonly responses: readonly BinaryResponse[]
}

export interface BinaryResponse {
  readonly outgoingMessages?: { readonly messages: readonly BinaryMessage[] }
  readonly channelStats?: { readonly channels: readonly { id: string; isPrivate: boolean; isOnline: boolean }[] }
}

export interface BinaryMessage {
  readonly id: string
  /** Missing where it is 200 KB: then its hash is there. */
  readonly body?: string
  readonly bodySha256?: string
  readonly expiry: number
  readonly created: number
  readonly sender: { readonly type: number; readonly id?: string }
}

export interface Ending {
  readonly label: string
  readonly url: string
  /** `null`: no answer. */
  readonly status: number | null
  readonly lastMessageId: string | null
  /** Of an HTTP answer. */
  readonly body: string
  /** Of a WebSocket; `null` where the client closed it, or where it was none. */
  readonly close: { readonly code: number; readonly reason: string } | null
}

/** What was posted to the publish address. Bodies of 200 KB are kept as a hash where the frame holds the same text. */
export interface Published {
  readonly body: string | null
  readonly sha256: string | null
}

export interface Exchange {
  readonly label: string
  readonly url: string
  readonly kind: 'websocket' | 'event-stream' | 'long-polling'
  /** Text the server sent, as it came: WebSocket text frames, or pieces of the HTTP body. */
  readonly received: readonly { readonly atMs: number; readonly data: string }[]
}

const ROOT = fileURLToPath(new URL('../fixtures/recordings/', import.meta.url))

/** Names of all recordings, sorted. */
export function recordingNames(): string[] {
  const folders = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders
    .flatMap(({ name }) => readdirSync(join(ROOT, name)).map((file) => `${name}/${file}`))
    .filter((path) => path.endsWith('.json'))
    .map((path) => path.slice(0, -'.json'.length))
    .sort()
}

export function loadRecording(name: string): Recording {
  const file = JSON.parse(readFileSync(join(ROOT, `${name}.json`), 'utf8')) as RawFile
  const raw = file.exchanges ?? [file, ...(file.also ?? [])]
  return {
    name,
    server: name.slice(0, name.indexOf('/')),
    scenario: file.description ?? file.scenario,
    published: [...(file.publishes ?? []), ...(file.published ?? [])].filter(isPost).map(toPublished),
    exchanges: raw.flatMap(toExchange),
    binary: raw.flatMap(({ frames }) => (frames ?? []).filter((frame) => frame.dir === 'in')).flatMap(toBinary),
    requests: raw.filter(isAccepted).flatMap(toRequests),
    endings: raw.map(toEnding),
  }
}

/** Cuts a text at random places: what a socket may do to an HTTP body. The same seed gives the same cuts. */
export function cutAtRandom(text: string, seed: number): string[] {
  const random = mulberry32(seed)
  const longest = 1 + Math.floor(random() * Math.max(8, text.length / 4))
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const next = at + 1 + Math.floor(random() * longest)
    parts.push(text.slice(at, next))
    at = next
  }
  return parts
}

type RawText = string | { readonly $repeat: { prefix: string; unit: string; times: number; suffix: string } }

interface RawExchange {
  readonly label?: string
  readonly name?: string
  readonly request?: { readonly url: string; readonly bodyBase64?: string }
  readonly response?: { readonly status?: number; readonly headers?: Record<string, string | string[]> } | null
  readonly frames?: readonly RawFrame[]
  readonly closed?: { readonly code: number; readonly reason: string }
}

interface RawFrame {
  readonly dir: string
  readonly type?: string
  readonly atMs: number
  readonly data?: RawText
  readonly base64?: string
  /** Where the content was left out. */
  readonly bytes?: number
  readonly decoded?: { readonly responses: readonly BinaryResponse[] }
}

interface RawPublished {
  readonly method?: string
  readonly body?: RawText
  readonly request?: { readonly body?: string; readonly bodySha256?: string }
}

interface RawFile extends RawExchange {
  readonly scenario: string
  readonly description?: string
  readonly publishes?: readonly RawPublished[]
  readonly published?: readonly RawPublished[]
  readonly exchanges?: readonly RawExchange[]
  readonly also?: readonly RawExchange[]
}

/** Push-stream files also list DELETE and GET requests to the publish address. */
function isPost(raw: RawPublished): boolean {
  return raw.method === undefined || raw.method === 'POST' || raw.method === 'PUT'
}

function toPublished(raw: RawPublished): Published {
  const body = raw.body ?? raw.request?.body
  return { body: body === undefined ? null : expand(body), sha256: raw.request?.bodySha256 ?? null }
}

function toExchange(raw: RawExchange): Exchange[] {
  const url = raw.request?.url ?? ''
  const status = raw.response?.status
  if (!/\/sub(ws|sse|ssetext)?\//.test(url) || (status !== 101 && status !== 200)) return []
  const type = String(raw.response?.headers?.['Content-Type'] ?? '')
  const received = (raw.frames ?? [])
    .filter((frame) => frame.dir === 'in' && (frame.type === 'text' || frame.type === 'chunk'))
    .map((frame) => ({ atMs: frame.atMs, data: expand(frame.data ?? '') }))
  const kind = status === 101 ? 'websocket' : type.startsWith('text/event-stream') ? 'event-stream' : 'long-polling'
  return [{ label: raw.label ?? raw.name ?? 'main', url, kind, received }]
}

function toBinary({ base64, decoded }: RawFrame): BinaryFrame[] {
  return base64 === undefined || !decoded ? [] : [{ data: toBuffer(base64), responses: decoded.responses }]
}

function toBuffer(base64: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(base64, 'base64')).buffer
}

/** Not refused with an HTTP status or a close code of the server. */
function isAccepted({ response, closed }: RawExchange): boolean {
  return (response?.status === 101 || response?.status === 200) && !(closed && closed.code !== 1000)
}

/** Only those of clients: the portal posts to another address, with more rights. */
function toRequests({ request, frames }: RawExchange): ArrayBuffer[] {
  if (!request || !/\/subws\/.*binaryMode=true|\/rest\//.test(request.url)) return []
  const sent = (frames ?? []).filter((frame) => frame.dir === 'out' && frame.type === 'binary' && !frame.bytes)
  return [request.bodyBase64, ...sent.map((frame) => frame.base64)].flatMap((base64) =>
    base64 ? [toBuffer(base64)] : [],
  )
}

function toEnding(raw: RawExchange): Ending {
  const { request, response, frames = [], closed } = raw
  const first = frames.find((frame) => frame.type === 'close')
  const header = response?.headers?.['Last-Message-Id']
  const text = frames
    .filter((frame) => frame.dir === 'in' && frame.type === 'text')
    .map(({ data }) => expand(data ?? ''))
  return {
    label: raw.label ?? raw.name ?? 'main',
    url: request?.url ?? '',
    status: response?.status ?? null,
    lastMessageId: header === undefined ? null : String(header),
    body: response?.status === 101 ? '' : text.join(''),
    close: closed && first?.dir !== 'out' ? closed : null,
  }
}

function expand(text: RawText): string {
  if (typeof text === 'string') return text
  const { prefix, unit, times, suffix } = text.$repeat
  return prefix + unit.repeat(times) + suffix
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
