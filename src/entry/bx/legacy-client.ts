/**
 * Owns `BX.PullClient`: the names of the vendor's client, each made of what ours has. What has no public word there
 * (hang up, come back, ask anew) goes to the session.
 */
import { type ClientParts, createClient } from '../../client/client'
import type { Page, PageSignal } from '../../platform/platform'
import { isOn, toNumber, toRecord } from '../../portal/foreign-value'
import type { Session, SessionView } from '../../session/session-types'
import { type Root, createCore } from './core'
import { debugInfo } from './debug-info'
import { createIdentity } from './identity'
import { tellIncoming } from './incoming'
import type { LegacyOptions, LegacyPullClient } from './legacy-types'
import { createMessaging } from './messaging'
import { NO_OPS, type NoOp, REVISION } from './names'
import { createPageConfig } from './page-config'
import type { PageSwitches } from './page-switches'
import { createPortalAccess } from './portal-access'
import { createServerFacts } from './server-facts'
import { createStartPromise, disabled } from './start-promise'
import { createStatusReport } from './status-report'
import { type StorageManager, createStorageManager } from './storage-manager'
import { createSubscribers } from './subscribers'

export interface LegacyDeps {
  readonly parts: ClientParts
  readonly root: Root
  readonly switches: PageSwitches
}

const LOGGING = 'bx-pull-logging-enabled'
const LOGGING_LASTS_MS = 86_400_000

export function createLegacyClient({ parts, root, switches }: LegacyDeps, options: LegacyOptions): LegacyPullClient {
  const platform = parts.platform()
  const { clock, page, console } = platform
  const core = createCore(root, failed)
  const { guestId, userId, siteId, isDisabled } = createIdentity(options, core)
  const { subscribe, attachCommandHandler, deliver } = createSubscribers(failed)
  const access = createPortalAccess(options, core, guestId)
  const report = createStatusReport(clock, (status) => {
    core.fire('onPullStatus', [status])
    deliver('status', null, () => ({ status }))
  })
  const config = createPageConfig(
    clock,
    access.portal,
    ({ api }) => checkRevision(toRecord(api)['revision_web']),
    (error) => {
      // What is stopped says so by itself.
      if (!session()) return
      report.heard(null, 'wait')
      started.settle(error)
    },
  )
  const started = createStartPromise(isConnected)
  const tags = new Map<string, () => void>()
  const replay: { reloadMs?: number | undefined } = {}
  // Anybody may publish under any name, `__proto__` included.
  const history = Object.create(null) as Record<string, Record<string, number>>
  let session: () => Session | null = () => null
  let timer: unknown = null
  let messageCount = 0
  let toldRevision: unknown = REVISION
  let hasCore = false
  let isCapturing = false
  let isLogging = switches.isDebug

  const client = createClient(
    { ...parts, platform: () => ({ ...platform, page: page && Object.assign(Object.create(page), { listen }) }) },
    {
      config: config.load,
      portal: access.portal,
      transport: switches.transport(options.transport),
      storage: !options.skipStorageInit,
      replay,
      debug: true,
      logger: { debug: decided, error: failed },
    },
    (current) => (session = current),
  )
  client.on('status', (fact) => {
    report.heard(fact)
    if (fact.status === 'connected') started.settle()
    if (fact.reason === 'forbidden') core.fire('onPullError', ['AUTHORIZE_ERROR'])
  })
  client.on('*', (event) => {
    const { module, command, extra } = event
    const counts = (history[module] = history[module] || Object.create(null))
    counts[command] = (counts[command] || 0) + 1
    messageCount++
    tellIncoming(event, core.fire, deliver, captured)
    checkRevision(extra.revision_web)
  })

  function failed(...said: unknown[]): void {
    if (console) console.error(...said)
  }

  function decided(title: unknown, line: { readonly what: string }): void {
    report.heard(null, line.what)
    if (isLogging && console) console.warn(title, line)
  }

  function captured(...said: unknown[]): void {
    if (isCapturing && console) console.warn(...said)
  }

  /** Told once: what the page does about it is its own business, and the connection goes on. */
  function checkRevision(given: unknown): void {
    const server = toNumber(given)
    if (options.skipCheckRevision || options.restApplication || !(server > 0) || server === toldRevision) return
    toldRevision = server
    core.fire('onPullRevisionUp', [server, REVISION])
    deliver('revision', null, () => ({ server, client: REVISION }))
  }

  /** While the page wants no connection, its signals must not bring one back. */
  function listen(listener: (signal: PageSignal) => void): () => void {
    return (page as Page).listen((signal) => report.isAway || listener(signal))
  }

  function storage(): StorageManager {
    return createStorageManager(options.skipStorageInit ? null : platform.storage, {
      userId: userId(),
      siteId: siteId(),
    })
  }

  function isConnected(): boolean {
    return client.status === 'connected'
  }

  function view(): Partial<SessionView> {
    const running = session()
    return running ? running.view() : {}
  }

  function later(run: () => void, delaySeconds: number): void {
    clock.clearTimeout(timer)
    timer = clock.setTimeout(run, delaySeconds * 1000)
  }

  /** The page's own events. Once: they go on when the client is stopped. */
  function listenToCore(): void {
    if (hasCore) return
    hasCore = !!core.bx.addCustomEvent
    core.listen('BXLinkOpened', () => api.connect())
    // What the next page would go on from is forgotten.
    core.listen('onDesktopReload', () => api.stop())
    core.listen('BXLoginSuccess', () => api.restart(), true)
  }

  const api = {
    subscribe,
    attachCommandHandler,
    ...createMessaging(client, tags, session),
    ...createServerFacts(
      platform,
      parts.codecs,
      () => config.raw,
      () => view().config,
    ),
    start(given) {
      const running = session()
      const hasConfig = config.give(given)
      const isOff = isDisabled(hasConfig)
      // Nobody would use it before it is an old one.
      if (isOff || isConnected()) config.give(null)
      if (isOff) return disabled()
      if (running) {
        if (hasConfig && !isConnected()) running.reload()
        return api.connect()
      }
      replay.reloadMs = isOn(toRecord(given)['skipReconnectToLastSession']) ? 0 : undefined
      report.isAway = false
      listenToCore()
      isLogging = isLogging || toNumber(storage().get(LOGGING)) > clock.now()
      const connected = started.get()
      client.start().catch((error: unknown) => started.settle(error))
      return connected
    },
    connect() {
      const running = session()
      if (!running) return api.start()
      clock.clearTimeout(timer)
      report.isAway = false
      const connected = started.get()
      running.hint('return')
      return connected
    },
    disconnect() {
      const running = session()
      // Before the first connection there is no place to go on from.
      if (!running || client.status === 'connecting') return api.stop()
      clock.clearTimeout(timer)
      report.isAway = true
      running.hint('leave')
    },
    stop() {
      clock.clearTimeout(timer)
      void client.stop()
    },
    restart() {
      const running = session()
      if (running) running.reload()
      api.disconnect()
      void api.connect()
    },
    reconnect(_code, _reason, delaySeconds = 1) {
      api.disconnect()
      later(api.connect, delaySeconds)
    },
    scheduleReconnect(delaySeconds = 0) {
      if (isDisabled(true)) return false
      later(api.connect, delaySeconds)
      return
    },
    scheduleRestart(_code, _reason, delaySeconds = 0) {
      later(api.restart, delaySeconds >= 1 ? delaySeconds : 6 + platform.random() * 29)
    },
    isConnected,
    getPullServerStatus: isConnected,
    isWebSoketConnected: () => client.transport === 'websocket',
    setPublicIds: access.know,
    setLastMessageId(mid) {
      config.goOnFrom(mid)
      if (!session()) return
      void client.stop()
      void api.start(config.raw)
    },
    emit({ type, moduleId, data }) {
      deliver(type, moduleId, () => data as unknown)
      return true
    },
    capturePullEvent(on = true) {
      isCapturing = on
    },
    enableLogging(on = true) {
      isLogging = on
      if (on) storage().set(LOGGING, clock.now() + LOGGING_LASTS_MS)
      else storage().remove(LOGGING)
    },
    getDebugInfo: () =>
      debugInfo({
        userId: userId(),
        guestUserId: guestId(),
        isBrowserOnline: !page || !page.isOffline,
        isSupported: api.isWebSocketSupported(),
        diagnostics: client.diagnostics(),
        history,
        tags: Array.from(tags.keys()),
      }),
    getDebugInfoArray() {
      const { server } = client.diagnostics()
      const { longPolling, websocket } = server ? server.endpoints : ({} as Record<string, null>)
      return {
        connected: isConnected(),
        websocket: api.isWebSoketConnected(),
        websocketBlocked: false,
        path: longPolling,
        pathWebsocket: websocket,
      }
    },
    get status() {
      return report.status
    },
    get session() {
      return { ...view().cursor, history, messageCount }
    },
    get config() {
      return config.raw
    },
    get connector() {
      return { connected: isConnected() }
    },
    get connectionAttempt() {
      return client.diagnostics().failures
    },
    get debug() {
      return isCapturing
    },
    set debug(on) {
      isCapturing = on
    },
    get loggingEnabled() {
      return isLogging
    },
    set loggingEnabled(on) {
      isLogging = on
    },
  } as Omit<LegacyPullClient, NoOp> as LegacyPullClient
  NO_OPS.forEach((name) => (api[name] = () => {}))
  return api
}
