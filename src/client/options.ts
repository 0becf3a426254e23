/** Owns the options of `PullClient`: their meaning, defaults and checks. docs/OPTIONS.md says the same for readers. */
import type { ConfigSource } from '../config/config'
import type { BackoffOption, BackoffOptions } from '../connection/backoff'
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
const BACKOFF: Required<BackoffOptions> = { baseMs: 0, capMs: 0, firstMs: 0, restartSpreadMs: 0 }

/** What an option may be: a test and the words for it. `undefined` is always as good as missing. */
type Rule = readonly [fits: (value: unknown) => boolean, expected: string]

const isFlag = (value: unknown): boolean => typeof value === 'boolean'
const FLAG: Rule = [isFlag, 'true or false']
const OBJECT: Rule = [isObject, 'an object']
const KINDS = TRANSPORT_KINDS.join(', ')
const RULES: Readonly<Record<keyof PullClientOptions, Rule>> = {
  // Checked where it is made a source.
  config: [() => true, ''],
  transport: [(value) => value === 'auto' || isKind(value), `auto, ${KINDS}`],
  transports: [(value) => Array.isArray(value) && value.length > 0 && value.every(isKind), `a list of ${KINDS}`],
  schemas: OBJECT,
  platform: OBJECT,
  secure: [(value) => isFlag(value) || value === 'auto', 'true, false or auto'],
  backoff: [
    (value) => typeof value === 'function' || value === 'cloud' || areNumbers(value, BACKOFF),
    `cloud, a function or ${numbersOf(BACKOFF)}`,
  ],
  timeouts: [(value) => areNumbers(value, TIMEOUTS), numbersOf(TIMEOUTS)],
  replay: [(value) => areNumbers(value, REPLAY), numbersOf(REPLAY)],
  storage: FLAG,
  debug: FLAG,
  logger: OBJECT,
}

/** The options as they came, or a `PullError` `bad-option` that lists everything that is wrong. */
export function checkOptions(options: unknown): PullClientOptions {
  if (!isObject(options)) throw badOption(['options must be an object with config'])
  const problems = Object.keys(options)
    .filter((key) => options[key] !== undefined)
    .map((key) => {
      const rule = has(RULES, key) && RULES[key as keyof PullClientOptions]
      if (!rule) return `${key} is unknown (known: ${Object.keys(RULES).join(', ')})`
      return rule[0](options[key]) ? '' : `${key} must be ${rule[1]}`
    })
    .filter((problem) => problem !== '')
  if (problems.length > 0) throw badOption(problems)
  return options as unknown as PullClientOptions
}

/** The transports to try, in order; one means forced. */
export function wantedTransports({ transport = 'auto', transports = TRANSPORTS }: PullClientOptions): TransportKind[] {
  return transport === 'auto' ? transports.filter((kind, at) => transports.indexOf(kind) === at) : [transport]
}

function badOption(problems: readonly string[]): PullError {
  return new PullError('bad-option', `Wrong options: ${problems.join('; ')}.`, { facts: { problems } })
}

function areNumbers(value: unknown, known: object): boolean {
  if (!isObject(value)) return false
  return Object.keys(value).every((key) => {
    const number = value[key]
    return has(known, key) && (number === undefined || (typeof number === 'number' && number >= 0 && isFinite(number)))
  })
}

function numbersOf(known: object): string {
  return `an object of numbers from 0 on (${Object.keys(known).join(', ')})`
}

function isKind(value: unknown): value is TransportKind {
  return (TRANSPORT_KINDS as readonly unknown[]).indexOf(value) >= 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `in` would find `toString`. */
export function has(record: object, key: string): boolean {
  return Object.prototype.hasOwnProperty.call(record, key)
}
