/**
 * A program that creates, starts and stops a client many times, then has nothing more to do. It prints what is left and
 * when it was through; who started it sees when it ends. Needs `--expose-gc`. Arguments: config URL, transport, count.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { PullClient, type TransportKind } from '../../../src/entry/node'

const [configUrl = '', transport = 'websocket', count = '1000'] = process.argv.slice(2)
const config: object = await (await fetch(configUrl)).json().then((answer: { result: object }) => answer.result)
const collect = (globalThis as { gc?: () => void }).gc
if (collect === undefined) throw new Error('Start it with --expose-gc')

/** Cycles before it counts: what the engine compiles and caches grows the heap by 0.5 MB, then no more. */
const WARM_UP = 3000

async function heap(): Promise<number> {
  // What a stopped client has opened closes in the next turns.
  await sleep(50)
  collect?.()
  return process.memoryUsage().heapUsed
}

const resources = (): string[] => process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
const listeners = (): number => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
const before = { timers: resources().length, listeners: listeners() }
const samples: number[] = []
const total = Number(count)
for (let cycle = -WARM_UP; cycle < total; cycle++) {
  const client = new PullClient({ config, transport: transport as TransportKind })
  client.on('*', () => {})
  // Every third is stopped before it stands.
  const started = client.start()
  if (cycle % 3 !== 0) await started
  await client.stop()
  await started.catch(() => {})
  if (cycle >= 0 && (cycle + 1) % Math.max(1, Math.floor(total / 20)) === 0) samples.push(await heap())
}
await sleep(50)
const left = { timers: resources().length - before.timers, listeners: listeners() - before.listeners }
const heapKb = samples.map((bytes) => Math.round(bytes / 1024))
console.log(JSON.stringify({ bytesPerCycle: Math.round(slope(samples) / (total / samples.length)), heapKb, left }))
console.log(`through ${Date.now()}`)

/** Least squares over equal distances. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const over = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0)
  return over / values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0)
}
