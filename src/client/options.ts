/** Owns the options of `PullClient`: their meaning, defaults and checks. docs/OPTIONS.md says the same for readers. */
import type { ConfigSource } from '../config/config'
import type { BackoffOption } from '../connection/backoff'
import { PullError } from '../core/pull-error'
import { TRANSPORT_KINDS, type TransportKind } from '../core/transport-kind'
import type { PlatformOverrides } from '../platform/platform'
import type { PullSchemas } from './schemas'

/** Durations the client waits for, milliseconds. */
export interface TimeoutOptions {
  /** A transport that has not opened by then gets company by the next one. @default 2500 */
  raceAfterMs?: number
  /** An attempt that has not opened by then is given up. @default 8000 */
  connectTimeoutMs?: number
  /** An event stream at an address of its own that is silent for this long is taken for buffered by a proxy. @default 10000 */
  firstByteMs?: number
  /** A poll that waits this long without an error counts as connected, unconfirmed. @default 700 */
  pollConfirmMs?: number
  /** A poll without any answer for this long is asked again. Servers answer after 40 s. @default 60000 */
  pollHoldMs?: number
  /** A connection that lives this long counts as useful even if nothing was published. @default 5000 */
  usefulAfterMs?: number
  /** A replaced connection is read on for this long. @default 5000 */
  drainMs?: number
  /** First try of a better transport after landing on another one; doubles up to half an hour. @default 60000 */
  probeFirstMs?: number
  /** A configuration request without an answer for this long is given up and repeated. @default 30000 */
  configMs?: number
  /** Commands that reach all pages at once (`config_expire`, `server_restart`) are obeyed at random within this. @default 15000 */
  spreadMs?: number
}

export interface ReplayOptions {
  /** A resume asks again for what arrived this long before the break; repeats are dropped. @default 1500 ms */
  overlapMs?: number
  /** How many delivered messages are remembered to recognise repeats. @default 16384 */
  dedupeWindow?: number
}

/** Where the client's own lines go. Methods may be missing. */
export interface PullLogger {
  debug?(...parts: unknown[]): void
  warn?(...parts: unknown[]): void
  error?(...parts: unknown[]): void
}

export interface PullClientOptions {
  /** A configuration as `pull.config.get` returns it, a function that returns (a promise of) one, or a ready source. */
  config: object | ConfigSource
  /** `'auto'`, or one transport: forced, without fallback and racing. @default 'auto' */
  transport?: 'auto' | TransportKind
  /** Order tried in `'auto'`. @default ['websocket', 'sse', 'long-polling'] */
  transports?: readonly TransportKind[]
  /** Standard Schemas (zod, valibot, arktype) by event key: a payload that fails is not delivered to that key. */
  schemas?: PullSchemas
  /** Replaces members of the platform: tests and odd runtimes. */
  platform?: PlatformOverrides
  /** Use the portal's `https`/`wss` addresses. @default 'auto': what the page's own protocol says; plain ones first where there is no page */
  secure?: boolean | 'auto'
  /** When to try again. @default exponential with jitter; `'cloud'` where the portal uses the vendor's cloud */
  backoff?: BackoffOption
  timeouts?: TimeoutOptions
  replay?: ReplayOptions
  /** Remember for an hour, in `localStorage`, which transport worked. @default true */
  storage?: boolean
  /** Write every decision to the logger. @default false */
  debug?: boolean
  /** @default console */
  logger?: PullLogger
}

export const TIMEOUTS: Required<TimeoutOptions> = {
  raceAfterMs: 2500,
  connectTimeoutMs: 8000,
  firstByteMs: 10_000,
  // A waiting poll says nothing for up to 40 s. This short, a refused WebSocket is made up for within a second.
  pollConfirmMs: 700,
  pollHoldMs: 60_000,
  usefulAfterMs: 5000,
  drainMs: 5000,
  probeFirstMs: 60_000,
  configMs: 30_000,
  spreadMs: 15_000,
}
export const REPLAY: Required<ReplayOptions> = { overlapMs: 1500, dedupeWindow: 16_384 }
const TRANSPORTS: readonly TransportKind[] = ['websocket', 'sse', 'long-polling']
const BACKOFF = { baseMs: 0, capMs: 0, firstMs: 0, restartSpreadMs: 0 }

/** What is allowed, for the check: `true` in place of a test means that somebody else checks it. */
const CHECKS: Readonly<Record<keyof PullClientOptions, (value: unknown) => string | null>> = {
  config: () => null,
  transport: (value) =>
    value === 'auto' || isKind(value) ? null : `must be 'auto' or one of ${TRANSPORT_KINDS.join(', ')}`,
  transports: (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isKind)
      ? null
      : `must be a list of ${TRANSPORT_KINDS.join(', ')}`,
  schemas: (value) => (isObject(value) ? null : 'must be an object of Standard Schemas by event key'),
  platform: (value) => (isObject(value) ? null : 'must be an object'),
  secure: (value) => (typeof value === 'boolean' || value === 'auto' ? null : "must be true, false or 'auto'"),
  backoff: (value) =>
    typeof value === 'function' || value === 'cloud'
      ? null
      : durations(value, BACKOFF, "must be 'cloud', a function or durations"),
  timeouts: (value) => durations(value, TIMEOUTS, 'must be an object of durations'),
  replay: (value) => durations(value, REPLAY, 'must be an object of numbers'),
  storage: (value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  debug: (value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  logger: (value) => (isObject(value) ? null : 'must be an object with debug, warn and error'),
}

/** The options as they came, or a `PullError` `bad-option` that lists everything that is wrong. */
export function checkOptions(options: unknown): PullClientOptions {
  if (!isObject(options)) throw badOption(['options: must be an object with at least `config`'])
  const problems = Object.keys(options).map((key) => {
    const value = options[key]
    if (!Object.prototype.hasOwnProperty.call(CHECKS, key))
      return `${key}: is no option (known: ${Object.keys(CHECKS).join(', ')})`
    const problem = value === undefined ? null : CHECKS[key as keyof PullClientOptions](value)
    return problem === null ? '' : `${key}: ${problem}`
  })
  const found = problems.filter((problem) => problem !== '')
  if (found.length > 0) throw badOption(found)
  return options as unknown as PullClientOptions
}

/** The transports to try, in order; one means forced. */
export function wantedTransports({
  transport = 'auto',
  transports = TRANSPORTS,
}: PullClientOptions): readonly TransportKind[] {
  return transport === 'auto' ? transports.filter((kind, at) => transports.indexOf(kind) === at) : [transport]
}

function badOption(problems: readonly string[]): PullError {
  return new PullError('bad-option', `Wrong options: ${problems.join('; ')}.`, { facts: { problems } })
}

function durations(value: unknown, known: object, otherwise: string): string | null {
  if (!isObject(value)) return otherwise
  const wrong = Object.keys(value).filter((key) => {
    const number = value[key]
    return !(key in known) || (number !== undefined && !(typeof number === 'number' && number >= 0 && isFinite(number)))
  })
  return wrong.length === 0
    ? null
    : `${wrong.join(', ')}: unknown or not a number from 0 on (known: ${Object.keys(known).join(', ')})`
}

function isKind(value: unknown): value is TransportKind {
  return (TRANSPORT_KINDS as readonly unknown[]).indexOf(value) >= 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
