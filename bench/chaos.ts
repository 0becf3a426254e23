/**
 * A client behind a proxy that cuts, on servers with the habits of real ones: what is lost, repeated, out of order, and for
 * how long nothing comes. Run: `npm run chaos -- [--quick] [--json] [--seed n] [--messages n] [--rate n]
 * [--targets text;text] [--habits text,text] [--scenario name] [--cuts 100-400] [--at-once n]
 * [--out file] [--timelines] [--vendor pull.client.js]`
 * The whole client in virtual time: `npm run chaos -- virtual [--steps n] [--seed n] [--episode n] [--targets text] [--json]`
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { TARGETS, type Target } from '../test/contract/targets'
import { HABITS } from '../test/support/chaos/habits'
import { isBroken, run, type RunFigures } from '../test/support/chaos/run'
import { SCENARIOS, type ScenarioFigures, type ScenarioName } from '../test/support/chaos/scenarios'
import { spread } from '../test/support/chaos/tally'
import { ourClient } from '../test/support/chaos/subject'
import { vendorClient } from '../test/support/chaos/vendor-page'
import { describeFailure, driveVirtual } from '../test/support/chaos/virtual'
import { GENERATIONS } from '../test/support/chaos/virtual-server'

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Scenario `virtual`: how many, and which episode alone. */
    steps: { type: 'string' },
    episode: { type: 'string' },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    seed: { type: 'string' },
    messages: { type: 'string' },
    rate: { type: 'string', default: '200' },
    targets: { type: 'string', default: '' },
    habits: { type: 'string', default: '' },
    scenario: { type: 'string', default: 'habits' },
    'at-once': { type: 'string', default: '6' },
    /** One run of those alone: each has a process of its own, or they would slow each other down. */
    only: { type: 'string' },
    out: { type: 'string' },
    /** Shortest and longest time between two cuts, ms. */
    cuts: { type: 'string', default: '100-400' },
    vendor: { type: 'string', multiple: true },
    timelines: { type: 'boolean', default: false },
  },
})

const seed = Number(args.seed ?? Date.now() % 2 ** 31)
const perSecond = Number(args.rate)
/** The vendor's file knows one transport and tells no gaps. */
const subject = args.vendor === undefined ? ourClient : vendorClient(args.vendor)
const [shortestMs = 100, longestMs = 400] = args.cuts.split('-').map(Number)
const CUT_EVERY_MS = [shortestMs, longestMs] as const

/** 0.3.4 as it is used: what its WebSocket cannot replay is fetched by a poll. */
const WITH_CATCH_UP: Target = {
  ...TARGETS.find(({ server, transport }) => server.version === 1 && transport === 'websocket')!,
  name: 'push-stream 0.3.4, websocket + poll',
  client: { transport: 'auto' },
  replays: true,
}
const targets = [WITH_CATCH_UP, ...TARGETS].filter(
  ({ name, transport }) =>
    args.targets.split(';').some((text) => name.includes(text)) &&
    (args.vendor === undefined || transport === 'websocket'),
)

const scenario = positionals[0] ?? args.scenario
const isFine = await drive(scenario)
process.exit(isFine ? 0 : 1)

function drive(name: string): Promise<boolean> {
  if (name === 'habits') return driveHabits()
  if (name === 'virtual') return driveVirtualTime()
  if (name in SCENARIOS) return driveScenario(name as ScenarioName)
  throw new Error(`--scenario is one of ${Object.keys(SCENARIOS).join(', ')}, habits, virtual`)
}

async function driveHabits(): Promise<boolean> {
  const wanted = args.habits.split(',')
  const habits = HABITS.filter(({ name }) => wanted.some((text) => name.includes(text)))
  const jobs = habits.flatMap((habit) =>
    targets.filter((target) => habit.fits?.(target) ?? true).map((target) => ({ habit, target })),
  )
  const messages = Number(args.messages ?? (args.quick ? 2000 : 100_000))
  const options = { messages, perSecond, cutEveryMs: CUT_EVERY_MS, subject }
  if (!args.json && args.only === undefined) {
    const cuts = CUT_EVERY_MS.join('-')
    console.log(
      `seed ${seed}, node ${process.version}, ${messages} messages at ${perSecond}/s, a cut every ${cuts} ms\n`,
    )
    console.log(
      '| habit | target | seed | lost | repeated | out of order | gone (untold) | gaps | cuts | dark median / p95 / worst, ms |' +
        ' with a cut handshake: n, median / p95, ms | connections | requests/s at worst | |\n' +
        '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    )
  }
  const runs = await performAll(
    jobs.map((job, at) => () => run({ ...job, ...options, seed: seed + at })),
    (figures) => console.log(rowOf(figures)),
  )
  const darkMs = {
    plain: spread(runs.flatMap(({ plainMs }) => plainMs)),
    withHandshake: spread(runs.flatMap(({ withHandshakeMs }) => withHandshakeMs)),
  }
  print({ scenario: 'habits', messages, perSecond, cutEveryMs: CUT_EVERY_MS, darkMs, runs })
  const broken = runs.filter(isBroken)
  if (!args.json) {
    console.log(`\n${runs.length} runs, ${broken.length} broken; dark time of all, ms: ${JSON.stringify(darkMs)}`)
    if (args.timelines)
      for (const { habit, target, seed: own, lostSample, timeline, failure } of broken)
        console.log(`\n## ${habit}, ${target}, seed ${own}: ${failure ?? lostSample.join(' ')}\n${timeline.join('\n')}`)
  }
  return broken.length === 0
}

async function driveScenario(name: ScenarioName): Promise<boolean> {
  const { targets: targetsOf, perform, summary, atOnce } = SCENARIOS[name]
  const count = Number(args.messages ?? (args.quick ? 60 : 1000))
  // Single times are for `--json`.
  const tell = (figures: ScenarioFigures): void =>
    console.log(`${figures.isFine ? 'ok    ' : 'BROKEN'} ${JSON.stringify({ ...figures, darkMs: undefined })}`)
  if (!args.json && args.only === undefined)
    console.log(`${name}: seed ${seed}, node ${process.version}, count ${count}\n`)
  const runs = await performAll(
    targetsOf(targets).map((target) => () => perform({ target, seed, count, perSecond })),
    tell,
    atOnce,
  )
  const all = summary?.(runs)
  if (all && !args.json) tell(all)
  print({ scenario: name, count, perSecond, runs, ...(all && { all }) })
  return [...runs, ...(all ? [all] : [])].every(({ isFine: fine }) => fine)
}

/** Each in a process of its own, or they would slow each other down: the same command line again, for one of them. */
async function performAll<Figures>(
  jobs: readonly (() => Promise<Figures>)[],
  tell: (figures: Figures) => void,
  atOnce = Number(args['at-once']),
): Promise<Figures[]> {
  if (args.only !== undefined) {
    const text = JSON.stringify(await jobs[Number(args.only)]!())
    await new Promise((written) => process.stdout.write(text, written))
    process.exit(0)
  }
  const all: Figures[] = []
  let next = 0
  async function worker(): Promise<void> {
    for (let at = next++; at < jobs.length; at = next++) {
      const again = ['.ci/ts.mjs', ...process.argv.slice(1), '--seed', String(seed), '--only', String(at)]
      const child = spawn(process.execPath, again, { stdio: ['ignore', 'pipe', 'inherit'] })
      let text = ''
      for await (const piece of child.stdout.setEncoding('utf8')) text += String(piece)
      const figures = JSON.parse(text) as Figures
      all.push(figures)
      if (!args.json) tell(figures)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return all
}

async function driveVirtualTime(): Promise<boolean> {
  const episode = args.episode === undefined ? undefined : Number(args.episode)
  const steps = Number(args.steps ?? (args.quick ? 50_000 : 1_000_000))
  const generations = GENERATIONS.filter((name) => name.includes(args.targets))
  if (generations.length === 0) throw new Error(`--targets is part of one of ${GENERATIONS.join(', ')}`)
  const beganAtMs = performance.now()
  const figures = await driveVirtual({
    seed,
    steps,
    episode,
    ...(args.timelines ? { lines: Infinity } : {}),
    generations,
    tell: (failure) => args.json || console.log(`${describeFailure(failure)}\n`),
  })
  const tookMs = Math.round(performance.now() - beganAtMs)
  if (!args.json) {
    const counts = JSON.stringify({ ...figures, failures: figures.failures.length })
    console.log(`seed ${seed}, node ${process.version}, ${tookMs} ms: ${counts}`)
  }
  print({ scenario: 'virtual', tookMs, ...figures })
  return figures.isFine
}

function print(report: object): void {
  const text = JSON.stringify({ seed, node: process.version, ...report })
  if (args.out !== undefined) writeFileSync(args.out, text)
  if (args.json) process.stdout.write(`${text}\n`)
}

function rowOf(figures: RunFigures): string {
  const { keepsOrder, serverKeeps, failure } = figures
  const cells = [
    figures.habit,
    figures.target,
    figures.seed,
    serverKeeps ? figures.lost : '-',
    figures.repeated,
    keepsOrder ? figures.outOfOrder : `(${figures.outOfOrder})`,
    figures.gone === 0 ? 0 : `${figures.gone} (${figures.untold})`,
    figures.gaps,
    figures.cuts,
    `${figures.darkMedianMs} / ${figures.darkP95Ms} / ${figures.darkWorstMs}`,
    `${figures.handshakeCuts}, ${figures.handshakeMedianMs} / ${figures.handshakeP95Ms}`,
    figures.connections,
    figures.requestsInWorstSecond,
    isBroken(figures) ? `**BROKEN** ${failure ?? ''}` : 'ok',
  ]
  return `| ${cells.join(' | ')} |`
}
