/** Owns the browser side of the platform port. Globals are read when a client is created, never on import. */
import type { FetchLike, Page, PageSignal, Platform, StorageLike, WebSocketConstructor } from './platform'

/** What the current page or worker offers; members that are missing here (SSR, old browsers) are `null`. */
export function browserPlatform(): Platform {
  const scope = self_()
  return {
    clock: {
      now: () => Date.now(),
      setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
    },
    random: () => Math.random(),
    // Called as a method of the global: a detached `fetch` throws "Illegal invocation".
    fetch: typeof scope.fetch === 'function' ? (url, init) => (scope.fetch as FetchLike)(url, init) : null,
    webSocket: typeof scope.WebSocket === 'function' ? (scope.WebSocket as WebSocketConstructor) : null,
    storage: localStorageOf(scope),
    page: pageOf(scope),
    console: typeof console === 'undefined' ? null : console,
  }
}

interface Scope {
  fetch?: unknown
  WebSocket?: unknown
  localStorage?: StorageLike
  location?: { protocol: string; href: string }
  navigator?: { connection?: EventTarget }
  document?: EventTarget & { visibilityState: string }
  addEventListener?: EventTarget['addEventListener']
  removeEventListener?: EventTarget['removeEventListener']
}

function self_(): Scope {
  return typeof self === 'undefined' ? {} : (self as unknown as Scope)
}

/** Reading the property alone throws where cookies are blocked. */
function localStorageOf(scope: Scope): StorageLike | null {
  try {
    return scope.localStorage ?? null
  } catch {
    return null
  }
}

function pageOf(scope: Scope): Page | null {
  const { location } = scope
  if (!location || typeof scope.addEventListener !== 'function') return null
  return {
    protocol: location.protocol,
    get href() {
      return location.href
    },
    listen: (listener) => listenTo(scope, listener),
  }
}

function listenTo(scope: Scope, listener: (signal: PageSignal) => void): () => void {
  const undo: (() => void)[] = []
  const add = (
    target: Partial<EventTarget> | undefined,
    type: string,
    signalOf: (event: Event) => PageSignal | null,
  ) => {
    if (typeof target?.addEventListener !== 'function') return
    const handler = (event: Event): void => {
      const signal = signalOf(event)
      if (signal) listener(signal)
    }
    target.addEventListener(type, handler)
    undo.push(() => target.removeEventListener?.(type, handler))
  }
  const { document } = scope
  add(scope, 'online', () => 'online')
  add(scope, 'offline', () => 'offline')
  // `pagehide`, never `unload` or `beforeunload`: those keep the page out of the back/forward cache.
  add(scope, 'pagehide', () => 'pagehide')
  add(scope, 'pageshow', (event) => ((event as PageTransitionEvent).persisted ? 'pageshow' : null))
  add(document, 'visibilitychange', () => (document?.visibilityState === 'hidden' ? 'hidden' : 'visible'))
  add(document, 'resume', () => 'resume')
  add(scope.navigator?.connection, 'change', () => 'network-change')
  return () => undo.splice(0).forEach((stop) => stop())
}
