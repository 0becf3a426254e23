/** Owns the options of `PullClient`: their meaning, defaults and checks. docs/OPTIONS.md says the same for readers. */
import type { ConfigSource } from '../config/config'
import { isRecord } from '../portal/foreign-value'
import { BACKOFF, type BackoffOption } from '../connection/backoff'
import { PullError } from '../core/pull-error'
import { TRANSPORT_KINDS, type TransportKind } from '../core/transport-kind'
import type { PlatformOverrides } from '../platform/platform'
import type { Portal } from '../portal/portal'
import { PUBLISH, type PublishOptions } from '../publish/publisher'
import type { FramingOption } from '../session/framing'
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
  /** A server that pings (version 5, every 10 s) and was silent for this long is given up. @default 20000 */
  silenceMs?: number
  /** A request to the push server without an answer for this long fails. @default 5000 */
  requestMs?: number
  /** A configuration request without an answer for this long is given up and repeated. @default 30000 */
  configMs?: number
  /** Commands that reach all pages at once (`config_expire`, `server_restart`) are obeyed at random within this. @default 15000 */
  spreadMs?: number
}

export interface ReplayOptions {
  /** A resume asks again for what arrived this long before the break; repeats are dropped. @default 1500 ms */
  overlapMs?: number
  /**
   * How many delivered messages are remembered to recognise repeats; up to 16 times as many while the next connection would
   * ask for them again. @default 16384
   */
  dedupeWindow?: number
  /**
   * The next page in the same tab goes on where the last one was, if it loads within this time: what was published meanwhile
   * is delivered with `replayed: true`. Counted from the last sign of life of the page; kept in `sessionStorage`, without
   * secrets. Servers keep a day, but a page that was gone for longer fetches what it shows anyway. 0 switches it off, and so
   * does `storage: false`. @default 600000 ms
   */
  reloadMs?: number
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
  /** What a server of version 4 is asked for; the other generations have one framing each. @default 'auto': protobuf */
  framing?: FramingOption
  /**
   * Who answers what publishing, watch tags and presence ask beside the configuration: a source such as `restConfig(...)`, or a
   * function. @default the source given as `config`
   */
  portal?: Portal | { readonly portal?: Portal }
  /** How long, and how many messages of `send()` wait for a connection. */
  publish?: PublishOptions
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
  silenceMs: 20_000,
  requestMs: 5000,
  configMs: 30_000,
  spreadMs: 15_000,
}
export const REPLAY: Required<ReplayOptions> = { overlapMs: 1500, dedupeWindow: 16_384, reloadMs: 600_000 }

/** Says what a value must be if it is wrong, else nothing. `undefined` is always as good as missing. */
type Check = (value: unknown) => string | false

const flag = oneOf(true, false)
const kind = oneOf(...TRANSPORT_KINDS)
const CHECKS: Readonly<Record<keyof PullClientOptions, Check>> = {
  // Checked where it is made a source.
  config: () => false,
  transport: (value) => value !== 'auto' && kind(value),
  transports: (value) => (!Array.isArray(value) || !value.length || value.some(kind)) && `a list of ${kind(0)}`,
  framing: oneOf('auto', 'protobuf', 'text', 'json'),
  portal: (value) => typeof value !== 'function' && 'a source such as restConfig(), or a function',
  publish: numbers(PUBLISH),
  schemas: object,
  platform: object,
  secure: oneOf('auto', true, false),
  backoff: (value) => value !== 'cloud' && typeof value !== 'function' && numbers(BACKOFF)(value),
  timeouts: numbers(TIMEOUTS),
  replay: numbers(REPLAY),
  storage: flag,
  debug: flag,
  logger: object,
}

function oneOf(...allowed: readonly unknown[]): Check {
  return (value) => !allowed.includes(value) && allowed.join(', ')
}

function object(value: unknown): string | false {
  return !isRecord(value) && 'an object'
}

function numbers(known: object): Check {
  const fits = (value: unknown): boolean =>
    value === undefined || (typeof value === 'number' && value >= 0 && value < Infinity)
  return (value) =>
    !(isRecord(value) && Object.keys(value).every((key) => has(known, key) && fits(value[key]))) &&
    `an object of numbers from 0 on: ${Object.keys(known).join(', ')}`
}

/** The options as they came, or a `PullError` `bad-option` that lists everything that is wrong. */
export function checkOptions(options: unknown): PullClientOptions {
  const problems: string[] = []
  if (!isRecord(options)) problems.push('config is missing')
  else {
    Object.keys(options).forEach((key) => {
      if (options[key] === undefined) return
      const expected = has(CHECKS, key)
        ? CHECKS[key as keyof PullClientOptions](options[key])
        : 'left out: it is unknown'
      if (expected) problems.push(`${key} must be ${expected}`)
    })
  }
  if (problems.length)
    throw new PullError('bad-option', `Wrong options: ${problems.join('; ')}`, { facts: { problems } })
  return options as PullClientOptions
}

/** Who is asked beside the configuration; `null`: nobody can be. */
export function portalOf({ portal, config }: PullClientOptions): Portal | null {
  const { portal: carried } = (portal || config) as ConfigSource
  return carried || (portal as Portal | undefined) || null
}

/** The transports to try, in order; one means forced. */
export function wantedTransports({ transport = 'auto', transports }: PullClientOptions): TransportKind[] {
  const listed = transports || TRANSPORT_KINDS.slice(0, 3)
  return transport === 'auto' ? listed.filter((one, at) => listed.indexOf(one) === at) : [transport]
}

/** `in` would find `toString`. */
export function has(record: object, key: string): boolean {
  return Object.prototype.hasOwnProperty.call(record, key)
}

/** Defaults with what is given in their place. `undefined` is as good as missing. */
export function withDefaults<Values extends object>(
  defaults: Values,
  given: { readonly [Key in keyof Values]?: Values[Key] | undefined } = {},
): Values {
  const keys = Object.keys(given) as (keyof Values)[]
  return keys.reduce((all, key) => (given[key] === undefined ? all : { ...all, [key]: given[key] }), defaults)
}
