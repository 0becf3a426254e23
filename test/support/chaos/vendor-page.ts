/**
 * Owns the page on which a copy of the vendor's pull.client.js runs, so that the same faults can be shown on it. The file
 * is not ours to ship: `npm run chaos -- --vendor path/pull.client.js`, before it with further `--vendor` what it needs
 * (a protobuf runtime and model for version 4). One file alone is told it runs in Internet Explorer: then it asks for text.
 * Only WebSocket targets: the file does not fall back. Its network errors and timers are its own affair.
 */
import { readFileSync } from 'node:fs'
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { createContext, runInContext } from 'node:vm'
import WebSocket from 'ws'
import { COMMAND, MODULE, type SubjectFactory } from './subject'

/** What the rig calls of the vendor's class. */
interface VendorClient {
  subscribe(params: {
    moduleId: string
    command: string
    callback: (params: { n: number | string }) => void
  }): () => void
  start(): Promise<unknown>
  stop(code: number, reason: string): void
  isConnected(): boolean
}
interface Page {
  BX: { PullClient?: new (options: object) => VendorClient }
}

const CONNECTED_EVERY_MS = 20

export function vendorClient(files: readonly string[]): SubjectFactory {
  const sources = files.map((file) => ({ file, text: readFileSync(file, 'utf8') }))
  return ({ config, deliver, note }) => {
    const errors: string[] = []
    const page = createPage(sources.length === 1)
    // Its mistakes must not end the rig: they are counted like the errors of any client.
    const attempt = (run: () => void): void => {
      try {
        run()
      } catch (error) {
        errors.push('threw')
        note(`threw ${String(error)}`)
      }
    }
    page.guard(attempt)
    for (const { file, text } of sources) runInContext(text, page.context, { filename: file })
    const { PullClient } = (page.context as unknown as Page).BX
    if (PullClient === undefined) throw new Error('The file defined no BX.PullClient: is it pull.client.js?')
    const answer = { data: () => config(), error: () => null }
    const client = new PullClient({
      serverEnabled: true,
      userId: 1,
      skipStorageInit: true,
      skipCheckRevision: true,
      configTimestamp: 0,
      restClient: { callMethod: () => Promise.resolve(answer) },
    })
    client.subscribe({ moduleId: MODULE, command: COMMAND, callback: ({ n }) => deliver(Number(n)) })
    return {
      async start() {
        await client.start()
        while (!client.isConnected()) await new Promise((resolve) => setTimeout(resolve, CONNECTED_EVERY_MS))
      },
      stop() {
        attempt(() => client.stop(1000, 'manual'))
        page.close()
        return Promise.resolve()
      },
      gaps: [],
      errors,
      counters: () => null,
    }
  }
}

interface PageRunner {
  readonly context: object
  guard(attempt: (run: () => void) => void): void
  close(): void
}

/** A window with what such a script touches. Its timers and sockets end with the page. */
function createPage(isInternetExplorer: boolean): PageRunner {
  let attempt = (run: () => void): void => run()
  const timers = new Set<NodeJS.Timeout>()
  const sockets = new Set<{ terminate(): void }>()
  const requests = new Set<ClientRequest>()
  const nothing = (): void => {}

  const later =
    (start: typeof setTimeout | typeof setInterval) =>
    (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): NodeJS.Timeout => {
      const timer = start(() => attempt(() => run(...args)), ms)
      timers.add(timer)
      return timer
    }
  const clear = (timer: NodeJS.Timeout): void => {
    clearTimeout(timer)
    timers.delete(timer)
  }

  class PageSocket extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols)
      sockets.add(this)
      this.on('close', () => sockets.delete(this))
    }
  }

  /** GET and POST, text or bytes, events as properties. */
  class PageRequest {
    readyState = 0
    status = 0
    responseType = ''
    response: unknown = null
    responseText = ''
    onreadystatechange: (() => void) | null = null
    onload: (() => void) | null = null
    onerror: (() => void) | null = null
    private head: IncomingMessage | null = null
    private sent: ClientRequest | null = null
    private method = 'GET'
    private url = ''
    private headers: Record<string, string> = {}

    open(method: string, url: string): void {
      this.abort()
      Object.assign(this, { method, url, headers: {}, status: 0, readyState: 1 })
    }
    setRequestHeader(name: string, value: string): void {
      this.headers[name] = value
    }
    getResponseHeader(name: string): string | null {
      return this.head?.headers[name.toLowerCase()]?.toString() ?? null
    }
    abort(): void {
      this.sent?.destroy()
      this.sent = null
    }
    send(body?: string | ArrayBuffer): void {
      const sent = httpRequest(this.url, { method: this.method, headers: this.headers }, (message) => {
        const chunks: Buffer[] = []
        message.on('data', (chunk: Buffer) => chunks.push(chunk))
        message.on('error', nothing)
        message.on('close', () => this.end(sent, message.complete ? message : null, Buffer.concat(chunks)))
      })
      this.sent = sent
      requests.add(sent)
      sent.on('error', () => this.end(sent, null, Buffer.alloc(0)))
      sent.end(body === undefined ? undefined : Buffer.from(body as string))
    }
    private end(sent: ClientRequest, message: IncomingMessage | null, body: Buffer): void {
      requests.delete(sent)
      if (this.sent !== sent) return
      this.sent = null
      this.head = message
      this.status = message?.statusCode ?? 0
      this.readyState = 4
      const bytes = this.responseType === 'arraybuffer'
      this.responseText = bytes ? '' : body.toString()
      this.response = bytes ? Uint8Array.from(body).buffer : this.responseText
      attempt(() => this.onreadystatechange?.())
      attempt(() => (message === null ? this.onerror : this.onload)?.call(this))
    }
  }

  const storage = { getItem: () => null, setItem: nothing, removeItem: nothing, length: 0 }
  const window: Record<string, unknown> = {
    console: { log: nothing, info: nothing, warn: nothing, error: nothing, trace: nothing },
    setTimeout: later(setTimeout),
    setInterval: later(setInterval),
    clearTimeout: clear,
    clearInterval: clear,
    WebSocket: PageSocket,
    XMLHttpRequest: PageRequest,
    localStorage: storage,
    sessionStorage: storage,
    location: {
      protocol: 'http:',
      hostname: '127.0.0.1',
      host: '127.0.0.1',
      href: 'http://127.0.0.1/',
      origin: 'http://127.0.0.1',
    },
    navigator: { onLine: true, userAgent: isInternetExplorer ? 'Mozilla/5.0 (MSIE 10.0; Trident/7.0)' : 'Mozilla/5.0' },
    document: { readyState: 'complete', addEventListener: nothing, removeEventListener: nothing, hidden: false },
    addEventListener: nothing,
    removeEventListener: nothing,
    URL,
    TextDecoder,
    TextEncoder,
    BX: {
      namespace: nothing,
      // Both a record and a function.
      message: Object.assign((name: string) => name, { USER_ID: 1, pull_server_enabled: 'Y', SITE_ID: 's1' }),
      onCustomEvent: nothing,
      addCustomEvent: nothing,
      ready: (run: () => void) => run(),
      debug: nothing,
      bitrix_sessid: () => '',
      type: { isNumber: Number.isFinite, isFunction: (value: unknown) => typeof value === 'function' },
      RestClient: class {
        callMethod = (): Promise<never> => new Promise(() => {})
      },
    },
  }
  window['window'] = window['self'] = window['top'] = window
  return {
    context: createContext(window),
    guard: (given) => (attempt = given),
    close() {
      timers.forEach((timer) => clearTimeout(timer))
      sockets.forEach((socket) => socket.terminate())
      requests.forEach((request) => request.destroy())
    },
  }
}
