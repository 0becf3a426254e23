/** Pages that lose the network and come out of the back/forward cache while messages come. Real Chromium. */
import { describe, expect, it } from 'vitest'
import type { TransportKind } from '../../src/entry'
import { createFiles } from './files'
import { GENERATIONS, type Generation } from './generations'
import { PAGES } from './pages'
import type { Site } from './site'
import { observe, until } from './until'
import { createWorld } from './world'

const { report, suite, run } = createWorld('wake')
const files = createFiles(PAGES)
const PER_SECOND = 50
const RIGHT_WITHIN_MS = 2500
const ASLEEP_MS = 3000

const JSON_RPC: Generation = { name: 'Push server 3.0', options: { version: 5 }, isNode: true }

const TARGETS = [...GENERATIONS, JSON_RPC].flatMap((generation) => {
  const { version } = generation.options
  const kinds: TransportKind[] =
    version === 5 ? ['websocket'] : version === 4 ? ['websocket', 'long-polling'] : ['websocket', 'sse', 'long-polling']
  return kinds.map((transport) => ({ ...generation, transport }))
})

/** Connected, with traffic under way. */
async function busy({ watched, publisher }: Site, transport: TransportKind): Promise<void> {
  await watched.start({ transport })
  await watched.untilConnected(transport, 3000)
  publisher.start(PER_SECOND)
  await until('some traffic', 3000, async () => (await watched.messages()).length > 20)
}

/** Waits for what was published by now, which proves that the link works; returns how long it took. */
async function untilUpToDate({ watched, publisher }: Site, sinceMs: number): Promise<number> {
  const sent = publisher.sent()
  const wanted = { private: sent.private.length, shared: sent.shared.length }
  await until(
    'everything published by then',
    RIGHT_WITHIN_MS,
    async () => {
      const got = await watched.messages()
      return (['private', 'shared'] as const).every((name) => got.some(({ on, n }) => on === name && n >= wanted[name]))
    },
    () => watched.facts(),
  )
  return Date.now() - sinceMs
}

describe.each(TARGETS)('$name, $transport', suite, ({ name, options, transport }) => {
  it('W7: offline for some seconds under traffic: right in time, nothing lost', async (context) => {
    await run(context, { server: options, files }, async (site) => {
      const { opened, watched, finish } = site
      await busy(site, transport)
      await watched.ask('void addEventListener("online", () => (window.onlineAtMs = Date.now()))')
      const devtools = await opened.page.context().newCDPSession(opened.page)
      const network = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 }
      await devtools.send('Network.enable')
      await devtools.send('Network.emulateNetworkConditions', { ...network, offline: true })
      await observe(ASLEEP_MS)
      await devtools.send('Network.emulateNetworkConditions', { ...network, offline: false })
      const backAtMs = await until('the signal', 1000, () => watched.ask<number | null>('window.onlineAtMs || null'))
      const upToDateMs = await untilUpToDate(site, backAtMs)
      expect(await watched.untilConnected(transport, 0)).toMatchObject({ reason: 'open' })
      const { statuses, timeline } = await watched.facts()
      const begun = timeline.filter(({ what, atMs }) => what === 'open' && atMs >= backAtMs).length
      expect(begun).toBeLessThanOrEqual(1)
      report.add(`${name}, ${transport}, offline`, {
        'online to up to date ms': upToDateMs,
        'noticed while offline': statuses.some(({ status }) => status === 'reconnecting') ? 'yes' : 'no',
      })
      await finish({ networkErrors: true })
    })
  })

  it('W8: the page comes out of the back/forward cache', async (context) => {
    await run(context, { server: options, files }, async (site) => {
      const { opened, server, origin, watched, publisher, finish } = site
      const { page } = opened
      await page.evaluate("addEventListener('pageshow', (event) => (window.shown = event.persisted))")
      await busy(site, transport)
      await page.goto(`${origin}/elsewhere.html`)
      await until('no connection', 1000, () => server.connections().length === 0)
      const leftAt = publisher.sent().private.length
      await observe(500)
      expect(publisher.sent().private.length).toBeGreaterThan(leftAt)
      // The driver waits for a load that never happens when the page comes out of the cache: leave it to the page.
      await page.evaluate('history.back()').catch(() => {})
      const persisted = await until('the page again', 5000, () => page.evaluate<string | null>(SHOWN).catch(() => null))
      expect(persisted).toBe('yes')
      report.add(`${name}, ${transport}, out of the cache`, {
        'back to up to date ms': await untilUpToDate(site, Date.now()),
      })
      expect((await watched.facts()).timeline.filter(({ what }) => what === 'start')).toHaveLength(1)
      await finish()
    })
  })
})

/** Whether the page that was left is there again; if it is a new one instead, why. */
const SHOWN = `location.pathname === '/' && document.readyState === 'complete'
  ? window.shown ? 'yes' : JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons) || 'no'
  : null`
