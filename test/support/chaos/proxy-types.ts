/** Owns what a fault proxy can be told, what it tells, and what it is asked to do at once. */

export type ProxiedKind = 'websocket' | 'sse' | 'http'
/** How a connection ends: properly closed TCP, or reset. Neither brings a close frame or a last chunk. */
export type Ending = 'fin' | 'rst'

export interface ProxySettings {
  /** Connections that come now are reset at once, or taken and never answered. */
  accept?: 'reset' | 'swallow' | undefined
  /** The connection ends at the request: `before` the server hears of it, or `after`, its answer eaten. */
  request?: { readonly when: 'before' | 'after'; readonly end: Ending } | undefined
  /** Answers of this status get another one, without body; `from` left out: any. */
  status?: { readonly from?: number; readonly to: number } | undefined
  /** Forward no `Upgrade`: a WebSocket handshake becomes a plain GET. */
  dropUpgrade?: boolean | undefined
  /** Everything is late by this, in both directions. */
  delayMs?: number | undefined
  /** Towards the client. */
  bytesPerSecond?: number | undefined
  /** Answers are held back until so many bytes are there, or so long. */
  buffer?: { readonly bytes: number; readonly ms: number } | undefined
  /** Chance (0 to 1) that a connection ends in the middle of a frame. */
  truncate?: { readonly chance: number; readonly end: Ending } | undefined
  /** Chance (0 to 1) that the bytes of a WebSocket message come twice. */
  duplicate?: number | undefined
  /** Connections end so long after their answer began. */
  endAfterOpen?: { readonly ms: number; readonly end: Ending } | undefined
  /** Which requests `request`, `status` and `endAfterOpen` concern. @default all */
  kind?: ProxiedKind | undefined
  /** How many requests `accept`, `request` and `status` still concern. @default all */
  times?: number | undefined
}

export interface CutChoice {
  /** @default 'rst' */
  readonly end?: Ending
  /** Only connections of this kind. @default all */
  readonly kind?: ProxiedKind
}

export interface ProxyFaults {
  readonly current: Readonly<ProxySettings>
  /** Adds to what is set; a field given as undefined is switched off. */
  set(settings: ProxySettings): void
  clear(): void
  /** Ends what is open; returns how many of them carried traffic. */
  cut(choice?: CutChoice): number
  /** Nothing passes for so long, in either direction; then everything does. Returns how many. */
  stall(ms: number): number
  /** What is open stays open, and whatever comes from either side is swallowed. Returns how many. */
  halfOpen(): number
}

/** One thing the proxy saw or did. */
export interface ProxyRecord {
  /** Since the proxy was started. */
  readonly atMs: number
  readonly id: number
  readonly kind: ProxiedKind
  /** `proof`: the first bytes of a good answer went to the client. Everything below is the proxy's doing. */
  readonly what:
    | 'connected'
    | 'request'
    | 'proof'
    | 'ended'
    | 'accept'
    | 'cut-request'
    | 'status'
    | 'drop-upgrade'
    | 'truncate'
    | 'duplicate'
    | 'end-after-open'
    | 'cut'
    | 'stall'
    | 'half-open'
  readonly detail?: string
}

export interface FaultProxy {
  readonly seed: number
  readonly port: number
  /** `http://127.0.0.1:port` */
  readonly url: string
  readonly faults: ProxyFaults
  /** The last 5 000 records. */
  readonly log: readonly ProxyRecord[]
  /** Connections that have asked, or are being answered. */
  busy(): number
  /** Calls back for every record. Returns what stops it. */
  watch(listener: (record: ProxyRecord) => void): () => void
  close(): Promise<void>
}
