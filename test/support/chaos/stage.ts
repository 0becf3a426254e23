/** Owns what scenarios share: a server, a proxy, our client and steady traffic, all closed at the end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PullClient, type GapFact, type PullClientOptions } from '../../../src/entry/node'
import { startPullServer, type PullServer } from '../../../src/entry/testing'
import type { Target } from '../../contract/targets'
import { startFaultProxy, type FaultProxy, type ProxyRecord } from '../fault-proxy'
import { behind, historyCountOf, publishOne, settle } from './run'
import { COMMAND, MODULE } from './subject'
import { createTally, type DeliveryFigures } from './tally'

export interface StageOptions {
  readonly target: Target
  readonly seed: number
  /** 0: silence. */
  readonly perSecond: number
  readonly client: Partial<PullClientOptions>
}

export interface Stage {
  readonly server: PullServer
  readonly proxy: FaultProxy
  readonly client: PullClient
  readonly records: readonly ProxyRecord[]
  /** Waits for a fact; the error says what it waited for. */
  until(what: string, fact: () => boolean, withinMs?: number): Promise<void>
}

export interface StageFigures extends DeliveryFigures {
  readonly target: string
  readonly seed: number
  readonly gaps: number
  readonly tookMs: number
  readonly failure: string | null
  /** The last that client and proxy did before a failure. */
  readonly timeline: readonly string[]
}

const NOTES_KEPT = 80

export async function perform(options: StageOptions, act: (stage: Stage) => Promise<void>): Promise<StageFigures> {
  const { target, seed, perSecond } = options
  const beganAtMs = performance.now()
  const epochMs = Date.now()
  const atMs = (): number => Math.round(performance.now() - beganAtMs)
  const historyCount = historyCountOf(target)
  const server = await startPullServer({ ...target.server, historyCount, batchWindowMs: 50 })
  const proxy = await startFaultProxy({ target: { port: server.port }, seed })
  const tally = createTally(historyCount)
  const records: ProxyRecord[] = []
  const notes: string[] = []
  const note = (line: string): void => {
    notes.push(`${atMs()} ${line}`)
    if (notes.length > NOTES_KEPT) notes.shift()
  }
  proxy.watch((record) => {
    records.push(record)
    note(`proxy ${record.kind} ${record.id} ${record.what} ${record.detail ?? ''}`)
  })
  const config = (): Promise<object> => Promise.resolve(behind(proxy, server.config()))
  const client = new PullClient({
    config,
    debug: true,
    logger: { debug: (_, line) => note(`client ${JSON.stringify(line)}`) },
    ...options.client,
  })
  const gaps: GapFact[] = []
  client.on(`${MODULE}:${COMMAND}`, (params) => tally.received((params as { n: number }).n))
  client.on('gap', (gap) => void gaps.push(gap))
  client.on('error', () => {})
  let failure: string | null = null
  let timeline: readonly string[] = []
  let traffic: NodeJS.Timeout | null = null
  try {
    const started = client.start()
    // Where nothing can open, it is the scenario that waits.
    started.catch(() => {})
    if (perSecond > 0) {
      await started
      const trafficFromMs = performance.now()
      let count = 0
      traffic = setInterval(() => {
        const due = ((performance.now() - trafficFromMs) * perSecond) / 1000
        for (; count < due; count++) publishOne(server, tally, count % 2 === 0 ? 'private' : 'shared', atMs())
      }, 4)
    }
    await act({ server, proxy, client, records, until })
    if (traffic !== null) clearInterval(traffic)
    proxy.faults.clear()
    server.faults.clear()
    if (perSecond > 0) await settle(tally)
  } catch (error) {
    timeline = [...notes]
    failure = error instanceof Error ? error.message : String(error)
  }
  if (traffic !== null) clearInterval(traffic)
  const intervals = gaps.map(({ sinceMs, untilMs }) => ({ sinceMs: sinceMs - epochMs, untilMs: untilMs - epochMs }))
  const figures = tally.figures(intervals, target.replays)
  await client.stop()
  await proxy.close()
  await server.close()
  return { target: target.name, seed, ...figures, gaps: gaps.length, tookMs: atMs(), failure, timeline }

  async function until(what: string, fact: () => boolean, withinMs = 20_000): Promise<void> {
    const endAtMs = performance.now() + withinMs
    while (!fact()) {
      if (performance.now() > endAtMs) throw new Error(`Not within ${withinMs} ms: ${what}`)
      await sleep(5)
    }
  }
}

/** What the server kept came once and in order; what it does not keep is told. */
export function isExact({ lost, untold, repeated, outOfOrder, failure }: StageFigures): boolean {
  return lost + untold + repeated + outOfOrder === 0 && failure === null
}
