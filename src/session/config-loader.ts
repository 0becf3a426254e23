/** Owns the runner of the config machine: one request at a time, with a deadline, through the source given by the caller. */
import type { ConfigReason, ConfigSource, PullConfig } from '../config/config'
import { parseConfig } from '../config/parse'
import { PullError, toPullError } from '../core/pull-error'
import type { Platform } from '../platform/platform'
import { CONFIG_OPTIONS, type ConfigEffect, type ConfigEvent, type ConfigState, configStep } from './config-machine'

export interface ConfigLoaderDeps {
  readonly platform: Platform
  readonly source: ConfigSource
  readonly secure: boolean
  /** A request without an answer for this long is given up. */
  readonly timeoutMs: number
  /** A configuration came; answers when it should be renewed (local Unix ms, `null`: never). */
  adopted(config: PullConfig, sentAtMs: number): number | null
  /** A load failed and is retried. */
  failed(error: PullError): void
  /** It cannot ever work. */
  fatal(error: PullError): void
}

export interface ConfigLoader {
  start(): void
  /** Asks for another configuration, at a random moment within `withinMs`. */
  want(reason: ConfigReason, withinMs?: number): void
  stop(): void
}

export function createConfigLoader(deps: ConfigLoaderDeps): ConfigLoader {
  const { platform } = deps
  const { clock } = platform
  let state: ConfigState = { phase: 'idle' }
  let timer: unknown = null
  let abort: AbortController | null = null
  let hasLoaded = false

  function dispatch(event: ConfigEvent): void {
    const step = configStep(state, event, { nowMs: clock.now(), chance: platform.random() }, CONFIG_OPTIONS)
    state = step.state
    step.effects.forEach(run)
  }

  function run(effect: ConfigEffect): void {
    switch (effect.type) {
      case 'load':
        void load(effect.reason)
        return
      case 'plan':
        cancelTimer()
        // Longer than a timer can be: it fires early and the answer, still good, plans the next one.
        timer = clock.setTimeout(() => dispatch({ type: 'due' }), Math.min(effect.delayMs, 2 ** 31 - 1))
        return
      case 'cancel':
        return cancelTimer()
      default:
        return effect satisfies never
    }
  }

  function cancelTimer(): void {
    if (timer !== null) clock.clearTimeout(timer)
    timer = null
  }

  async function load(reason: ConfigReason): Promise<void> {
    const mine = new AbortController()
    abort = mine
    const sentAtMs = clock.now()
    let deadline: unknown = null
    const late = new Promise<never>((_, reject) => {
      deadline = clock.setTimeout(() => {
        reject(
          new PullError(
            'config-unavailable',
            'The configuration did not come in time: check that the portal answers.',
            { retryable: true },
          ),
        )
        mine.abort()
      }, deps.timeoutMs)
      mine.signal.addEventListener('abort', () => reject(new PullError('stopped', 'The client was stopped.')))
    })
    try {
      const asked = deps.source({ reason, signal: mine.signal, fetch: platform.fetch })
      const raw = await Promise.race([asked, late])
      if (abort !== mine) return
      const config = parseConfig(raw, { secure: deps.secure })
      const renewAtMs = deps.adopted(config, sentAtMs)
      hasLoaded = true
      // Adopting may have stopped the client.
      if (abort === mine) dispatch({ type: 'loaded', renewAtMs })
    } catch (thrown) {
      if (abort !== mine) return
      const error = toPullError(thrown, 'config-unavailable', 'The configuration source failed: see `cause`.', true)
      // Garbage in place of a renewed configuration is a bad moment of the portal; a refusal is its word.
      const isFinal = !error.retryable && (!hasLoaded || error.code === 'forbidden' || error.code === 'disabled')
      if (isFinal) return deps.fatal(error)
      deps.failed(error)
      if (abort === mine) dispatch({ type: 'failed' })
    } finally {
      clock.clearTimeout(deadline)
    }
  }

  return {
    start: () => dispatch({ type: 'start' }),
    want: (reason, withinMs = 0) => dispatch({ type: 'wanted', reason, withinMs }),
    stop() {
      const running = abort
      abort = null
      running?.abort()
      dispatch({ type: 'stop' })
    },
  }
}
