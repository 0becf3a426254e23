/** Owns a run of the whole client in virtual time: episode after episode until so many steps are done, and what broke. */
import { perform } from './virtual-episode'
import { INVARIANTS, type InvariantId } from './virtual-invariants'
import { planOf, type Setup, type Step } from './virtual-plan'
import type { Generation } from './virtual-server'
import { shrink } from './virtual-shrink'

export interface VirtualOptions {
  readonly seed: number
  /** Episodes begin until so many steps were done. */
  readonly steps: number
  /** This one alone. */
  readonly episode?: number | undefined
  readonly generations?: readonly Generation[] | undefined
  /** Failures that are made small, one of each invariant; it takes a second each. */
  readonly shrinks?: number
  /** Lines of what happened before. */
  readonly lines?: number
  readonly tell?: (failure: VirtualFailure) => void
}

export interface VirtualFailure {
  readonly seed: number
  readonly episode: number
  readonly invariant: InvariantId
  readonly rule: string
  readonly text: string
  /** The step it happened at; the number of steps: in good weather at the end. */
  readonly step: number
  readonly setup: Setup
  /** What is left of the steps if they are left out as long as it happens. */
  readonly needed: readonly Step[]
  /** The last things that happened. */
  readonly log: readonly string[]
}

export interface VirtualFigures {
  readonly isFine: boolean
  readonly steps: number
  readonly episodes: number
  readonly virtualHours: number
  readonly published: number
  readonly delivered: number
  /** The server threw it away before it could come, and a gap says so. */
  readonly told: number
  /** Never came, and nobody could know. */
  readonly excused: Readonly<Record<string, number>>
  readonly gaps: Readonly<Record<string, number>>
  readonly violations: Readonly<Partial<Record<InvariantId, number>>>
  /** Episodes with violations. */
  readonly failed: readonly number[]
  readonly failures: readonly VirtualFailure[]
}

const LOG_KEPT = 30
const FAILED_KEPT = 100

/** Any 32 bits: neighbours have nothing in common. */
export function episodeSeed(seed: number, episode: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(episode + 1, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

export async function driveVirtual(options: VirtualOptions): Promise<VirtualFigures> {
  const { seed, steps, episode, generations, shrinks = 3, lines = LOG_KEPT, tell } = options
  const sum = { steps: 0, episodes: 0, virtualMs: 0, published: 0, delivered: 0, told: 0 }
  const excused: Record<string, number> = {}
  const gaps: Record<string, number> = {}
  const violations: Partial<Record<InvariantId, number>> = {}
  const failed: number[] = []
  const failures: VirtualFailure[] = []
  for (let at = episode ?? 0; episode === undefined ? sum.steps < steps : at === episode; at++) {
    const plan = planOf(episodeSeed(seed, at), generations)
    const result = await perform(plan)
    sum.steps += result.steps
    sum.episodes++
    sum.virtualMs += result.virtualMs
    sum.published += result.published
    sum.delivered += result.delivered
    sum.told += result.told
    add(excused, result.excused)
    add(gaps, result.gaps)
    const [first] = result.violations
    if (first === undefined) continue
    const { id } = first
    const isKnown = id in violations
    violations[id] = (violations[id] ?? 0) + 1
    if (failed.length < FAILED_KEPT) failed.push(at)
    if (isKnown && failures.length >= shrinks) continue
    const small = failures.length < shrinks ? await shrink(plan, id) : plan
    const { log } = small === plan ? result : await perform(small)
    const failure: VirtualFailure = {
      seed,
      episode: at,
      invariant: id,
      rule: INVARIANTS[id],
      text: first.text,
      step: result.steps,
      setup: plan.setup,
      needed: small === plan ? [] : small.steps,
      log: untilViolation(log, lines),
    }
    failures.push(failure)
    tell?.(failure)
  }
  const { virtualMs, ...figures } = sum
  const virtualHours = Math.round(virtualMs / 36_000) / 100
  return { isFine: failed.length === 0, ...figures, virtualHours, excused, gaps, violations, failed, failures }
}

function untilViolation(log: readonly string[], lines: number): readonly string[] {
  const at = log.findIndex((line) => line.includes(' VIOLATION '))
  return log.slice(Math.max(0, at + 1 - lines), at + 1)
}

function add(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count
}

/** For people: how to see it again, and what happened. */
export function describeFailure({
  seed,
  episode,
  invariant,
  rule,
  text,
  step,
  setup,
  needed,
  log,
}: VirtualFailure): string {
  return [
    `${invariant} (${rule}): ${text}`,
    `at step ${step}; again: npm run chaos -- virtual --seed ${seed} --episode ${episode}`,
    JSON.stringify(setup),
    ...(needed.length > 0 ? [`${needed.length} steps are enough: ${JSON.stringify(needed)}`] : []),
    ...log,
  ].join('\n')
}
