/** Owns the browser side of the platform port. Globals are read when a client is created, never on import. */
import type { FetchLike, Page, PageSignal, Platform, StorageLike, WebSocketConstructor } from './platform'

/** What the current page or worker offers; members that are missing here (SSR, old browsers) are `null`. */
export function browserPlatform(): Platform {
  const scope: Scope = typeof self === 'undefined' ? {} : (self as unknown as Scope)
  return {
    clock: {
      now: () => Date.now(),
      setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
    },
    random: () => Math.random(),
    // Called as a method of the global: a detached `fetch` throws "Illegal invocation".
    fetch: scope.fetch ? (url, init) => (scope.fetch as FetchLike)(url, init) : null,
    webSocket: scope.WebSocket || null,
    storage: localStorageOf(scope),
    page: pageOf(scope),
    console: typeof console === 'undefined' ? null : console,
  }
}

interface Scope {
  fetch?: FetchLike
  WebSocket?: WebSocketConstructor
  localStorage?: StorageLike
  location?: { protocol: string; href: string }
  navigator?: { connection?: EventTarget }
  document?: EventTarget & { visibilityState: string }
  addEventListener?: EventTarget['addEventListener']
  removeEventListener?: EventTarget['removeEventListener']
}

/** Reading the property alone throws where cookies are blocked. */
function localStorageOf(scope: Scope): StorageLike | null {
  try {
    return scope.localStorage || null
  } catch {
    return null
  }
}

function pageOf(scope: Scope): Page | null {
  const { location } = scope
  if (!location || !scope.addEventListener) return null
  return {
    protocol: location.protocol,
    get href() {
      return location.href
    },
    listen: (listener) => listenTo(scope, listener),
  }
}

function listenTo(scope: Scope, listener: (signal: PageSignal) => void): () => void {
  const { document, navigator } = scope
  const undo: (() => void)[] = []
  /** Most signals have the name of their event. */
  const add = (
    target: Partial<EventTarget> | undefined,
    type: string,
    signalOf: (event: Event) => PageSignal | null = () => type as PageSignal,
  ): void => {
    if (!target || !target.addEventListener) return
    const handler = (event: Event): void => {
      const signal = signalOf(event)
      if (signal) listener(signal)
    }
    target.addEventListener(type, handler)
    undo.push(() => (target as EventTarget).removeEventListener(type, handler))
  }
  add(scope, 'online')
  add(scope, 'offline')
  // `pagehide`, never `unload` or `beforeunload`: those keep the page out of the back/forward cache.
  add(scope, 'pagehide')
  add(scope, 'pageshow', (event) => ((event as PageTransitionEvent).persisted ? 'pageshow' : null))
  add(document, 'visibilitychange', () => (document && document.visibilityState === 'hidden' ? 'hidden' : 'visible'))
  add(document, 'resume')
  add(navigator && navigator.connection, 'change', () => 'network-change')
  return () => undo.splice(0).forEach((stop) => stop())
}
