/** Owns the runner of the config machine: one request at a time, with a deadline, through the source given by the caller. */
import type { ConfigReason, ConfigSource, PullConfig } from '../config/config'
import { parseConfig } from '../config/parse'
import { PullError, toPullError } from '../core/pull-error'
import type { Clock, Platform } from '../platform/platform'
import { type ConfigEvent, IDLE, configStep } from './config-machine'

export interface ConfigLoaderDeps {
  readonly platform: Platform
  /** Never set back; a source is given the device's own, because it may store what it was told. */
  readonly clock: Clock
  readonly source: ConfigSource
  readonly secure: boolean
  /** A request without an answer for this long is given up. */
  readonly timeouts: { readonly configMs: number }
  /** A request leaves. */
  asked(): void
  /** A load failed and is retried. */
  warn(error: PullError): void
  /** It cannot ever work. */
  fatal(error: PullError): void
}

export interface ConfigLoader {
  start(): void
  /** Asks for another configuration, at a random moment within `withinMs`. */
  want(reason: ConfigReason, withinMs?: number): void
  /** For good. */
  stop(): void
}

/** `adopt`: a configuration came; answers when it should be renewed (local Unix ms, `null`: never). */
export function createConfigLoader(
  deps: ConfigLoaderDeps,
  adopt: (config: PullConfig, sentAtMs: number) => number | null,
): ConfigLoader {
  const { platform, clock } = deps
  let state = IDLE
  let timer: unknown = null
  let hasLoaded = false
  let giveUp = (): void => {}

  function dispatch(event: ConfigEvent): void {
    const before = state
    const nowMs = clock.now()
    state = configStep(state, event, nowMs, platform.random())
    if (state === before) return
    clock.clearTimeout(timer)
    if (state.phase === 'loading') void load()
    else if (state.dueAtMs < Infinity) {
      // Longer than a timer can be: it fires early and the answer, still good, plans the next one.
      timer = clock.setTimeout(() => dispatch({ type: 'due' }), Math.min(state.dueAtMs - nowMs, 2 ** 31 - 1))
    }
  }

  async function load(): Promise<void> {
    const request = new AbortController()
    const sentAtMs = clock.now()
    deps.asked()
    const late = new Promise<never>((_, reject) => {
      giveUp = () => {
        const message = 'No configuration came in time: check that the portal answers.'
        reject(new PullError('config-unavailable', message, { retryable: true }))
        request.abort()
      }
    })
    const deadline = clock.setTimeout(giveUp, deps.timeouts.configMs)
    try {
      const { fetch, storage } = platform
      const asked = deps.source({ reason: state.reason, signal: request.signal, fetch, storage, clock: platform.clock })
      const raw = await Promise.race([asked, late])
      if (state.phase !== 'loading') return
      const renewAtMs = adopt(parseConfig(raw, { secure: deps.secure }), sentAtMs)
      hasLoaded = true
      // Adopting may have stopped the client: then this comes too late, like the failure below.
      dispatch({ type: 'loaded', renewAtMs })
    } catch (thrown) {
      if (state.phase !== 'loading') return
      const error = toPullError(thrown, 'config-unavailable', 'The configuration source failed: see `cause`.', true)
      // Garbage in place of a renewed configuration is a bad moment of the portal; a refusal is its word.
      const isFinal = !error.retryable && (!hasLoaded || error.code === 'forbidden' || error.code === 'disabled')
      if (isFinal) return deps.fatal(error)
      deps.warn(error)
      dispatch({ type: 'failed' })
    } finally {
      clock.clearTimeout(deadline)
    }
  }

  return {
    start: () => dispatch({ type: 'start' }),
    want: (reason, withinMs = 0) => dispatch({ type: 'wanted', reason, withinMs }),
    stop() {
      dispatch({ type: 'stop' })
      giveUp()
    },
  }
}
