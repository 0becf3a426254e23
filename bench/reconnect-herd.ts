/**
 * What a server sees when it comes back: 10 000 clients that lost it in the same second, each deciding by the real
 * back-off policy. Virtual time. Run: `node .ci/ts.mjs bench/reconnect-herd.ts`
 */
import { backoffPolicy, type BackoffPolicy } from '../src/connection/backoff'
import type { LossReason } from '../src/core/loss'

const CLIENTS = 10_000
const OUTAGES_S = [2, 10, 60, 300]
const FLOOR_MS = 250
/** Time an attempt takes to be refused, and to open. */
const REFUSED_MS = 5
const SEED = 20_261_120

/** Repeatable (mulberry32). */
function randomness(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Herd {
  /** Attempts, ms after the loss, of all clients. */
  readonly attemptsAtMs: readonly number[]
  /** When each was back. */
  readonly backAtMs: readonly number[]
}

function simulate(policy: BackoffPolicy, first: LossReason, outageMs: number, chance: () => number): Herd {
  const attemptsAtMs: number[] = []
  const backAtMs: number[] = []
  for (let client = 0; client < CLIENTS; client++) {
    let atMs = 0
    for (let failures = 1; ; failures++) {
      const wasUseful = failures === 1
      const reason = wasUseful ? first : 'network'
      const delayMs = policy({
        failures,
        code: null,
        reason,
        wasUseful,
        elapsedMs: atMs,
        chance: chance(),
      })
      atMs += wasUseful ? delayMs : Math.max(delayMs, FLOOR_MS)
      attemptsAtMs.push(atMs)
      if (atMs >= outageMs) break
      atMs += REFUSED_MS
    }
    backAtMs.push(atMs)
  }
  return { attemptsAtMs, backAtMs: backAtMs.sort((a, b) => a - b) }
}

/** Most events in any second, as a share of the clients. */
function peakShare(instantsMs: readonly number[]): number {
  const sorted = [...instantsMs].sort((a, b) => a - b)
  let most = 0
  let from = 0
  sorted.forEach((atMs, at) => {
    while (atMs - sorted[from]! >= 1000) from++
    most = Math.max(most, at - from + 1)
  })
  return most / CLIENTS
}

const CASES: readonly (readonly [string, BackoffPolicy, LossReason])[] = [
  ['default, killed (1006)', backoffPolicy(), 'dropped'],
  ['default, restarted (1001, 1012)', backoffPolicy(), 'server-restart'],
  ['cloud, killed (1006)', backoffPolicy('cloud'), 'dropped'],
]

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

console.log(`${CLIENTS} clients, seed ${SEED}. Waits count from the moment the server is back.\n`)
console.log(
  '| policy | outage | peak of attempts in a second while down | peak of connects in a second | p50 wait | p99 wait | attempts per client |',
)
console.log('|---|---|---|---|---|---|---|')
for (const [name, policy, reason] of CASES) {
  for (const outageS of OUTAGES_S) {
    const outageMs = outageS * 1000
    const { attemptsAtMs, backAtMs } = simulate(policy, reason, outageMs, randomness(SEED))
    const wait = (share: number): string => seconds(backAtMs[Math.floor(share * (CLIENTS - 1))]! - outageMs)
    const down = attemptsAtMs.filter((atMs) => atMs < outageMs)
    console.log(
      `| ${name} | ${outageS} s | ${percent(peakShare(down))} | ${percent(peakShare(backAtMs))} | ${wait(0.5)} | ${wait(0.99)} | ` +
        `${(attemptsAtMs.length / CLIENTS).toFixed(1)} |`,
    )
  }
}
