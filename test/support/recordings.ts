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
  /** Requests of subscribers that were answered with 101 or 200, in file order. */
  readonly exchanges: readonly Exchange[]
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
  readonly request?: { readonly url: string }
  readonly response?: { readonly status?: number; readonly headers?: Record<string, string | string[]> } | null
  readonly frames?: readonly { dir: string; type?: string; atMs: number; data?: RawText }[]
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
