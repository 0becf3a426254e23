/** Pages beside the plain one: strict policy, old templates, odd runtimes. Paths end in a type: see files.ts. */

const script = (text: string): string => `<script>${text}</script>`
const document = (head: string): string =>
  `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">${head}</head><body></body></html>`
const FILE = '<script src="/bx-pull.min.js"></script>'
const WATCHER = '<script src="/watcher.js"></script>'

export const PAGES: Readonly<Record<string, string>> = {
  /** Loaded twice, as templates and components do; the first copy is remembered in between. */
  '/twice.html': document(`${FILE}${script('var first = BX.Pull.PullClient, api = BX.Pull')}${FILE}${WATCHER}`),
  /** The vendor's namespaces are there already, with members of their own and one of our names taken. */
  '/legacy.html': document(
    `${script('var BX = { message: 1, Pull: { old: 2, restConfig: 3 } }, bx = BX, pull = BX.Pull')}${FILE}${WATCHER}`,
  ),
  /** As browsers of 2018: the global has no name but `window` and `self`. With the first event it gets the name back. */
  '/no-global-this.html': document(
    `${script('var kept = globalThis; delete window.globalThis; var missing = typeof globalThis')}
     ${FILE}${WATCHER}
     ${script(`watch({ config: '/rest/pull.config.get.json' })
       watched.client.on('e2e:*', () => { kept.globalThis = kept; document.title = 'back' })`)}`,
  ),
  '/bundled.html': document(`<script src="/bundled.js"></script>${WATCHER}`),
  '/elsewhere.html': document('<title>elsewhere</title>'),
}

/** Counts what a page has open. Runs before every script of the page. */
export const COUNT_WHAT_IS_OPEN = `(() => {
  const open = { timers: new Set(), requests: 0, sockets: [], listeners: new Map() }
  window.stillOpen = () => ({
    timers: open.timers.size,
    requests: open.requests,
    sockets: open.sockets.filter((socket) => socket.readyState < 3).length,
    listeners: [...open.listeners].filter(([, count]) => count !== 0).map(([name]) => name),
  })
  const { setTimeout, clearTimeout, setInterval, fetch, WebSocket } = window
  window.setTimeout = (run, ms, ...rest) => {
    const handle = setTimeout(() => (open.timers.delete(handle), run(...rest)), ms)
    open.timers.add(handle)
    return handle
  }
  window.clearTimeout = (handle) => (open.timers.delete(handle), clearTimeout(handle))
  window.setInterval = (...all) => { const handle = setInterval(...all); open.timers.add(handle); return handle }
  window.fetch = async (...all) => {
    open.requests++
    try {
      const response = await fetch(...all)
      // A stream is open until its body ends: count the reading, too.
      const reader = response.body && response.body.getReader.bind(response.body)
      if (reader) response.body.getReader = () => {
        const own = reader()
        const read = own.read.bind(own)
        own.read = () => { open.requests++; return read().finally(() => open.requests--) }
        return own
      }
      return response
    } finally { open.requests-- }
  }
  window.WebSocket = class extends WebSocket {
    constructor(...all) { super(...all); open.sockets.push(this) }
  }
  const count = (name, by) => open.listeners.set(name, (open.listeners.get(name) || 0) + by)
  for (const target of [window, document]) {
    const { addEventListener, removeEventListener } = target
    target.addEventListener = function (type, ...all) { count(type, 1); return addEventListener.call(this, type, ...all) }
    target.removeEventListener = function (type, ...all) { count(type, -1); return removeEventListener.call(this, type, ...all) }
  }
})()`
