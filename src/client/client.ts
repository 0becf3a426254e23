/** Owns `PullClient`: it puts the parts together and keeps the promises of `start` and `stop`. It decides nothing else. */
import type { Codec } from '../codec/codec'
import { toConfigSource } from '../config/source'
import { backoffPolicy } from '../connection/backoff'
import type { MachineOptions } from '../connection/machine-types'
import { createTransportMemory } from '../connection/transport-memory'
import { createEmitter } from '../core/emitter'
import { PullError } from '../core/pull-error'
import type { TransportKind } from '../core/transport-kind'
import type { Platform } from '../platform/platform'
import { createCounters } from '../session/counters'
import type { PullEvent } from '../session/dispatch'
import { type Session, createSession } from '../session/session'
import { type ChannelsFact, type GapFact, type PullStatus, type StatusFact, sameStatus } from '../session/status'
import type { TransportFactory } from '../transport/transport'
import { type PullDiagnostics, diagnosticsOf } from './diagnostics'
import { type PullClientOptions, REPLAY, TIMEOUTS, checkOptions, wantedTransports } from './options'
import { checkPayload } from './schemas'
import { createTimeline } from './timeline'

/** What an entry gives a client to stand on. */
export interface ClientParts {
  readonly platform: () => Platform
  readonly factories: Readonly<Partial<Record<TransportKind, TransportFactory>>>
  readonly codec: Codec
}

export interface TransportFact {
  readonly transport: TransportKind | null
  readonly previous: TransportKind | null
}

/** The client's own keys: those without a colon. */
export interface PullLifecycle {
  status: StatusFact
  transport: TransportFact
  error: PullError
  gap: GapFact
  channels: ChannelsFact
}
const LIFECYCLE: Readonly<Record<keyof PullLifecycle, true>> = {
  status: true,
  transport: true,
  error: true,
  gap: true,
  channels: true,
}

/** Any `module:command` with an unknown payload: what a client knows when no event types are given. */
export type AnyEvents = Record<`${string}:${string}`, unknown>

export interface PullClientApi<Events extends object = AnyEvents> {
  /**
   * Subscribes. `status`, `transport`, `error`, `gap`, `channels` are the client's own; `module:*` and `*` get every event of
   * a module, or all; `module:command` gets `(params, event)`. Returns the undo, which may be called twice.
   * A throwing listener does not stop the others: it surfaces as `error` with code `listener-threw`.
   */
  on<K extends keyof PullLifecycle>(key: K, listener: (fact: PullLifecycle[K]) => void): () => void
  on(key: '*' | `${string}:*`, listener: (event: PullEvent) => void): () => void
  on<K extends keyof Events & string>(
    key: K,
    listener: (params: Events[K], event: PullEvent<Events[K]>) => void,
  ): () => void
  /**
   * Connects; resolves when connected for the first time. One promise however often it is called.
   * @throws PullError (as a rejection) when it cannot ever work (`forbidden`, `disabled`, `no-transport`, `bad-config`), or `stopped`
   */
  start(): Promise<void>
  /** Ends everything: no timer, listener, socket or request is left. May be called twice; `start()` begins anew. */
  stop(): Promise<void>
  readonly status: PullStatus
  /** The transport in use, or `null`. */
  readonly transport: TransportKind | null
  /** What is going on and what has happened, as plain JSON without secrets. */
  diagnostics(): PullDiagnostics
}

interface Starting {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: PullError): void
}

const IDLE: StatusFact = { status: 'idle', transport: null, reason: 'starting', skipped: {} }

export function createClient(parts: ClientParts, given: unknown): PullClientApi {
  const options = checkOptions(given)
  const source = toConfigSource(options.config)
  const wanted = wantedTransports(options)
  const platform = platformOf(parts.platform(), options)
  const logger = options.logger ?? platform.console ?? {}
  const timeline = createTimeline()
  const memory = options.storage !== false && wanted.length > 1 ? createTransportMemory(platform) : null
  const emitter = createEmitter(listenerThrew)
  let fact = IDLE
  let session: Session | null = null
  let starting: Starting | null = null

  function emit<K extends keyof PullLifecycle>(key: K, payload: PullLifecycle[K]): void {
    emitter.emit(key, payload)
  }

  function note(entry: Parameters<typeof timeline.add>[0]): void {
    timeline.add(entry)
    if (options.debug) logger.debug?.('bx-pull', entry)
  }

  function report(error: PullError): void {
    note({ atMs: platform.clock.now(), what: 'error', code: error.code, detail: error.message })
    if (emitter.count('error') === 0) logger.error?.(`bx-pull: ${error.message}`, error.cause ?? '')
    else emit('error', error)
  }

  function listenerThrew(thrown: unknown, key: string): void {
    // A listener of `error` that throws must not be told about itself for ever.
    if (key === 'error') return logger.error?.('bx-pull: a listener of `error` threw', thrown)
    report(
      new PullError('listener-threw', `A listener of ${key} threw; the others were served.`, {
        cause: thrown,
        facts: { key },
      }),
    )
  }

  function setStatus(next: StatusFact): void {
    if (sameStatus(fact, next)) return
    const previous = fact
    fact = next
    note({
      atMs: platform.clock.now(),
      what: 'status',
      detail: `${next.status} ${next.transport ?? ''} ${next.reason}`,
    })
    if (next.transport !== previous.transport)
      emit('transport', { transport: next.transport, previous: previous.transport })
    emit('status', next)
    if (next.status === 'connected') starting?.resolve()
  }

  function deliver(event: PullEvent): void {
    const { module, command } = event
    const key = `${module}:${command}`
    const schema = options.schemas && own(options.schemas, key)
    const checked = schema && checkPayload(schema, key, event.params)
    if (checked && !checked.ok) report(checked.error)
    else {
      const typed = checked ? { ...event, params: checked.params } : event
      emitter.emit(key, typed.params, typed)
    }
    emitter.emit(`${module}:*`, event)
    emitter.emit('*:*', event)
  }

  function begin(): Starting {
    let resolve = (): void => {}
    let reject = (_: PullError): void => {}
    const promise = new Promise<void>((onResolve, onReject) => {
      resolve = onResolve
      reject = onReject
    })
    // Nobody has to await `start()`: failures are told by `error` and `status` too.
    promise.catch(() => {})
    session = createSession({
      platform,
      source,
      secure: isSecure(options.secure, platform),
      codec: parts.codec,
      factories: parts.factories,
      wanted,
      preferred: memory?.recall() ?? null,
      machineOptions: ({ mode }) => machineOptions(options, mode),
      timeouts: { ...TIMEOUTS, ...options.timeouts },
      replay: { ...REPLAY, ...options.replay },
      spreadMs: options.timeouts?.spreadMs ?? TIMEOUTS.spreadMs,
      deliver,
      status: setStatus,
      channels(channels) {
        note({ atMs: platform.clock.now(), what: 'channels', detail: channels.reason })
        emit('channels', channels)
      },
      gap(gap) {
        note({ atMs: platform.clock.now(), what: 'gap', detail: `${gap.certainty} ${gap.reason}` })
        emit('gap', gap)
      },
      warn: report,
      fatal(error) {
        const waiting = starting
        end(error.code)
        report(error)
        waiting?.reject(error)
      },
      record: (entry) => note({ atMs: platform.clock.now(), ...entry }),
      remember: (kind) => memory?.remember(kind),
    })
    return { promise, resolve, reject }
  }

  function end(reason: string): void {
    session?.stop()
    session = null
    starting = null
    setStatus({ status: 'stopped', transport: null, reason, skipped: fact.skipped })
  }

  return {
    on: (key: string, listener: (...args: never[]) => void) => emitter.on(keyOf(key, listener), listener),
    start() {
      if (starting) return starting.promise
      const mine = (starting = begin())
      setStatus({ status: 'connecting', transport: null, reason: 'starting', skipped: {} })
      // A listener of `status` may have stopped the client: there is no session then, and the promise is rejected.
      session?.start()
      return mine.promise
    },
    stop() {
      const waiting = starting
      if (session) end('stopped')
      waiting?.reject(stoppedError())
      return Promise.resolve()
    },
    get status() {
      return fact.status
    },
    get transport() {
      return fact.transport
    },
    diagnostics: () => diagnosticsOf(fact, session?.view() ?? null, createCounters(), timeline.entries()),
  } as PullClientApi
}

function stoppedError(): PullError {
  return new PullError(
    'stopped',
    'The client was stopped before it connected. Call start() again when events are wanted.',
  )
}

/** Modules are compared in lower case, as they arrive; commands as they are. */
function keyOf(key: unknown, listener: unknown): string {
  if (typeof listener !== 'function')
    throw new PullError('bad-option', 'on(key, listener): the listener must be a function.')
  if (key === '*') return '*:*'
  const at = typeof key === 'string' ? key.indexOf(':') : -1
  if (at > 0) return `${(key as string).slice(0, at).toLowerCase()}${(key as string).slice(at)}`
  if (typeof key === 'string' && Object.prototype.hasOwnProperty.call(LIFECYCLE, key)) return key
  throw new PullError(
    'bad-option',
    `on(${JSON.stringify(key)}): keys are 'module:command', 'module:*', '*', or one of ${Object.keys(LIFECYCLE).join(', ')}.`,
  )
}

function platformOf(platform: Platform, { platform: overrides }: PullClientOptions): Platform {
  const given = Object.keys(overrides ?? {}).filter((key) => overrides?.[key as keyof Platform] !== undefined)
  return given.reduce((all, key) => ({ ...all, [key]: overrides?.[key as keyof Platform] }), platform)
}

/** Without a page the plain addresses come first: the secure ones serve where they are the only ones. */
function isSecure(option: boolean | 'auto' = 'auto', { page }: Platform): boolean {
  return option === 'auto' ? page?.protocol === 'https:' : option
}

function machineOptions(options: PullClientOptions, mode: 'personal' | 'shared'): MachineOptions {
  const t = { ...TIMEOUTS, ...options.timeouts }
  const backoff = options.backoff ?? (mode === 'shared' ? 'cloud' : {})
  return {
    backoff: backoffPolicy(backoff),
    raceAfterMs: t.raceAfterMs,
    connectTimeoutMs: t.connectTimeoutMs,
    firstByteMs: t.firstByteMs,
    usefulAfterMs: t.usefulAfterMs,
    drainMs: t.drainMs,
    floorMs: 250,
    probeFirstMs: t.probeFirstMs,
    probeLongestMs: 1_800_000,
    restartSpreadMs: t.spreadMs,
    // The vendor's cloud blocks clients that ask faster than its ladder: a hint adds one attempt a minute there.
    hintFloorMs: backoff === 'cloud' ? 60_000 : 250,
  }
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(record, key) ? record[key] : undefined
}
