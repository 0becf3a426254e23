/**
 * Owns one run: a server with its habit, a proxy that cuts, a client behind it, numbered messages on two channels at a
 * rate, and the figures of it all. Everything it starts is closed again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { startPullServer, type PullServer, type RawConfig } from '../../../src/entry/testing'
import type { Target } from '../../contract/targets'
import { startFaultProxy, type Ending, type FaultProxy } from '../fault-proxy'
import { createDarkWatch, type DarkFigures } from './dark-time'
import { schedule } from './fault-schedule'
import type { Habit, Scene } from './habits'
import { COMMAND, MODULE, type SubjectFactory } from './subject'
import { createTally, type DeliveryFigures, type Interval } from './tally'

export interface RunOptions {
  readonly target: Target
  readonly habit: Habit
  readonly seed: number
  readonly messages: number
  readonly perSecond: number
  readonly cutEveryMs: readonly [number, number]
  readonly subject: SubjectFactory
}

export interface RunFigures extends DeliveryFigures, DarkFigures {
  readonly target: string
  readonly habit: string
  readonly seed: number
  readonly gaps: number
  /** When they were told for, since the beginning of the run. */
  readonly gapsMs: readonly Interval[]
  readonly errors: Readonly<Record<string, number>>
  readonly counters: object | null
  /** Whether a channel's order counts, whether a lost store shows in anything, and whether the server replays at all. */
  readonly keepsOrder: boolean
  readonly tellsLosses: boolean
  readonly serverKeeps: boolean
  readonly tookMs: number
  /** Around the first message that was lost, repeated or out of order, or at the end of a run that failed otherwise. */
  readonly timeline: readonly string[]
  readonly failure: string | null
}

/** What is cut: the connection that works, or the next handshake as well, before or after the server heard of it. */
type Cut = { readonly end: Ending; readonly handshake: 'before' | 'after' | null }

const CUTS: readonly { fault: Cut; weight: number }[] = [
  { fault: { end: 'rst', handshake: null }, weight: 4 },
  { fault: { end: 'fin', handshake: null }, weight: 4 },
  { fault: { end: 'rst', handshake: 'before' }, weight: 1 },
  { fault: { end: 'fin', handshake: 'after' }, weight: 1 },
]
/** Nothing came for so long: nothing will. Longer than any back-off: what opened in vain six times waits for its minute. */
const SETTLE_MS = 75_000
/** Late repeats would come within this. */
const QUIET_MS = 1500
const TIMELINE_MS = 2500
const NOTES_KEPT = 400_000

export async function run(options: RunOptions): Promise<RunFigures> {
  const { target, habit, seed, messages, perSecond, subject: createSubject } = options
  const beganAtMs = performance.now()
  const atMs = (): number => Math.round(performance.now() - beganAtMs)
  const epochMs = Date.now()
  const notes: { atMs: number; line: string }[] = []
  const note = (line: string): void => {
    notes.push({ atMs: atMs(), line })
    if (notes.length > NOTES_KEPT) notes.shift()
  }
  const serverOptions = { historyCount: historyCountOf(target), ...target.server, ...habit.server }
  const server = await startPullServer(serverOptions)
  const proxy = await startFaultProxy({ target: { port: server.port }, seed })
  const tally = createTally(serverOptions.historyCount)
  const dark = createDarkWatch()
  const scene: Scene = { server, proxy, tally }
  proxy.watch((record) => {
    dark.see(record)
    note(`proxy ${record.kind} ${record.id} ${record.what} ${record.detail ?? ''}`)
  })
  const timers: NodeJS.Timeout[] = []
  const subject = createSubject({
    config: () => behind(proxy, server.config()),
    options: target.client,
    deliver: (n) => tally.received(n),
    note: (line) => note(`client ${line}`),
  })
  let failure: string | null = null
  let cutting = true
  try {
    await Promise.race([subject.start(), sleep(SETTLE_MS).then(() => Promise.reject(new Error('never connected')))])
    server.faults.set({ seed, ...habit.faults })
    proxy.faults.set(habit.proxy ?? {})
    const durationMs = publishingMs(habit, messages, perSecond)
    for (const { atMs: dueMs, fault } of schedule(seed, { durationMs, everyMs: options.cutEveryMs, faults: CUTS }))
      timers.push(setTimeout(() => cutting && cut(proxy, fault), dueMs))
    if (habit.spells !== undefined) {
      const { everyMs, forMs, on, off } = habit.spells
      for (let dueMs = everyMs / 2; dueMs < durationMs; dueMs += everyMs) {
        timers.push(setTimeout(() => void (note('habit on'), on(scene)), dueMs))
        if (forMs > 0) timers.push(setTimeout(() => off(scene), dueMs + forMs))
      }
    }
    await publish(scene, habit, messages, perSecond, atMs)
    cutting = false
    timers.forEach(clearTimeout)
    habit.spells?.off(scene)
    // The network is good again; the server keeps its habits.
    proxy.faults.clear()
    note('no more cuts')
    await settle(tally)
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
  }
  timers.forEach(clearTimeout)
  const gaps = subject.gaps.map(({ sinceMs, untilMs }) => ({ sinceMs: sinceMs - epochMs, untilMs: untilMs - epochMs }))
  const figures = tally.figures(gaps, target.replays)
  const around = tally.firstTroubleAtMs() ?? atMs()
  const counters = subject.counters()
  await subject.stop()
  await proxy.close()
  await server.close()
  const errors: Record<string, number> = {}
  for (const code of subject.errors) errors[code] = (errors[code] ?? 0) + 1
  // 0.3.4 names no channels: nothing of it tells a lost store from a quiet one.
  const tellsLosses = target.server.version !== 1 || !target.replays
  const judged = { ...figures, keepsOrder: habit.keepsOrder ?? true, tellsLosses, failure }
  return {
    target: target.name,
    habit: habit.name,
    seed,
    ...judged,
    ...dark.figures(),
    gaps: subject.gaps.length,
    gapsMs: gaps,
    errors,
    counters,
    serverKeeps: target.replays,
    tookMs: atMs(),
    timeline: isBroken(judged)
      ? notes
          .filter((each) => Math.abs(each.atMs - around) < TIMELINE_MS)
          .slice(0, 200)
          .map((each) => `${each.atMs} ${each.line}`)
      : [],
  }
}

/** The Node servers keep a day, whatever comes. */
export function historyCountOf({ server }: Target): number {
  return Number(server.version) > 2 ? Infinity : 5000
}

/** Whether something is wrong that the server does not excuse. */
export function isBroken({
  lost,
  repeated,
  outOfOrder,
  untold,
  keepsOrder,
  tellsLosses,
  failure,
}: Pick<
  RunFigures,
  'lost' | 'repeated' | 'outOfOrder' | 'untold' | 'keepsOrder' | 'tellsLosses' | 'failure'
>): boolean {
  if (lost > 0 || repeated > 0 || failure !== null) return true
  return (keepsOrder && outOfOrder > 0) || (tellsLosses && untold > 0)
}

/** A configuration whose queue server is reached through the proxy. */
export function behind(proxy: FaultProxy, config: RawConfig): RawConfig {
  const server: Record<string, unknown> = { ...config.server }
  for (const [key, value] of Object.entries(server)) {
    if (typeof value === 'string') server[key] = value.replace(/^(\w+:\/\/[^/]*):\d+\//, `$1:${proxy.port}/`)
  }
  return { ...config, server: server as unknown as RawConfig['server'] }
}

function cut(proxy: FaultProxy, { end, handshake }: Cut): void {
  const carried = proxy.faults.cut({ end })
  if (handshake !== null && carried > 0) proxy.faults.set({ request: { when: handshake, end }, times: 1 })
}

function publishingMs({ bursts }: Habit, messages: number, perSecond: number): number {
  const ms = (messages * 1000) / perSecond
  return bursts === undefined ? ms : (ms * (bursts.onMs + bursts.offMs)) / bursts.onMs
}

/** Publishes at the rate. Two for each channel in turn: neighbours that change places are out of order in their channel. */
function publish(
  { server, tally }: Scene,
  { bursts }: Habit,
  messages: number,
  perSecond: number,
  atMs: () => number,
): Promise<void> {
  const startedAtMs = performance.now()
  let done = 0
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      const due = Math.min(messages, Math.ceil((publishedFor(performance.now() - startedAtMs) * perSecond) / 1000))
      try {
        for (; done < due; done++) publishOne(server, tally, (done >> 1) % 2 === 0 ? 'private' : 'shared', atMs())
      } catch (error) {
        done = messages
        reject(error as Error)
      }
      if (done < messages) return
      clearInterval(timer)
      resolve()
    }, 4)
  })

  function publishedFor(ms: number): number {
    if (bursts === undefined) return ms
    const round = bursts.onMs + bursts.offMs
    return Math.floor(ms / round) * bursts.onMs + Math.min(bursts.onMs, ms % round)
  }
}

export function publishOne(
  server: PullServer,
  tally: ReturnType<typeof createTally>,
  channel: 'private' | 'shared',
  atMs: number,
): void {
  const n = tally.published(channel, atMs)
  const message = { module_id: MODULE, command: COMMAND, params: { n } }
  server.publish(message, channel === 'shared' ? { shared: true } : { users: [1] })
}

/** Until everything has come, or nothing comes any more. */
export async function settle(tally: ReturnType<typeof createTally>): Promise<void> {
  let { missing } = tally
  let changedAtMs = performance.now()
  while (missing > 0 && performance.now() - changedAtMs < SETTLE_MS) {
    await sleep(50)
    if (tally.missing !== missing) changedAtMs = performance.now()
    missing = tally.missing
  }
  await sleep(QUIET_MS)
}
