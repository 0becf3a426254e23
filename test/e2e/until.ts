/** Waiting for facts: no test here sleeps and hopes. */
import { setTimeout as sleep } from 'node:timers/promises'

const EVERY_MS = 20

/** Waits until `check` gives a value (not `undefined`, `null` or `false`), and returns it. Late is a failure. */
export async function until<T>(
  what: string,
  withinMs: number,
  check: () => T | Promise<T>,
  explain: () => unknown = () => '',
): Promise<Exclude<T, undefined | null | false>> {
  const endAtMs = Date.now() + withinMs
  for (;;) {
    // Asked once more after the end: a busy machine must not turn a fact into a failure because nobody looked.
    const isLast = Date.now() >= endAtMs
    const value = await check()
    if (value !== undefined && value !== null && value !== false) {
      return value as Exclude<T, undefined | null | false>
    }
    if (isLast) {
      const state = JSON.stringify(await explain(), null, 1)
      throw new Error(`Not within ${withinMs} ms: ${what}\n${state}`)
    }
    await sleep(EVERY_MS)
  }
}

/** Only for showing that something does NOT happen: absence has no fact to wait for. */
export const observe = (ms: number): Promise<void> => sleep(ms)
