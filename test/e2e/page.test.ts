/** What pages do to a client: policies, old templates, other origins, leaving and coming back, stopping. */
import { describe, expect, it } from 'vitest'
import type { TransportKind } from '../../src/entry'
import { startPullServer, type PullServerOptions } from '../../src/entry/testing'
import { createFiles } from './files'
import { GENERATIONS, PUSH_SERVER, PUSH_STREAM } from './generations'
import { COUNT_WHAT_IS_OPEN, PAGES } from './pages'
import type { Site } from './site'
import { until } from './until'
import { createWorld } from './world'

const { report, suite, run } = createWorld('pages')
const files = createFiles(PAGES)

async function followAndFinish({ watched, publisher, finish }: Site, from: 'BX' | 'bundle' = 'BX'): Promise<void> {
  await watched.start({}, from)
  await watched.untilConnected('websocket', 2000)
  for (let count = 0; count < 5; count++) publisher.publish()
  await finish()
}

describe('ways to load it', suite, () => {
  const server = PUSH_SERVER.options

  it('a strict content security policy', async (context) => {
    const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:"
    const strict = createFiles(PAGES, { 'Content-Security-Policy': policy })
    await run(context, { server, files: strict }, async (site) => {
      await followAndFinish(site)
      // Runtimes of protobuf write code of their own, which such a policy forbids.
      expect(site.attempts()[0]?.query).toContain('binaryMode=true')
    })
  })

  it('the npm module in a bundle', async (context) => {
    await run(context, { server, files, path: '/bundled.html' }, async (site) => {
      expect(await site.opened.page.evaluate('typeof BX')).toBe('undefined')
      await followAndFinish(site, 'bundle')
    })
  })

  it('a page without BX, and the file loaded twice: one copy stays', async (context) => {
    await run(context, { server, files, path: '/twice.html' }, async (site) => {
      expect(await site.opened.page.evaluate('BX.Pull === api && BX.Pull.PullClient === first')).toBe(true)
      await followAndFinish(site)
    })
  })

  it('BX and BX.Pull are extended, nothing in them is replaced', async (context) => {
    await run(context, { server, files, path: '/legacy.html' }, async (site) => {
      const { page } = site.opened
      expect(
        await page.evaluate('BX === bx && BX.Pull === pull && [BX.message, BX.Pull.old, BX.Pull.restConfig]'),
      ).toEqual([1, 2, 3])
      expect(await page.evaluate('typeof BX.Pull.connect + typeof BX.Pull.PullClient')).toBe('functionfunction')
      const config = server && site.server.config()
      await site.watched.start({ config })
      await site.watched.untilConnected('websocket', 2000)
      await site.finish()
    })
  })

  it('a browser without globalThis', async (context) => {
    await run(context, { server, files, path: '/no-global-this.html' }, async (site) => {
      // The page starts it by itself: the driver must not look into a page without that name before the first event.
      await until('a connection', 3000, () => site.server.connections().length === 1)
      site.publisher.publish()
      await until('the first event', 2000, async () => (await site.opened.page.title()) === 'back')
      expect(await site.opened.page.evaluate('missing')).toBe('undefined')
      await site.finish()
    })
  })
})

describe.each(GENERATIONS)('BX.Pull.connect: $name', suite, ({ options, isNode }) => {
  const transports = ['websocket', 'long-polling', undefined] as const
  it.for(transports)('with serverUrl, userHash and transport %s', async (transport, context) => {
    await run(context, { server: options, files }, async (site) => {
      const { server, origin, opened, watched, publisher, finish, attempts } = site
      const { channels } = server.config()
      const connect = {
        serverEnabled: true,
        serverUrl: `${origin}/bitrix/subws/`,
        guestMode: false,
        userId: 1,
        userHash: `${channels.private.id}/${channels.shared.id}`,
        transport,
      }
      await opened.page.evaluate(`writeDown(BX.Pull.connect(${JSON.stringify(connect)}))`)
      const kind = transport ?? 'websocket'
      await watched.untilConnected(kind, 2000)
      publisher.publish()
      await finish()
      expect(new Set(attempts().map((request) => request.kind))).toEqual(new Set([kind]))
      if (isNode && kind === 'websocket') expect((await watched.messages())[0]?.channel).toBe(null)
    })
  })
})

describe('a page of another origin', suite, () => {
  const EARLY: PullServerOptions = { version: 1 }
  const cases: { name: string; server: PullServerOptions; transport: TransportKind; preflight: boolean }[] = [
    ...GENERATIONS.flatMap(({ name, options }) => [
      { name, server: options, transport: 'websocket' as const, preflight: false },
      { name, server: options, transport: 'long-polling' as const, preflight: false },
    ]),
    { name: PUSH_STREAM.name, server: PUSH_STREAM.options, transport: 'sse', preflight: false },
    // The time of a poll goes into a header there, and a header is what causes one.
    { name: 'push-stream 0.3.4', server: EARLY, transport: 'websocket', preflight: false },
    { name: 'push-stream 0.3.4', server: EARLY, transport: 'long-polling', preflight: true },
  ]
  it.for(cases)('$name, $transport', async ({ server, transport, preflight, name }, context) => {
    const pages = await startPullServer({ handler: files.serve })
    try {
      // Short holds: empty answers (304) have to be readable, too.
      const options = { ...server, pollHoldMs: 400 }
      await run(context, { server: options, files }, async (site) => {
        await site.opened.page.goto(`${pages.url}/`)
        await site.watched.start({ transport, config: site.server.configUrl })
        const { atMs } = await site.watched.untilConnected(transport, 3000)
        if (transport === 'long-polling') {
          await until(
            'two empty answers',
            4000,
            () => site.attempts().filter(({ status }) => status === 304).length >= 2,
          )
          expect(await site.watched.untilConnected(transport, 0)).toMatchObject({ reason: 'open' })
        }
        for (let count = 0; count < 5; count++) site.publisher.publish()
        await site.finish()
        const asked = site.server.log.filter(({ method }) => method === 'OPTIONS').map(({ path }) => path)
        expect(new Set(asked)).toEqual(new Set(preflight ? ['/bitrix/sub/'] : []))
        const { timeline } = await site.watched.facts()
        report.add(`other origin, ${name}, ${transport}`, {
          'open to connected ms': atMs - timeline.find(({ what }) => what === 'open')!.atMs,
          preflights: asked.length,
        })
      })
    } finally {
      await pages.close()
    }
  })
})

describe.each(GENERATIONS)('leaving and coming back: $name', suite, ({ name, options, isNode }) => {
  it('stop() leaves nothing open, in any state', async (context) => {
    await run(context, { server: options, files, before: COUNT_WHAT_IS_OPEN }, async (site) => {
      const { opened, server, watched } = site
      const open = (): Promise<object> => opened.page.evaluate('stillOpen()')
      const nothing = await open()
      expect(nothing).toMatchObject({ timers: 0, requests: 0, sockets: 0 })
      const kinds = isNode ? (['websocket', 'long-polling'] as const) : (['websocket', 'sse', 'long-polling'] as const)
      for (const transport of kinds) {
        server.faults.clear()
        await watched.start({ transport })
        await watched.untilConnected(transport, 2000)
        expect(await open()).not.toEqual(nothing)
        await watched.stop()
        await until(`nothing open after ${transport}`, 1000, async () => same(await open(), nothing), open)
        await until('no connection', 1000, () => server.connections().length === 0)
      }
      // While it tries, and while it waits to try again.
      server.faults.set({ upgradeHang: true, sse: 'hang', poll: 'hang' })
      await watched.start()
      await until('a hanging handshake', 2000, () => server.log.at(-1)?.kind === 'websocket')
      await watched.stop()
      await until('nothing open while connecting', 2500, async () => same(await open(), nothing), open)
      server.faults.clear()
      server.faults.set({ upgradeStatus: 502, sse: 502, poll: 502 })
      await watched.start()
      await watched.untilStatus('a pause', 3000, ({ reason }) => reason === 'server-unreachable')
      await watched.stop()
      await until('nothing open while waiting', 1000, async () => same(await open(), nothing), open)
    })
  })

  it('B6: pagehide closes at once, pageshow resumes with nothing lost', async (context) => {
    await run(context, { server: options, files }, async ({ opened, server, watched, publisher, finish }) => {
      await watched.start()
      await watched.untilConnected('websocket', 2000)
      publisher.publish()
      await watched.untilDelivered(publisher.sent(), 2000)
      const dispatch = (type: string): Promise<unknown> =>
        opened.page.evaluate(`dispatchEvent(new PageTransitionEvent('${type}', { persisted: true }))`)
      await dispatch('pagehide')
      await until('no connection', 1000, () => server.connections().length === 0)
      for (let count = 0; count < 20; count++) publisher.publish()
      const shownAtMs = Date.now()
      await dispatch('pageshow')
      const { atMs } = await watched.untilConnected('websocket', 2000)
      report.add(`${name}, pagehide and pageshow`, { 'shown to connected ms': atMs - shownAtMs })
      await finish()
    })
  })

  it('real navigation away and back', async (context) => {
    await run(context, { server: options, files }, async ({ opened, server, origin, watched, publisher, finish }) => {
      const { page } = opened
      await page.evaluate("addEventListener('pageshow', (event) => (window.shown = event.persisted))")
      await watched.start()
      await watched.untilConnected('websocket', 2000)
      publisher.publish()
      await watched.untilDelivered(publisher.sent(), 2000)
      await page.goto(`${origin}/elsewhere.html`)
      await until('no connection', 1000, () => server.connections().length === 0)
      for (let count = 0; count < 20; count++) publisher.publish()
      // The driver waits for a load that never happens when the page comes out of the cache: leave it to the page.
      const backAtMs = Date.now()
      await page.evaluate('history.back()').catch(() => {})
      const back = await until('the page again', 5000, () => page.evaluate<Shown | null>(SHOWN).catch(() => null))
      report.add(`${name}, navigation away and back`, { 'from the back/forward cache': back.persisted })
      expect(back).toEqual({ persisted: 'yes', why: '' })
      const { atMs } = await watched.untilConnected('websocket', 3000)
      report.add(`${name}, navigation away and back`, { 'back to connected ms': atMs - backAtMs })
      expect((await watched.facts()).timeline.filter(({ what }) => what === 'start')).toHaveLength(1)
      await finish()
    })
  })
})

/** Whether the page that was left is there again, and if it is a new one instead, why. */
const SHOWN = `location.pathname === '/' && document.readyState === 'complete' ? {
  persisted: window.shown ? 'yes' : 'no',
  why: window.shown ? '' : JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons),
} : null`
interface Shown {
  readonly persisted: string
  readonly why: string
}

function same(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
