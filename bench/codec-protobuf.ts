/**
 * How much of the speed of plain JSON.parse is left after the binary framing, measured side by side in one process, and
 * how long hostile frames take. Run: `npm run bench bench/codec-protobuf.ts`
 */
import { MAX_FRAME_LENGTH } from '../src/codec/message-body'
import { protobufCodec } from '../src/codec/protobuf'

const ROUNDS = 15
const ROUND_MS = 60

function bodyOf(id: number, text: string): string {
  const params = {
    chatId: 17,
    id,
    dialogId: 'chat17',
    message: { id, authorId: 1, date: '2026-11-20T10:09:41+00:00', text },
  }
  const extra = {
    server_time: '2026-11-20T10:09:41+00:00',
    server_time_unix: 1795169381.73,
    server_name: 'portal.example.test',
    revision_web: 19,
    revision_mobile: 3,
  }
  return JSON.stringify({ module_id: 'im', command: 'message', params, extra })
}

function field(tag: number, payload: Uint8Array): Uint8Array {
  const head = [tag]
  let length = payload.length
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128)
  return Buffer.concat([Uint8Array.of(...head, length), payload])
}

/** A response of one message: what a live batch is made of. */
function responseOf(id: number, body: string): Uint8Array {
  const mid = Buffer.from(`1795169376${String(id).padStart(16, '0')}`, 'hex')
  const rest = Uint8Array.of(0x18, 0x80, 0xa3, 0x05, 0x25, 0x9a, 0x1c, 0x00, 0x6b, 0x2a, 0x02, 0x08, 0x02)
  return field(10, field(10, field(10, Buffer.concat([field(10, mid), field(18, Buffer.from(body)), rest]))))
}

function toFrame(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

function bodies(count: number, text: string): string[] {
  return Array.from({ length: count }, (_, id) => bodyOf(id, text))
}

const LOREM = 'Привет! Quick brown fox. '.repeat(8)
const CASES: [string, string[]][] = [
  ['1 x 600 B', bodies(1, LOREM)],
  ['50 x 600 B', bodies(50, LOREM)],
  ['3000 x 600 B', bodies(3000, LOREM)],
  ['3000 x 600 B, ASCII', bodies(3000, 'The quick brown fox jumps over the lazy dog. '.repeat(8))],
  ['1 x 200 KB', bodies(1, 'Пуш-0123456789-✓ '.repeat(9310))],
]

/** Fastest mean of several rounds, the sides taking turns, so that a busy machine hurts all alike. */
function compare(...sides: (() => void)[]): number[] {
  const best = sides.map(() => Infinity)
  for (let round = 0; round < ROUNDS; round++)
    sides.forEach((side, at) => (best[at] = Math.min(best[at]!, meanMs(side))))
  return best
}

function meanMs(run: () => void): number {
  const startedAtMs = performance.now()
  let runs = 0
  do {
    run()
    runs++
  } while (performance.now() - startedAtMs < ROUND_MS)
  return (performance.now() - startedAtMs) / runs
}

function timeMs(bytes: Uint8Array): number {
  const frame = toFrame(bytes)
  const startedAtMs = performance.now()
  protobufCodec.decode(frame)
  return performance.now() - startedAtMs
}

// A binary frame has to become text first, whatever reads it: the second column is what nobody can do without.
console.log(
  '| binary frames | JSON.parse of the bodies, us | TextDecoder and JSON.parse, us | codec, us | share of JSON.parse speed | of the second |\n|---|---|---|---|---|---|',
)
for (const [name, list] of CASES) {
  const frame = toFrame(Buffer.concat(list.map((body, id) => responseOf(id, body))))
  const raw = list.map((body) => new TextEncoder().encode(body))
  const decoded = protobufCodec.decode(frame)
  if (decoded.length !== list.length || decoded.some((item) => item.type !== 'message'))
    throw new Error(`misread: ${name}`)
  const decoder = new TextDecoder()
  const [plain, least, codec] = compare(
    () => list.forEach((body) => void JSON.parse(body)),
    () => raw.forEach((bytes) => void JSON.parse(decoder.decode(bytes))),
    () => void protobufCodec.decode(frame),
  ) as [number, number, number]
  const [us, percent] = [
    (ms: number): string => (ms * 1000).toFixed(1),
    (ms: number): string => `${((ms / codec) * 100).toFixed(0)} %`,
  ]
  console.log(`| ${name} | ${us(plain)} | ${us(least)} | ${us(codec)} | ${percent(plain)} | ${percent(least)} |`)
}

function filled(hex: string, length: number): Uint8Array {
  return Buffer.alloc(length, Buffer.from(hex, 'hex'))
}

const HOSTILE: [string, (length: number) => Uint8Array][] = [
  ['empty responses', (length) => filled('0a00', length)],
  ['empty messages', (length) => field(10, field(10, filled('0a00', length)))],
  ['statistics of empty channels', (length) => field(10, field(18, filled('0a00', length)))],
  ['unknown varints', (length) => field(10, field(10, field(10, filled('0800', length))))],
  ['senders', (length) => field(10, field(10, field(10, filled('2a00', length))))],
  ['mids', (length) => field(10, field(10, field(10, filled(`0a0d${'16'.repeat(13)}`, length))))],
  ['bodies of one message', (length) => field(10, field(10, field(10, filled('1200', length))))],
  ['lengths behind the end', (length) => field(10, field(10, filled('0aff7f', length)))],
  ['one deep body', (length) => field(10, field(10, field(10, field(18, filled('5b', length)))))],
  ['invalid UTF-8', (length) => field(10, field(10, field(10, field(18, filled('ff', length)))))],
]

const full = MAX_FRAME_LENGTH - 1000
console.log(`\n| hostile frame | ${full / 8} bytes, ms | ${full} bytes, ms | ratio (8 = linear) |\n|---|---|---|---|`)
for (const [name, write] of HOSTILE) {
  timeMs(write(full / 8))
  const small = timeMs(write(full / 8))
  const large = timeMs(write(full))
  console.log(`| ${name} | ${small.toFixed(0)} | ${large.toFixed(0)} | ${(large / small).toFixed(1)} |`)
}
