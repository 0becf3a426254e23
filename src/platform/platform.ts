/**
 * Owns the port to everything outside: clock, randomness, network, storage and the page. `null` means "missing here".
 * Nothing above this layer touches a global; tests and odd runtimes replace single members through `options.platform`.
 */

/** Wall clock and timers. Milliseconds everywhere. */
export interface Clock {
  /** Unix time in milliseconds. May jump: sleep, wrong clocks. */
  now(): number
  /** Milliseconds since some instant that only pass, like `performance.now()`; they may stand still in sleep. */
  elapsed?(): number
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
}

/** The part of the standard `WebSocket` that is used. */
export interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  onopen: ((event: unknown) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onerror: ((event: unknown) => void) | null
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null
  send(data: string | ArrayBuffer): void
  close(code?: number, reason?: string): void
}
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike

export type FetchLike = (url: string, init?: RequestInit) => Promise<Response>

/** The part of `localStorage` that is used. Every call may throw (quota, blocked cookies): see safe-storage. */
export interface StorageLike {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/**
 * What the page tells about itself. Signals are hints, never proof.
 * `pagehide`: the page goes away or into the back/forward cache. `pageshow`: it came back from that cache.
 */
export type PageSignal =
  'online' | 'offline' | 'visible' | 'hidden' | 'resume' | 'pagehide' | 'pageshow' | 'network-change'

export interface Page {
  /** `location.protocol`, e.g. `https:`; empty where there is no page. */
  readonly protocol: string
  /** `location.href`, or `null` where there is no page (relative URLs cannot be resolved then). */
  readonly href: string | null
  /** Nobody looks at it now: browsers let its timers wait. */
  readonly isHidden?: boolean
  /** The browser knows of no network now (`navigator.onLine`). That it knows of one says nothing. */
  readonly isOffline?: boolean
  /** The tab's own page was loaded again: a reload, also after a crash, or a discarded tab. A copy of a tab is none. */
  readonly isReload?: boolean
  /** Starts listening; the result stops it. */
  listen(listener: (signal: PageSignal) => void): () => void
}

export interface Platform {
  clock: Clock
  /** Uniform in [0, 1). */
  random: () => number
  fetch: FetchLike | null
  webSocket: WebSocketConstructor | null
  storage: StorageLike | null
  /** What lives as long as a tab, through its reloads: `sessionStorage`. Its calls may throw, too. */
  tabStorage: StorageLike | null
  page: Page | null
  /** Where errors go that nobody listens to. */
  console: Pick<Console, 'debug' | 'warn' | 'error'> | null
}

/** What `options.platform` may replace. */
export type PlatformOverrides = { [K in keyof Platform]?: Platform[K] | undefined }
