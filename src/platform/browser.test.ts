import { afterEach, describe, expect, test, vi } from 'vitest'
import { browserPlatform } from './browser'
import type { PageSignal } from './platform'

afterEach(() => {
  vi.unstubAllGlobals()
})

class FakeDocument extends EventTarget {
  visibilityState = 'visible'
}

/** A window that counts its listeners. */
function createWindow(): {
  window: EventTarget & { location: object; document: unknown; navigator: object }
  document: FakeDocument
  network: EventTarget
  listeners: () => number
} {
  let listeners = 0
  function counted<T extends EventTarget>(target: T): T {
    const { addEventListener, removeEventListener } = target
    target.addEventListener = (...args: Parameters<EventTarget['addEventListener']>) => {
      listeners++
      addEventListener.apply(target, args)
    }
    target.removeEventListener = (...args: Parameters<EventTarget['removeEventListener']>) => {
      listeners--
      removeEventListener.apply(target, args)
    }
    return target
  }
  const document = counted(new FakeDocument())
  const network = counted(new EventTarget())
  const window = counted(
    Object.assign(new EventTarget(), {
      document,
      navigator: { connection: network },
      location: { protocol: 'https:', href: 'https://portal.example/company/' },
    }) as EventTarget & { location: object; document: unknown; navigator: object },
  )
  return { window, document, network, listeners: () => listeners }
}

describe('where there is no page', () => {
  test('everything that is missing is null, and nothing throws', () => {
    vi.stubGlobal('self', undefined)
    expect(browserPlatform()).toMatchObject({
      fetch: null,
      webSocket: null,
      storage: null,
      tabStorage: null,
      page: null,
    })
  })
  test('a worker has no page, but the rest', () => {
    vi.stubGlobal('self', { fetch: () => {}, WebSocket: class Socket extends EventTarget {} })
    const { fetch, webSocket, page } = browserPlatform()
    expect([typeof fetch, typeof webSocket, page]).toEqual(['function', 'function', null])
  })
})

test('fetch is called as a method of the window: detached it throws "Illegal invocation"', () => {
  const scope = {
    fetch(this: unknown) {
      return this === scope ? Promise.resolve('called') : Promise.reject(new TypeError('Illegal invocation'))
    },
  }
  vi.stubGlobal('self', scope)
  return expect(browserPlatform().fetch?.('/x')).resolves.toBe('called')
})

test('a storage that may not even be looked at is none', () => {
  vi.stubGlobal('self', {
    get localStorage(): never {
      throw new DOMException('blocked', 'SecurityError')
    },
  })
  expect(browserPlatform().storage).toBeNull()
})

describe('the page', () => {
  test('tells its address as it is now', () => {
    const { window } = createWindow()
    vi.stubGlobal('self', window)
    const { page } = browserPlatform()
    window.location = { protocol: 'https:', href: 'https://portal.example/crm/' }
    expect(page?.protocol).toBe('https:')
    expect(page?.href).toMatch(/^https:\/\/portal\.example\//)
  })

  test('tells each signal, and nothing after the undo', () => {
    const { window, document, network, listeners } = createWindow()
    vi.stubGlobal('self', window)
    const heard: PageSignal[] = []
    const stop = browserPlatform().page?.listen((signal) => heard.push(signal))
    const show = (persisted: boolean): Event => Object.assign(new Event('pageshow'), { persisted })
    function everything(): void {
      for (const type of ['online', 'offline', 'pagehide']) window.dispatchEvent(new Event(type))
      window.dispatchEvent(show(true))
      // The first show of a page is no return.
      window.dispatchEvent(show(false))
      for (const state of ['hidden', 'visible']) {
        document.visibilityState = state
        document.dispatchEvent(new Event('visibilitychange'))
      }
      document.dispatchEvent(new Event('resume'))
      network.dispatchEvent(new Event('change'))
    }
    everything()
    expect(heard).toEqual([
      'online',
      'offline',
      'pagehide',
      'pageshow',
      'hidden',
      'visible',
      'resume',
      'network-change',
    ])
    expect(listeners()).toBeGreaterThan(0)
    stop?.()
    everything()
    expect(heard).toHaveLength(8)
    expect(listeners()).toBe(0)
  })

  test('knows of no network only where the browser says so', () => {
    const { window } = createWindow()
    vi.stubGlobal('self', window)
    const { page } = browserPlatform()
    const told = [undefined, true, false].map((onLine) => {
      Object.assign(window.navigator, { onLine })
      return page?.isOffline
    })
    expect(told).toEqual([false, false, true])
  })

  test('never listens to what keeps a page out of the back/forward cache', () => {
    const { window } = createWindow()
    const types: string[] = []
    const add = window.addEventListener
    window.addEventListener = (...args: Parameters<EventTarget['addEventListener']>) => {
      types.push(args[0])
      add(...args)
    }
    vi.stubGlobal('self', window)
    browserPlatform().page?.listen(() => {})()
    expect(types.filter((type) => /unload/.test(type))).toEqual([])
    expect(types.length).toBeGreaterThan(3)
  })

  test('lives without the parts that some browsers lack', () => {
    const { window } = createWindow()
    window.navigator = {}
    window.document = undefined
    vi.stubGlobal('self', window)
    expect(() => browserPlatform().page?.listen(() => {})()).not.toThrow()
  })
})

describe('P14: whether the page was loaded again by its own tab', () => {
  test.each([
    ['a link', { navigation: { type: 0 } }, undefined, false],
    ['a reload, also after a crash', { navigation: { type: 1 } }, undefined, true],
    ['back, or a copy of a tab', { navigation: { type: 2 } }, undefined, false],
    ['a discarded tab', { navigation: { type: 2 } }, true, true],
    ['a browser that does not tell', undefined, undefined, false],
  ])('%s', (_, performance, wasDiscarded, expected) => {
    const { window, document } = createWindow()
    vi.stubGlobal('self', Object.assign(window, { performance, document: Object.assign(document, { wasDiscarded }) }))
    expect(browserPlatform().page?.isReload).toBe(expected)
  })
})

test('P13: storage that may not even be looked at is as good as none', () => {
  const { window } = createWindow()
  const refuse = (): never => {
    throw new DOMException('blocked', 'SecurityError')
  }
  Object.defineProperty(window, 'localStorage', { get: refuse })
  Object.defineProperty(window, 'sessionStorage', { get: refuse })
  vi.stubGlobal('self', window)
  expect(browserPlatform()).toMatchObject({ storage: null, tabStorage: null })
})
