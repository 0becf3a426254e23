/** Owns the browser side of the platform port. Globals are read when a client is created, never on import. */
import type { FetchLike, Page, PageSignal, Platform, StorageLike, WebSocketConstructor } from './platform'

/** What the current page or worker offers; members that are missing here (SSR, old browsers) are `null`. */
export function browserPlatform(): Platform {
  const scope: Scope = typeof self === 'undefined' ? {} : (self as unknown as Scope)
  return {
    clock: {
      now: () => Date.now(),
      elapsed: () => (scope.performance ? scope.performance.now() : 0),
      setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
    },
    random: () => Math.random(),
    // Called as a method of the global: a detached `fetch` throws "Illegal invocation".
    fetch: scope.fetch ? (url, init) => (scope.fetch as FetchLike)(url, init) : null,
    webSocket: scope.WebSocket || null,
    storage: storageOf(scope, 'localStorage'),
    tabStorage: storageOf(scope, 'sessionStorage'),
    page: pageOf(scope),
    console: typeof console === 'undefined' ? null : console,
  }
}

interface Scope {
  fetch?: FetchLike
  WebSocket?: WebSocketConstructor
  localStorage?: StorageLike
  sessionStorage?: StorageLike
  performance?: Pick<Performance, 'now'> & { navigation?: { type: number } }
  location?: { protocol: string; href: string }
  navigator?: { connection?: EventTarget; onLine?: boolean }
  document?: EventTarget & { visibilityState: string; wasDiscarded?: boolean }
  addEventListener?: EventTarget['addEventListener']
  removeEventListener?: EventTarget['removeEventListener']
}

/** Reading the property alone throws where cookies are blocked. */
function storageOf(scope: Scope, name: 'localStorage' | 'sessionStorage'): StorageLike | null {
  try {
    return scope[name] || null
  } catch {
    return null
  }
}

function pageOf(scope: Scope): Page | null {
  const { location, document, navigator = {}, performance } = scope
  if (!location || !scope.addEventListener) return null
  /** Which event of what is which signal; most have the same name. `null`: none this time. */
  const sources: [
    target: Partial<EventTarget> | undefined,
    type: string,
    signalOf?: (event: Event) => string | null,
  ][] = [
    [scope, 'online'],
    [scope, 'offline'],
    // `pagehide`, never `unload` or `beforeunload`: those keep the page out of the back/forward cache.
    [scope, 'pagehide'],
    [scope, 'pageshow', (event) => ((event as PageTransitionEvent).persisted ? 'pageshow' : null)],
    [document, 'visibilitychange', () => (document as Document).visibilityState],
    [document, 'resume'],
    [navigator.connection, 'change', () => 'network-change'],
  ]
  return {
    protocol: location.protocol,
    get href() {
      return location.href
    },
    get isHidden() {
      return !!document && document.visibilityState === 'hidden'
    },
    get isOffline() {
      return navigator.onLine === false
    },
    // The successor of `performance.navigation` is ten times the code, and every browser has this one.
    isReload:
      (!!performance && !!performance.navigation && performance.navigation.type === 1) ||
      (!!document && !!document.wasDiscarded),
    listen(listener) {
      const undo = sources.map(([target, type, signalOf]) => {
        if (!target || !target.addEventListener) return () => {}
        const handler = (event: Event): void => {
          const signal = signalOf ? signalOf(event) : type
          if (signal) listener(signal as PageSignal)
        }
        target.addEventListener(type, handler)
        return () => (target as EventTarget).removeEventListener(type, handler)
      })
      return () => undo.forEach((stop) => stop())
    },
  }
}
