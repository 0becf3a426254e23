/** Owns `PullClient`: it puts the parts together and keeps the promises of `start` and `stop`. It decides nothing else. */
import type { PullConfig } from '../config/config'
import { toConfigSource } from '../config/source'
import { backoffPolicy } from '../connection/backoff'
import type { MachineOptions } from '../connection/machine-types'
import { createTransportMemory } from '../connection/transport-memory'
import { createEmitter } from '../core/emitter'
import { PullError } from '../core/pull-error'
import type { TransportKind } from '../core/transport-kind'
import type { Platform } from '../platform/platform'
import { steadyClock } from '../platform/steady-clock'
import type { Presence } from '../presence/presence'
import type { SendMessage } from '../publish/draft'
import { PUBLISH, type SendResult } from '../publish/publisher'
import type { PullEvent } from '../session/dispatch'
import type { Codecs } from '../session/framing'
import { createSession } from '../session/session'
import type { Session } from '../session/session-types'
import { type ChannelsFact, type GapFact, type PullStatus, type StatusFact, sameStatus } from '../session/status'
import type { TransportFactory } from '../transport/transport'
import { createFeatures } from './features'
import { NOTHING_YET, type PullDiagnostics, reportOf } from './diagnostics'
import { REPLAY, TIMEOUTS, checkOptions, portalOf, wantedTransports, withDefaults } from './options'
import { checkPayload } from './schemas'
import { type TimelineNote, createTimeline } from './timeline'

/** What an entry gives a client to stand on. */
export interface ClientParts {
  readonly platform: () => Platform
  readonly factories: Readonly<Partial<Record<TransportKind, TransportFactory>>>
  readonly codecs: Codecs
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
const LIFECYCLE: readonly string[] = [
  'status',
  'transport',
  'error',
  'gap',
  'channels',
] satisfies (keyof PullLifecycle)[]

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
  /**
   * Sends a message to other users' pages: they get it as `module:command`, with `sender.type` `client`. Needs version 4
   * with publishing switched on, or newer. While nothing is connected it waits, see `expiry` and `options.publish`.
   * @throws PullError (as a rejection) `bad-option`, `expired`, `queue-full`, `unknown-recipient`, `not-supported`, `no-answer`,
   * `server-refused`, `stopped`, or what the portal answered
   */
  send(message: SendMessage): Promise<SendResult>
  /**
   * Tells the portal that this page looks at something (a chat, a task), so that it gets its events; renewed while the client
   * is started. Returns the undo, which may be called twice. A tag the portal dropped is told by `error`, code `watch-dropped`:
   * watching it again asks for it again.
   * @throws PullError `bad-option`
   */
  watch(tag: string): () => void
  /** Who is connected now, and who was seen when. */
  readonly presence: Presence
  readonly status: PullStatus
  /** The transport in use, or `null`. */
  readonly transport: TransportKind | null
  /** What is going on and what has happened, as plain JSON without secrets; after an end, what the last session came to. */
  diagnostics(): PullDiagnostics
}

const IDLE: StatusFact = { status: 'idle', transport: null, reason: 'starting', skipped: {} }

/** `lend` is given a look at the session in use: the facade of old names steers it in ways that have no name here. */
export function createClient(
  parts: ClientParts,
  given: unknown,
  lend?: (current: () => Session | null) => void,
): PullClientApi {
  const options = checkOptions(given)
  const source = toConfigSource(options.config)
  const wanted = wantedTransports(options)
  const platform = withDefaults(parts.platform(), options.platform)
  const timeouts = withDefaults(TIMEOUTS, options.timeouts)
  const logger = options.logger || platform.console || {}
  const timeline = createTimeline()
  const { page } = platform
  const clock = steadyClock(platform.clock)
  const remembers = options.storage !== false && wanted.length > 1
  const replay = options.storage === false ? { ...REPLAY, reloadMs: 0 } : REPLAY
  const memory = createTransportMemory({ ...platform, storage: remembers ? platform.storage : null })
  const emitter = createEmitter(listenerThrew)
  const features = createFeatures({
    platform,
    clock,
    portal: portalOf(options),
    portalMs: timeouts.configMs,
    publish: withDefaults(PUBLISH, options.publish),
    report,
    listenerThrew,
  })
  let fact = IDLE
  let session: Session | null = null
  let lastReport = NOTHING_YET
  let starting: Promise<void> | null = null
  let resolve = (): void => {}
  let reject: (error: PullError) => void = resolve
  if (lend) lend(() => session)

  /** Tells the page, and keeps a line for people. */
  function tell<K extends keyof PullLifecycle>(key: K, payload: PullLifecycle[K], detail: string): void {
    note({ what: key, detail })
    emitter.emit(key, payload)
  }

  function note(entry: TimelineNote): void {
    const line = { atMs: platform.clock.now(), ...entry }
    timeline.add(line)
    if (options.debug && logger.debug) logger.debug('bx-pull', line)
  }

  function complain(message: string, cause: unknown): void {
    if (logger.error) logger.error(`bx-pull: ${message}`, cause)
  }

  function report(error: PullError): void {
    if (emitter.count('error') === 0) complain(error.message, error.cause)
    tell('error', error, `${error.code}: ${error.message}`)
  }

  function listenerThrew(thrown: unknown, key: string): void {
    // A listener of `error` that throws must not be told about itself for ever.
    if (key === 'error') return complain('a listener of `error` threw', thrown)
    const message = `A listener of ${key} threw`
    report(new PullError('listener-threw', message, { cause: thrown, facts: { key } }))
  }

  function setStatus(next: StatusFact): void {
    if (sameStatus(fact, next)) return
    const previous = fact.transport
    const { status, transport, reason } = next
    fact = next
    if (transport !== previous) tell('transport', { transport, previous }, transport || 'none')
    // A listener may have stopped the client, and even started it again: that is told already, and another promise.
    if (fact === next) tell('status', next, `${status} ${reason}`)
    if (fact === next && status === 'connected') resolve()
  }

  function deliver(event: PullEvent): void {
    const { module, command } = event
    features.received(event)
    // Anybody may publish under a name that looks like a pattern: listeners of the pattern must not take it for theirs.
    if (module !== '*' && command !== '*') deliverToKey(event)
    if (module !== '*') emitter.emit(`${module}:*`, event)
    emitter.emit('*:*', event)
  }

  function deliverToKey(event: PullEvent): void {
    const key = `${event.module}:${event.command}`
    try {
      const params = checkPayload(options.schemas, key, event.params)
      emitter.emit(key, params, params === event.params ? event : { ...event, params })
    } catch (invalid) {
      report(invalid as PullError)
    }
  }

  function begin(): Session {
    return createSession({
      platform,
      clock,
      source,
      // Without a page the plain addresses come first: the secure ones serve where they are the only ones.
      secure: typeof options.secure === 'boolean' ? options.secure : !!page && page.protocol === 'https:',
      codecs: parts.codecs,
      framing: options.framing || 'auto',
      factories: parts.factories,
      wanted,
      preferred: memory.recall(),
      machineOptions,
      timeouts,
      replay: withDefaults(replay, options.replay),
      deliver,
      status: setStatus,
      channels: (channels) => tell('channels', channels, channels.reason),
      gap: (gap) => tell('gap', gap, `${gap.certainty} ${gap.reason}`),
      warn: report,
      fatal: end,
      record: note,
      remember: memory.remember,
    })
  }

  function machineOptions({ mode }: PullConfig): MachineOptions {
    const backoff = options.backoff || (mode === 'shared' ? 'cloud' : {})
    return {
      ...timeouts,
      backoff: backoffPolicy(backoff),
      floorMs: 250,
      probeLongestMs: 1_800_000,
      restartSpreadMs: timeouts.spreadMs,
      // The vendor's cloud blocks clients that ask faster than its ladder: a hint adds one attempt a minute there.
      hintFloorMs: backoff === 'cloud' ? 60_000 : 250,
    }
  }

  /** The session is over: the user said so (`stopped`), or it cannot ever work. */
  function end(error: PullError): void {
    features.stop(error)
    if (!session) return
    // A listener may start the client again, which is another promise.
    const rejectThis = reject
    lastReport = reportOf(session.view())
    session.stop(error)
    session = null
    starting = null
    setStatus({ status: 'stopped', transport: null, reason: error.code, skipped: fact.skipped })
    if (error.code !== 'stopped') report(error)
    rejectThis(error)
  }

  return {
    on: (key: string, listener: (...args: never[]) => void) => emitter.on(keyOf(key, listener), listener),
    start() {
      if (starting) return starting
      const mine = (starting = new Promise((onResolve, onReject) => {
        resolve = onResolve
        reject = onReject
      }))
      // Nobody has to await it: failures are told by `error` and `status` too.
      mine.catch(() => {})
      const begun = (session = begin())
      setStatus({ status: 'connecting', transport: null, reason: 'starting', skipped: {} })
      // A listener of `status` may have stopped the client, and even started it again: the promise is rejected then.
      if (session === begun) {
        features.attach(begun)
        begun.start()
      }
      return mine
    },
    send: features.send,
    watch: features.watch,
    presence: features.presence,
    stop() {
      end(new PullError('stopped', 'Stopped: call start() again'))
      return Promise.resolve()
    },
    get status() {
      return fact.status
    },
    get transport() {
      return fact.transport
    },
    diagnostics: () => ({
      ...fact,
      ...(session ? reportOf(session.view()) : lastReport),
      ...features.counts(),
      timeline: timeline.entries(),
    }),
  } as PullClientApi
}

/** Modules are compared in lower case, as they arrive; commands as they are. */
function keyOf(given: unknown, listener: unknown): string {
  const key = given === '*' ? '*:*' : String(given)
  const at = key.indexOf(':') + 1
  if (typeof listener === 'function' && (at > 1 || LIFECYCLE.includes(key))) {
    return key.slice(0, at).toLowerCase() + key.slice(at)
  }
  const keys = `'module:command', 'module:*', '*', ${LIFECYCLE.join(', ')}`
  throw new PullError('bad-option', `on(key, listener) needs a function and one of ${keys}`)
}
