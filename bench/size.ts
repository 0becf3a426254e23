/**
 * `npm run size`: what the client costs a page, what of it costs how much, and how far the target is.
 * Exit code 1 when the script-tag file is over today's limit.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { type BuildOptions, type Plugin, build } from 'esbuild'

/** Gzip bytes of `dist/bx-pull.min.js` that we want. */
const TARGET_BYTES = 19 * 1024
/** What it may weigh today: the target is not reached yet, and must not move further away. */
const LIMIT_BYTES = 43_950
const LARGEST_FILES = 15

const root = process.cwd()
const script = join(root, 'dist', 'bx-pull.min.js')

/** As in `rollup.config.ts`. */
const standIns: Plugin = {
  name: 'stand-ins',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(schema|event-parser)$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, `${path}-lite.ts`),
    }))
  },
}

/** Left out, to see what the framings beside the text template cost. */
const textOnly: Plugin = {
  name: 'text-only',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /codec\/(protobuf|json-array|json-rpc|php-answer)$/ }, ({ path }) => ({
      path,
      namespace: 'none',
    }))
    onLoad({ filter: /.*/, namespace: 'none' }, () => ({
      contents:
        'export const protobufCodec = null, jsonArrayCodec = null, jsonRpcCodec = null, phpCodec = null, messagesOf = null',
    }))
  },
}
/** What those framings may add, gzip bytes. */
const CODECS_LIMIT_BYTES = 2560

/** A page that only ever talks to one kind of server bundles this. */
const TEXT_CLIENT = `
import { definePullClient, staticConfig, textCodec, webSocketTransport } from './dist/esm/index.js'
const Client = definePullClient({ transports: { websocket: webSocketTransport }, codecs: { text: textCodec } })
export const client = new Client({ config: staticConfig(window.config) })`

buildIfOlder()
const gzip = await printSizes()
const codecs = await printCodecs()
await printShares()
if (codecs > CODECS_LIMIT_BYTES) {
  console.error(`\nOver the limit: the framings beside text take ${codecs} bytes gzip, allowed ${CODECS_LIMIT_BYTES}.`)
  process.exitCode = 1
}
if (gzip > LIMIT_BYTES) {
  console.error(`\nOver the limit: ${gzip} bytes gzip, allowed ${LIMIT_BYTES}.`)
  process.exitCode = 1
}

function buildIfOlder(): void {
  const sources = ['src', 'rollup.config.ts', 'package-lock.json'].map((path) => newestAtMs(join(root, path)))
  const targets = [script, join(root, 'dist', 'esm', 'index.js')]
  const isBuilt = targets.every((file) => existsSync(file) && statSync(file).mtimeMs >= Math.max(...sources))
  if (!isBuilt) execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
}

function newestAtMs(path: string): number {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestAtMs(join(path, name))))
}

async function printSizes(): Promise<number> {
  const scriptBytes = readFileSync(script)
  const moduleBytes = await bundledModule({ entryPoints: [join(root, 'dist', 'esm', 'index.js')] })
  const textBytes = await bundledModule({ stdin: { contents: TEXT_CLIENT, resolveDir: root } })
  console.log(`${'minified, bytes'.padEnd(46)}${'raw'.padStart(9)}${'gzip'.padStart(9)}${'brotli'.padStart(9)}`)
  const gzipBytes = printSize('dist/bx-pull.min.js', scriptBytes)
  printSize("import 'bx-pull' in a browser, bundled", moduleBytes)
  printSize('a client of WebSocket and text only, bundled', textBytes)
  const missed = gzipBytes > TARGET_BYTES ? `, ${gzipBytes - TARGET_BYTES} bytes too much` : ''
  console.log(`target: ${gzipBytes} of ${TARGET_BYTES} bytes gzip (${percent(gzipBytes, TARGET_BYTES)})${missed}`)
  return gzipBytes
}

function printSize(label: string, bytes: Uint8Array): number {
  const gzipBytes = gzipSync(bytes, { level: 9 }).length
  const brotliBytes = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
  const cells = [bytes.length, gzipBytes, brotliBytes].map((cell) => String(cell).padStart(9))
  console.log(label.padEnd(46) + cells.join(''))
  return gzipBytes
}

/** The built modules as a page's bundler sees them: all dependencies in. */
async function bundledModule(input: Pick<BuildOptions, 'entryPoints' | 'stdin'>): Promise<Uint8Array> {
  const { outputFiles } = await build({
    ...input,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  })
  return outputFiles[0]!.contents
}

async function printCodecs(): Promise<number> {
  const [all, text] = await Promise.all([bundledScript([standIns]), bundledScript([textOnly, standIns])])
  const bytes = gzipSync(all.contents, { level: 9 }).length - gzipSync(text.contents, { level: 9 }).length
  console.log(`the framings beside text: ${bytes} of ${CODECS_LIMIT_BYTES} bytes gzip`)
  return bytes
}

/** Minified bytes per folder and file. Compressed they share a dictionary, so gzip has no exact shares. */
async function printShares(): Promise<void> {
  const { inputs } = await bundledScript([standIns])
  const files = Object.entries(inputs)
    .map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)

  const groups = new Map<string, number>()
  for (const { path, bytes } of files) groups.set(groupOf(path), (groups.get(groupOf(path)) ?? 0) + bytes)

  console.log(`\nShares of the script-tag file, minified bytes before compression (${total})`)
  for (const [group, bytes] of [...groups].sort((a, b) => b[1] - a[1])) printShare(group, bytes, total)
  console.log(`\nLargest files`)
  for (const { path, bytes } of files.slice(0, LARGEST_FILES)) printShare(path, bytes, total)
}

async function bundledScript(plugins: Plugin[]) {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(root, 'src', 'entry', 'script.ts')],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    outfile: 'script.js',
    format: 'iife',
    platform: 'browser',
    target: 'es2017',
    logLevel: 'error',
    plugins,
  })
  return { contents: outputFiles[0]!.contents, inputs: Object.values(metafile.outputs)[0]?.inputs ?? {} }
}

function printShare(label: string, bytes: number, total: number): void {
  console.log(`${label.padEnd(46)}${String(bytes).padStart(9)}${percent(bytes, total).padStart(9)}`)
}

/** `src/<layer>` or the name of the dependency. */
function groupOf(path: string): string {
  const dependency = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
  return dependency ?? path.split('/').slice(0, 2).join('/')
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`
}
