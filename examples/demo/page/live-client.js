/** Owns the client: the one place where the page uses bx-pull. A transport is an option, so another one is a new client. */

/** Shorter than the defaults, so that nobody has to wait a minute for what the demo shows. */
export const TIMEOUTS = { probeFirstMs: 10_000, spreadMs: 4000 }

export function createLiveClient({ event, changed, created }) {
  let client = null
  let wanted = { transport: 'auto', framing: 'auto' }
  let isOutdated = false
  let run = 0
  let reconnects = 0
  let since = 0
  let last = null
  let facts = []

  function create() {
    run += 1
    reconnects = 0
    since = Date.now()
    facts = []
    isOutdated = false
    // Starts at once. The address is the default one: /rest/pull.config.get.json of this origin.
    client = BX.Pull.connect({ config: BX.Pull.restConfig(), ...wanted, timeouts: TIMEOUTS })
    let previous = { status: client.status, transport: null }
    client.on('status', (fact) => {
      if (fact.status === 'reconnecting' && previous.status === 'connected') reconnects += 1
      if (fact.status !== previous.status || fact.transport !== previous.transport) since = Date.now()
      previous = fact
      facts.push({ ...fact, atMs: Date.now() })
      changed()
    })
    for (const key of ['transport', 'gap', 'channels', 'error']) client.on(key, changed)
    client.on('*', event)
    created(client)
    changed()
  }

  return {
    get transport() {
      return wanted.transport
    },
    get running() {
      return client !== null && client.status !== 'stopped' && client.status !== 'idle'
    },
    async start() {
      if (client === null || isOutdated) return create()
      reconnects = 0
      await client.start().catch(() => {})
    },
    async stop() {
      await client?.stop()
    },
    async choose(changes) {
      this.prefer(changes)
      await client?.stop()
      create()
    },
    /** For the next start, which is another client then. */
    prefer(changes) {
      wanted = { ...wanted, ...changes }
      isOutdated = true
    },
    send: (message) => client.send(message),
    /** What `diagnostics()` says. A stopped client has let go of its session: what was counted is kept from before. */
    view() {
      const now = client.diagnostics()
      const ended = now.server === null && last !== null && last.run === run && now.status === 'stopped'
      const report = ended ? { ...last.report, ...statusPart(now) } : now
      last = { run, report }
      return { run, report, facts, reconnects, since, transport: wanted.transport }
    },
    report: () => JSON.stringify(client.diagnostics(), null, 2),
  }
}

function statusPart({ status, transport, reason, skipped, timeline }) {
  return { status, transport, reason, skipped, timeline }
}
