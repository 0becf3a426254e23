/** Owns the scenarios beside the cuts: one cut at a time, transport switches, channel rotations, open-then-die, create/start/stop cycles. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PullClient } from '../../../src/entry/node'
import { startPullServer } from '../../../src/entry/testing'
import type { Target } from '../../contract/targets'
import { createDarkWatch } from './dark-time'
import { isExact, perform } from './stage'
import { spread } from './tally'

export interface ScenarioRun {
  readonly target: Target
  readonly seed: number
  /** How many switches, rotations, cycles. */
  readonly count: number
  readonly perSecond: number
}

export type ScenarioFigures = { readonly isFine: boolean; readonly target: string } & Readonly<Record<string, unknown>>
export type ScenarioName = 'one-cut' | 'switches' | 'rotations' | 'open-then-die' | 'cycles'

export interface Scenario {
  /** Those it says something about. */
  targets(all: readonly Target[]): readonly Target[]
  perform(run: ScenarioRun): Promise<ScenarioFigures>
  /** What they say together. */
  summary?(results: readonly ScenarioFigures[]): ScenarioFigures
  /** More than so many at the same time would be measured themselves. @default as many as are asked for */
  readonly atOnce?: number
}

const DIES_AFTER_MS = 20
const WATCHED_MS = 65_000
const MOST_A_MINUTE = 6
const USELESS_OPENS = 3
const EXIT_MS = 50
/** Dark time after one cut. */
const MEDIAN_MS = 300
const P95_MS = 1000
/** Long enough for a link to prove itself at the rate of the run, and for an outage to be over. */
const WORKS_MS = 1500
/** An old link is read for so long beside its successor. */
const DRAIN_MS = 250

/** A link that works is cut; every other time the handshake that follows is cut, too. */
async function oneCut({ target, seed, count, perSecond }: ScenarioRun): Promise<ScenarioFigures> {
  const dark = createDarkWatch()
  /** From the cut of a handshake to the first bytes of the next good answer. */
  const sinceHandshakeMs: number[] = []
  const figures = await perform({ target, seed, perSecond, client: target.client }, async (stage) => {
    const { proxy, records, until } = stage
    let handshakeCutAtMs: number | null = null
    proxy.watch((record) => {
      dark.see(record)
      if (record.what === 'cut-request') handshakeCutAtMs = record.atMs
      if (record.what !== 'proof' || handshakeCutAtMs === null) return
      sinceHandshakeMs.push(record.atMs - handshakeCutAtMs)
      handshakeCutAtMs = null
    })
    for (let done = 0; done < count; done++) {
      if (done % 2) proxy.faults.set({ request: { when: done % 4 === 1 ? 'before' : 'after', end: 'rst' }, times: 1 })
      const cutAt = records.length
      proxy.faults.cut({ end: done % 3 ? 'rst' : 'fin' })
      await until('another link', () => records.slice(cutAt).some(({ what }) => what === 'proof'))
      await sleep(WORKS_MS)
    }
  })
  const { plainMs, withHandshakeMs } = dark.figures()
  const darkMs: DarkMs = { plain: plainMs, handshakeCut: sinceHandshakeMs, both: withHandshakeMs }
  return { isFine: isExact(figures), ...spreadsOf([darkMs]), ...figures, darkMs }
}

interface DarkMs {
  readonly plain: readonly number[]
  readonly handshakeCut: readonly number[]
  /** Since the first of the two cuts. */
  readonly both: readonly number[]
}

function spreadsOf(all: readonly DarkMs[]): Record<keyof DarkMs, ReturnType<typeof spread>> {
  const of = (name: keyof DarkMs): ReturnType<typeof spread> => spread(all.flatMap((each) => each[name]))
  return { plain: of('plain'), handshakeCut: of('handshakeCut'), both: of('both') }
}

function allCuts(results: readonly ScenarioFigures[]): ScenarioFigures {
  const spreads = spreadsOf(results.map(({ darkMs }) => darkMs as DarkMs))
  const isFast = [spreads.plain, spreads.handshakeCut].every(
    ({ median, p95 }) => Number(median) <= MEDIAN_MS && Number(p95) <= P95_MS,
  )
  return { isFine: isFast, target: 'all together', ...spreads }
}

/** WebSocket is refused and its connection cut, then allowed again, which the next probe finds. */
async function switches({ target, seed, count, perSecond }: ScenarioRun): Promise<ScenarioFigures> {
  let done = 0
  const figures = await perform(
    {
      target: { ...target, replays: true },
      seed,
      perSecond,
      client: { ...target.client, transport: 'auto', timeouts: { probeFirstMs: 250, drainMs: DRAIN_MS } },
    },
    async ({ proxy, client, until }) => {
      let last = client.transport
      client.on('transport', ({ transport }) => {
        if (transport === null || transport === last) return
        last = transport
        done += 1
      })
      while (done < count) {
        const before = done
        proxy.faults.set({ status: { from: 101, to: 502 }, kind: 'websocket' })
        proxy.faults.cut({ kind: 'websocket' })
        await until('another transport', () => done > before && client.transport !== 'websocket')
        proxy.faults.clear()
        await until('WebSocket again', () => client.transport === 'websocket', 60_000)
        const switchedAtMs = Date.now()
        // What dies before it carries anything is tried ever more seldom.
        await until('the end of the older connection', () => lastEndAtMs(client) >= switchedAtMs)
        const known = events(client)
        await until('messages over it', () => events(client) > known)
      }
    },
  )
  return { isFine: isExact(figures), switches: done, ...figures }
}

function events(client: PullClient): number {
  return client.diagnostics().counters?.events ?? 0
}

function lastEndAtMs(client: PullClient): number {
  const ends = client.diagnostics().timeline.filter(({ what }) => what === 'close' || what === 'lost')
  return ends.at(-1)?.atMs ?? 0
}

/** The shared channel is replaced by its successor as soon as the client reads the one before. */
async function rotations({ target, seed, count, perSecond }: ScenarioRun): Promise<ScenarioFigures> {
  // Version 5 needs another token for it, and a configuration is asked for every 5 s at the most.
  const wanted = target.server.version === 5 ? Math.ceil(count / 100) : count
  let done = 0
  const figures = await perform(
    { target, seed, perSecond, client: { ...target.client, timeouts: { drainMs: DRAIN_MS } } },
    async ({ server, client, records, until }) => {
      let known = 0
      client.on('channels', ({ reason }) => {
        if (reason !== 'changed') return
        done += 1
        known = records.length
      })
      while (done < wanted) {
        const before = done
        server.expireChannel('shared')
        await until('the new channel', () => done > before)
        // Its end is told on itself: to nobody, before anybody listens.
        await until('its connection', () => records.slice(known).some(({ what }) => what === 'proof'))
      }
    },
  )
  return { isFine: isExact(figures), rotations: done, ...figures }
}

/** A proxy that accepts, lets the server answer, and kills. */
async function openThenDie({ target, seed }: ScenarioRun): Promise<ScenarioFigures> {
  let opensAMinute = 0
  let opensBefore = 0
  let other: string | null = null
  const { failure, timeline } = await perform(
    { target, seed, perSecond: 0, client: target.client },
    async ({ proxy, client, records, until }) => {
      proxy.faults.set({ endAfterOpen: { ms: DIES_AFTER_MS, end: 'rst' }, kind: 'websocket' })
      // The first one may have opened before.
      proxy.faults.cut()
      const opens = (): number[] =>
        records.filter(({ what, kind }) => what === 'proof' && kind === 'websocket').map(({ atMs }) => atMs)
      // A first connection that brought the server's own messages was of use.
      const ofUse = (): number => (Number(client.diagnostics().counters?.commands) > 0 ? 1 : 0)
      client.on('transport', (fact) => {
        if (fact.transport === null || fact.transport === 'websocket' || other !== null) return
        other = fact.transport
        opensBefore = opens().length - ofUse()
      })
      const endAtMs = performance.now() + WATCHED_MS
      await until('the end', () => performance.now() >= endAtMs, 2 * WATCHED_MS)
      opensAMinute = most(opens().slice(ofUse()), 60_000)
    },
  )
  const isFine =
    failure === null &&
    opensAMinute <= MOST_A_MINUTE &&
    (target.client.transport !== 'auto' || (other !== null && opensBefore <= USELESS_OPENS))
  return { isFine, target: target.name, opensAMinute, other, opensBefore, failure, timeline }
}

/** WebSocket alone, and with the others to choose from. */
function forcedAndNot(all: readonly Target[]): readonly Target[] {
  return all
    .filter(({ transport }) => transport === 'websocket')
    .flatMap((target) => {
      const forced = { ...target, name: `${target.name}, forced` }
      const auto: Target = { ...target, name: `${target.name}, auto`, client: { ...target.client, transport: 'auto' } }
      return hasChoice(target) ? [forced, auto] : [forced]
    })
}

/** WebSocket targets of servers that have other transports, too. */
function hasChoice({ server, transport }: Target): boolean {
  return server.version !== 5 && transport === 'websocket'
}

/** The program is seen from outside: what it leaves behind keeps it from ending. */
async function cycles({ target, count }: ScenarioRun): Promise<ScenarioFigures> {
  const { transport, name, client } = target
  const server = await startPullServer(target.server)
  const args = ['--expose-gc', '.ci/ts.mjs', 'test/support/chaos/cycles.ts', server.configUrl, client.transport, count]
  const { output, endedAtMs, code } = await runNode(args.map(String))
  const open = server.connections().length
  await server.close()
  const report = /^\{.*\}$/m.exec(output)?.[0]
  const throughAtMs = Number(/^through (\d+)$/m.exec(output)?.[1])
  const exitMs = endedAtMs - throughAtMs
  const facts = report === undefined ? { failure: output.slice(-500) } : (JSON.parse(report) as CyclesReport)
  const isFine =
    !('failure' in facts) &&
    code === 0 &&
    open === 0 &&
    exitMs <= EXIT_MS &&
    facts.left.timers <= 0 &&
    facts.left.listeners <= 0 &&
    facts.bytesPerCycle < 100
  return { isFine, target: name, transport, cycles: count, ...facts, connectionsLeft: open, exitMs, code }
}

interface CyclesReport {
  readonly bytesPerCycle: number
  /** Twenty samples from the first cycle to the last. */
  readonly heapKb: readonly number[]
  readonly left: { readonly timers: number; readonly listeners: number }
}

function runNode(args: readonly string[]): Promise<{ output: string; endedAtMs: number; code: number | null }> {
  const cwd = process.env['npm_config_local_prefix'] ?? process.cwd()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let endedAtMs = 0
    child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
    child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()))
    child.on('exit', () => (endedAtMs = Date.now()))
    child.on('close', (code) => resolve({ output, endedAtMs, code }))
  })
}

function most(sortedAtMs: readonly number[], withinMs: number): number {
  return Math.max(
    0,
    ...sortedAtMs.map((fromMs) => sortedAtMs.filter((ms) => ms >= fromMs && ms < fromMs + withinMs).length),
  )
}

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  'one-cut': {
    targets: (all) => all.filter(({ replays }) => replays),
    perform: oneCut,
    summary: allCuts,
  },
  // One of each generation that has a choice.
  switches: { targets: (all) => all.filter(hasChoice), perform: switches },
  rotations: { targets: (all) => all, perform: rotations },
  'open-then-die': { targets: forcedAndNot, perform: openThenDie },
  cycles: { targets: (all) => all, perform: cycles, atOnce: 1 },
}
