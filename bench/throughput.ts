/**
 * How many messages a second the client delivers over each transport, against the local server in a thread of its own,
 * and what share that is of a bare reader (`ws`, `fetch`) that only counts messages. Both take turns in one run.
 * Run: `node .ci/ts.mjs bench/throughput.ts`
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import WebSocket from 'ws'
import { PullClient, type TransportKind } from '../src/entry/node'
import { startPullServer, type PullServerOptions, type RawConfig } from '../src/entry/testing'

const COUNT = 20_000
const ROUNDS = 5
const MARK = '#!NGINXNMS!#'
const TEXT = 'Привет! Quick brown fox. '.repeat(8)
const GENERATIONS: readonly (readonly [string, PullServerOptions, readonly TransportKind[]])[] = [
  ['push-stream 0.4.0', { version: 2 }, ['websocket', 'sse', 'long-polling']],
  ['push server 2.0', { version: 4 }, ['websocket', 'long-polling']],
]

type Order = { readonly start: PullServerOptions } | { readonly publish: number } | { readonly stop: true }

if (isMainThread) await measureAll()
else serve()

/** The other thread: a server that publishes as fast as its listeners' sockets take it. */
function serve(): void {
  let server: Awaited<ReturnType<typeof startPullServer>> | null = null
  parentPort?.on('message', async (order: Order) => {
    if ('start' in order) {
      server = await startPullServer({ ...order.start, historyCount: COUNT, batchWindowMs: 5 })
      parentPort?.postMessage(server.config())
    } else if ('publish' in order) {
      for (let n = 1; n <= order.publish; n++) {
        server?.publish({ module_id: 'bench', command: 'message', params: { n, text: TEXT } })
        if (n % 200 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    } else {
      await server?.close()
      parentPort?.postMessage(null)
    }
  })
}

async function measureAll(): Promise<void> {
  console.log(`${COUNT} messages of ${JSON.stringify(TEXT).length} characters, best of ${ROUNDS} rounds\n`)
  console.log('| server | transport | bare reader, messages/s | client, messages/s | share |\n|---|---|---|---|---|')
  for (const [name, options, transports] of GENERATIONS) {
    for (const transport of transports) {
      const best = { bare: 0, client: 0 }
      for (let round = 0; round < ROUNDS; round++) {
        best.bare = Math.max(best.bare, await measure(options, (config) => readBare(config, transport)))
        best.client = Math.max(best.client, await measure(options, (config) => readWithClient(config, transport)))
      }
      const share = Math.round((100 * best.client) / best.bare)
      console.log(`| ${name} | ${transport} | ${Math.round(best.bare)} | ${Math.round(best.client)} | ${share} % |`)
    }
  }
}

interface Reader {
  readonly ready: Promise<void>
  readonly done: Promise<void>
  stop(): void
}

/** Messages a second, from the order to publish to the last message read. */
async function measure(options: PullServerOptions, open: (config: RawConfig) => Reader): Promise<number> {
  const worker = new Worker(new URL(import.meta.url))
  const answer = (): Promise<RawConfig> => new Promise((resolve) => worker.once('message', resolve))
  worker.postMessage({ start: options })
  const reader = open(await answer())
  await reader.ready
  const startedAtMs = performance.now()
  worker.postMessage({ publish: COUNT })
  await reader.done
  const seconds = (performance.now() - startedAtMs) / 1000
  reader.stop()
  worker.postMessage({ stop: true })
  await answer()
  await worker.terminate()
  return COUNT / seconds
}

function readWithClient(config: RawConfig, transport: TransportKind): Reader {
  const client = new PullClient({ config, transport })
  let count = 0
  const done = new Promise<void>((resolve) => {
    client.on('bench:message', () => {
      if (++count === COUNT) resolve()
    })
  })
  return { ready: client.start(), done, stop: () => void client.stop() }
}

function readBare({ server, channels }: RawConfig, transport: TransportKind): Reader {
  const query = `?CHANNEL_ID=${encodeURIComponent(channels.private.id)}`
  const abort = new AbortController()
  let count = 0
  let finish = (): void => {}
  const done = new Promise<void>((resolve) => (finish = resolve))
  const take = (text: string): void => {
    for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, at + 1)) count++
    if (count >= COUNT) finish()
  }

  function overWebSocket(): Promise<void> {
    const socket = new WebSocket(server.websocket + query, { perMessageDeflate: false })
    socket.on('message', (data: Buffer) => take(data.toString()))
    abort.signal.addEventListener('abort', () => socket.terminate())
    return new Promise((resolve) => socket.once('open', () => resolve()))
  }

  async function overEventStream(): Promise<void> {
    const response = await fetch((server.sse ?? '') + query, { signal: abort.signal })
    const decoder = new TextDecoder()
    void (async () => {
      let rest = ''
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        const text = rest + decoder.decode(chunk, { stream: true })
        take(text)
        // A mark may be cut in two; less than one is never counted twice.
        rest = text.slice(1 - MARK.length)
      }
    })().catch(() => {})
  }

  async function overPolls(): Promise<void> {
    const { version } = server
    let cursor = version >= 3 ? `&mid=${'0'.repeat(26)}` : `&tag=0&time=${encodeURIComponent(new Date().toUTCString())}`
    void (async () => {
      while (!abort.signal.aborted) {
        const response = await fetch(server.long_polling + query + cursor, { signal: abort.signal })
        const text = await response.text()
        if (version <= 2) count -= text.split('"command":"open"').length - 1
        take(text)
        const last = text.slice(text.lastIndexOf(MARK))
        const [, mid] = /"mid":"(\d+)"/.exec(last) ?? []
        const [, tag, time = ''] = /"tag":"(\d+)","time":"([^"]+)"/.exec(last) ?? []
        cursor = mid ? `&mid=${mid}` : `&tag=${tag}&time=${encodeURIComponent(time)}`
      }
    })().catch(() => {})
  }

  const open = {
    websocket: overWebSocket,
    sse: overEventStream,
    'long-polling': overPolls,
    'interval-polling': overPolls,
  }
  return { ready: open[transport](), done, stop: () => abort.abort() }
}
