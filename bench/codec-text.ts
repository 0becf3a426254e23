/**
 * How much of the speed of plain JSON.parse is left after the text template, measured side by side in one process, and
 * how long hostile frames take. Run: `npx esbuild bench/codec-text.ts --bundle --platform=node --format=esm | node --input-type=module`
 */
import { MAX_FRAME_LENGTH } from '../src/codec/message-body'
import { pushStreamText } from '../src/codec/push-stream-text'

const ROUNDS = 15
const ROUND_MS = 60
const START = '#!NGINXNMS!#'
const END = '#!NGINXNME!#'

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

function envelopeOf(id: number, body: string): string {
  const mid = `1795169376${String(id).padStart(16, '0')}`
  return `{"id":${id},"mid":"${mid}","channel":"-","tag":"733","time":"Fri, 20 Nov 2026 10:09:41 GMT","text":${body}}`
}

function envelopes(count: number, text: string): string[] {
  return Array.from({ length: count }, (_, id) => envelopeOf(id, bodyOf(id, text)))
}

const LOREM = 'Привет! Quick brown fox. '.repeat(8)
const CASES: [string, string[]][] = [
  ['1 x 600 B', envelopes(1, LOREM)],
  ['50 x 600 B', envelopes(50, LOREM)],
  ['3000 x 600 B', envelopes(3000, LOREM)],
  ['1 x 200 KB', envelopes(1, 'Пуш-0123456789-✓ '.repeat(9310))],
  ['marks inside a string', envelopes(1, `a ${END} b ${START} c `.repeat(12))],
]

/** Fastest mean of several rounds, the two sides taking turns, so that a busy machine hurts both alike. */
function compare(left: () => void, right: () => void): [number, number] {
  const best: [number, number] = [Infinity, Infinity]
  for (let round = 0; round < ROUNDS; round++) {
    best[0] = Math.min(best[0], meanMs(left))
    best[1] = Math.min(best[1], meanMs(right))
  }
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

function timeMs(frame: string): number {
  const startedAtMs = performance.now()
  pushStreamText.decode(frame)
  return performance.now() - startedAtMs
}

console.log(
  '| text frames | JSON.parse of the envelopes, us | codec, us | share of JSON.parse speed |\n|---|---|---|---|',
)
for (const [name, list] of CASES) {
  const frame = list.map((envelope) => START + envelope + END).join('')
  const decoded = pushStreamText.decode(frame)
  if (decoded.length !== list.length || decoded.some((item) => item.type !== 'message'))
    throw new Error(`misread: ${name}`)
  const [plain, codec] = compare(
    () => list.forEach((envelope) => void JSON.parse(envelope)),
    () => void pushStreamText.decode(frame),
  )
  console.log(
    `| ${name} | ${(plain * 1000).toFixed(1)} | ${(codec * 1000).toFixed(1)} | ${((plain / codec) * 100).toFixed(0)} % |`,
  )
}

const HEAD = `${START}{"id":1,"text":`
const HOSTILE: [string, (length: number) => string][] = [
  ['end marks', (length) => HEAD + END.repeat(length / END.length)],
  ['end marks behind braces', (length) => HEAD + `}${END}`.repeat(length / 13)],
  ['start marks', (length) => START.repeat(length / START.length)],
  ['start marks of frames', (length) => `${START}{"a`.repeat(length / 15)],
  ['one head, all pieces broken', (length) => `${START}{"id":1,"text":[}${END}`.repeat(length / 41)],
  ['white space', (length) => START + ' '.repeat(length)],
  ['deep nesting', (length) => `${HEAD}${'['.repeat(length)}}${END}`],
  ['valid prefixes', (length) => `${HEAD}[${'1,'.repeat(length / 2)}${`}${END}`.repeat(20)}`],
]

const full = MAX_FRAME_LENGTH - 1000
console.log(`\n| hostile frame | ${full / 8} units, ms | ${full} units, ms | ratio (8 = linear) |\n|---|---|---|---|`)
for (const [name, write] of HOSTILE) {
  const small = timeMs(write(full / 8))
  const large = timeMs(write(full))
  console.log(`| ${name} | ${small.toFixed(0)} | ${large.toFixed(0)} | ${(large / small).toFixed(1)} |`)
}
