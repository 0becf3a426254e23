/** Owns what a session is given and what can be seen of it. */
import type { ConfigSource, PullConfig } from '../config/config'
import type { ConnectionRecord } from '../connection/connection'
import type { Hint, MachineOptions, State } from '../connection/machine-types'
import type { PullError } from '../core/pull-error'
import type { TransportKind } from '../core/transport-kind'
import type { Platform } from '../platform/platform'
import type { SteadyClock } from '../platform/steady-clock'
import type { CursorQuery } from '../replay/numbering'
import type { TransportFactory, TransportTimeouts } from '../transport/transport'
import type { Counters } from './counters'
import type { PullEvent } from './dispatch'
import type { Codecs, FramingOption } from './framing'
import type { ChannelsFact, GapFact, StatusFact } from './status'
import type { Uplink } from './uplink'

export interface SessionDeps {
  readonly platform: Platform
  readonly clock: SteadyClock
  readonly source: ConfigSource
  readonly secure: boolean
  readonly codecs: Codecs
  /** What version 4 is asked for. */
  readonly framing: FramingOption
  readonly factories: Readonly<Partial<Record<TransportKind, TransportFactory>>>
  /** Transports in order of preference; one means forced. */
  readonly wanted: readonly TransportKind[]
  readonly preferred: TransportKind | null
  machineOptions(config: PullConfig): MachineOptions
  /** `spreadMs`: `config_expire` and the like reach everybody in one second: answered at random within this. */
  readonly timeouts: TransportTimeouts & {
    readonly configMs: number
    readonly spreadMs: number
    readonly silenceMs: number
    readonly requestMs: number
  }
  readonly replay: { readonly overlapMs: number; readonly dedupeWindow: number; readonly reloadMs: number }
  deliver(event: PullEvent): void
  /** After every step of the connection; often the same as before. */
  status(fact: StatusFact): void
  channels(fact: ChannelsFact): void
  gap(fact: GapFact): void
  /** Something went wrong and is being dealt with. */
  warn(error: PullError): void
  /** It cannot ever work: the session is over. */
  fatal(error: PullError): void
  record(entry: ConnectionRecord): void
  /** The transport that last carried traffic; `null` when it is the first choice anyway. */
  remember(kind: TransportKind | null): void
}

export interface SessionView {
  readonly state: State
  readonly counters: Readonly<Counters>
  readonly config: PullConfig | null
  readonly cursor: CursorQuery
  readonly remembered: number
  readonly clockShiftMs: number | null
}

export interface Session {
  start(): void
  /** `error`: what requests that still wait for an answer are rejected with. */
  stop(error: PullError): void
  view(): SessionView
  /** `leave` closes what is open until `return`, which goes on from the position reached. Nothing before the first configuration. */
  hint(hint: Hint): void
  /** Asks for another configuration, soon. */
  reload(): void
  readonly uplink: Uplink
}
