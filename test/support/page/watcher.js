/**
 * Runs in the page: starts a client and writes down everything it tells. No module and no bundling, so that it can be
 * loaded under a strict content security policy. `window.watched` is what the tests read.
 */
'use strict'

/**
 * `lib`: where the client comes from. `options`: plain JSON; `config` is an address or a configuration, `faster` how many
 * times as fast as real the client's clock runs.
 */
window.watch = function (options, lib) {
  const library = lib || BX.Pull
  const { config, faster, ...rest } = options
  const client = new library.PullClient({
    config: typeof config === 'string' ? library.restConfig({ url: config }) : config,
    platform: faster && { clock: fastClock(faster) },
    debug: true,
    logger: { debug: (_, entry) => window.watched.timeline.push(entry) },
    ...rest,
  })
  window.writeDown(client)
  client.start().then(
    () => (window.watched.started = true),
    (error) => (window.watched.refused = error.code),
  )
}

function fastClock(times) {
  const startedAtMs = Date.now()
  return {
    now: () => startedAtMs + (Date.now() - startedAtMs) * times,
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs / times),
    clearTimeout: (handle) => clearTimeout(handle),
  }
}

window.writeDown = function (client) {
  const watched = {
    client,
    started: false,
    refused: null,
    messages: [],
    statuses: [],
    transports: [],
    errors: [],
    gaps: [],
    timeline: [],
  }
  window.watched = watched
  client.on('e2e:number', ({ on, n }, event) =>
    // Where there is no queue server PHP writes numbers as texts.
    watched.messages.push({ on, n: Number(n), atMs: Date.now(), replayed: event.replayed, channel: event.channel }),
  )
  client.on('e2e:text', ({ name, text }, { sender }) =>
    watched.messages.push({ on: name, n: 0, text, atMs: Date.now(), sender: sender.type }),
  )
  client.on('status', (fact) => watched.statuses.push({ atMs: Date.now(), ...fact }))
  client.on('transport', (fact) => watched.transports.push(fact.transport))
  client.on('error', ({ code, message }) => watched.errors.push(`${code}: ${message}`))
  client.on('gap', (fact) => watched.gaps.push(fact))
}
