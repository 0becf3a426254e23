/** The script tag on a page: what may be there before and after it, how it is loaded, and what a page can say without code. */
import { describe, expect, it, type TestContext } from 'vitest'
import type { TransportKind } from '../../src/entry'
import type { PullServerOptions } from '../../src/entry/testing'
import { inlineConfig, legacyFiles } from './legacy-pages'
import type { Site } from './site'
import { until } from './until'
import { createWorld } from './world'

const { report, suite, run } = createWorld('script tag')
const files = legacyFiles()
const server: PullServerOptions = { version: 4 }
const NAMES =
  "[typeof BX.PULL.start, typeof BX.PullClient, typeof BX.Pull.connect, typeof BX.Pull.PullClient].join(' ')"
const ALL_THERE = 'function function function function'

/** Starts `BX.PULL` as the page would, and hears one message over it. */
async function works(
  { opened: { page }, server }: Site,
  start = 'BX.PULL.start()',
  to = { users: [1] },
): Promise<void> {
  await page.evaluate(
    `got = [], BX.PULL.subscribe({ moduleId: 'im', command: 'message', callback: function (params) { got.push(params.id) } })`,
  )
  const startedAtMs = Date.now()
  expect(await page.evaluate(start)).toBe(true)
  report.add(new URL(page.url()).pathname, { 'started in ms': Date.now() - startedAtMs })
  server.publish({ module_id: 'im', command: 'message', params: { id: 7 } }, to)
  await until('a message', 4000, async () => (await page.evaluate<number[]>('got')).length > 0)
  expect(await page.evaluate('got')).toEqual([7])
}

/** Nothing is left open, and the page has complained of nothing. */
async function ends({ opened, server }: Site, stop = 'BX.PULL.stop()'): Promise<void> {
  await opened.page.evaluate(stop)
  await until('no connection', 3000, () => server.connections().length === 0)
  expect(opened.pageErrors).toEqual([])
  expect(opened.consoleErrors).toEqual([])
}

const on =
  (path: string, test: (site: Site) => Promise<void>, options = server) =>
  (context: TestContext) =>
    run(context, { server: options, files, path }, test)

describe('what is on the page', suite, () => {
  it(
    'nothing at all: inline configuration, and no global but BX',
    on('/bare.html', async (site) => {
      const { page } = site.opened
      expect(await page.evaluate(NAMES)).toBe(ALL_THERE)
      await works(site, `BX.PULL.start(${JSON.stringify(inlineConfig(site.server.config()))})`)
      const empty = await page.context().newPage()
      // An origin of the same kind: others have fewer names.
      await empty.goto(`${site.origin}/phrases.js`)
      const names = 'Object.getOwnPropertyNames(window)'
      const known: string[] = await empty.evaluate(names)
      const added = (await page.evaluate<string[]>(names)).filter((name) => !known.includes(name))
      expect(added.filter((name) => name !== 'got')).toEqual(['BX'])
      await ends(site)
    }),
  )

  it(
    'BX without the core: start() asks by itself',
    on('/no-core.html', async (site) => {
      expect(await site.opened.page.evaluate(NAMES)).toBe(ALL_THERE)
      await works(site)
      expect(site.server.log.find(({ kind }) => kind === 'config')?.method).toBe('POST')
      await ends(site)
    }),
  )

  it(
    'the core comes later and puts another BX in place of ours',
    on('/early.html', async (site) => {
      const { page } = site.opened
      expect(await page.evaluate('typeof BX')).toBe('function')
      expect(await page.evaluate(NAMES)).toBe(ALL_THERE)
      await works(site)
      // Events and REST go through the core that is there now.
      expect(await page.evaluate("heard.some(function (each) { return each[0] === 'custom' })")).toBe(true)
      expect(await page.evaluate('BX.RestClient.calls.map(function (call) { return call.method })')).toEqual([
        'pull.config.get',
      ])
      await ends(site)
    }),
  )

  it(
    "the vendor's client: nothing of it is touched, ours stands beside",
    on('/vendor.html', async ({ opened, server }) => {
      const { page } = opened
      expect(await page.evaluate('BX.PullClient === theirs && BX.PULL === page')).toBe(true)
      expect(
        await page.evaluate('[typeof BX.Pull.Connector, typeof BX.Pull.connect, typeof BX.Pull.PullClient]'),
      ).toEqual(['function', 'function', 'function'])
      expect(await page.evaluate('BX.PULL.start().then(function () { return BX.PULL.vendor })')).toBe(true)
      expect(server.connections()).toEqual([])
      await page.evaluate(`modern = BX.Pull.connect({ config: ${JSON.stringify(server.config())} })`)
      await until('the modern client', 4000, () => page.evaluate<boolean>("modern.status === 'connected'"))
      await page.evaluate('modern.stop()')
      await until('no connection', 3000, () => server.connections().length === 0)
      expect([...opened.pageErrors, ...opened.consoleErrors]).toEqual([])
    }),
  )

  it(
    "the vendor's client, and the tag says that it is to be replaced",
    on('/replaced.html', async (site) => {
      const { page } = site.opened
      expect(await page.evaluate('BX.PullClient === theirs || BX.PULL.vendor || BX.Pull.Connector !== connector')).toBe(
        false,
      )
      expect(await page.evaluate(NAMES)).toBe(ALL_THERE)
      await works(site)
      await ends(site)
    }),
  )

  it(
    'ours twice: the first stays',
    on('/twice.html', async (site) => {
      expect(
        await site.opened.page.evaluate(
          '[BX.PULL, BX.PullClient, BX.Pull.PullClient].every(function (each, at) { return each === first[at] })',
        ),
      ).toBe(true)
      await works(site)
      expect(site.server.connections()).toHaveLength(1)
      await ends(site)
    }),
  )

  it.for(['async', 'defer'])('%s: it knows its tag all the same', async (how, context) => {
    await run(context, { server, files, path: `/${how}.html` }, async (site) => {
      await works(site)
      expect(new Set(site.attempts().map(({ kind }) => kind))).toEqual(new Set(['long-polling']))
      await ends(site)
    })
  })

  it('a strict content security policy', async (context) => {
    const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:"
    const strict = legacyFiles({ 'Content-Security-Policy': policy })
    await run(context, { server, files: strict, path: '/strict.html' }, async (site) => {
      await works(site)
      expect(site.attempts()[0]?.query).toContain('binaryMode=true')
      await ends(site)
    })
  })

  it(
    'a browser without globalThis',
    on('/no-global-this.html', async (site) => {
      // The page starts by itself: the driver cannot look into a page without that name.
      await until('a connection', 3000, () => site.server.connections().length === 1)
      site.server.publish({ module_id: 'im', command: 'message', params: {} })
      await until('the first event', 3000, async () => (await site.opened.page.title()) === 'back')
      expect(await site.opened.page.evaluate('missing')).toBe('undefined')
      await ends(site)
    }),
  )
})

describe('who the page is', suite, () => {
  it(
    'a guest',
    on('/guest.html', async (site) => {
      await works(site, 'BX.PULL.start()', { users: [-5] })
      await ends(site)
    }),
  )

  it(
    'a REST application',
    on('/bare.html', async (site) => {
      const { page } = site.opened
      // As BX24 does it: an answer by callback, and no promise.
      await page.evaluate(`BX24 = {
        calls: [],
        callMethod: function (method, params, callback) {
          BX24.calls.push(method)
          fetch('/rest/' + method + '.json?auth=local.app', { method: 'POST' })
            .then(function (response) { return response.json() })
            .then(function (answer) {
              callback({ data: function () { return answer.result }, error: function () { return answer.error } })
            })
        },
      }, BX.PULL = new BX.PullClient({ restApplication: 'local.app', restClient: BX24, userId: 1 })`)
      await works(site, 'BX.PULL.start()', { users: [1], application: 'local.app' } as never)
      expect(await page.evaluate('BX24.calls')).toEqual(['pull.application.config.get'])
      await ends(site)
    }),
  )
})

describe('what a page says without code', suite, () => {
  const three: PullServerOptions = { version: 2 }
  const kinds = ({ server }: Site): Set<string> =>
    new Set(
      server.log.map(({ kind }) => kind).filter((kind) => kind !== 'config' && kind !== 'other' && kind !== 'rest'),
    )

  /** Opens a page again with what it says, starts one client of each kind, and answers what the page warned of. */
  async function threeClients(site: Site, path: string, stored: string | null, option?: string): Promise<string[]> {
    const { page } = site.opened
    const warnings: string[] = []
    if (stored !== null) await page.evaluate(`localStorage.setItem('bx_pull_transport', '${stored}')`)
    page.on('console', (message) => void (message.type() === 'warning' && warnings.push(message.text())))
    await page.goto(`${site.origin}${path}`)
    const config = JSON.stringify(site.server.config())
    await page.evaluate(`BX.PULL.start(${config})`)
    await page.evaluate(`another = new BX.PullClient(), another.start(${config})`)
    const given = option === undefined ? '' : `, transport: '${option}'`
    await page.evaluate(`modern = BX.Pull.connect({ config: ${config}${given} })`)
    await until('three clients', 5000, () =>
      page.evaluate<boolean>("another.isConnected() && BX.PULL.isConnected() && modern.status === 'connected'"),
    )
    return warnings
  }

  const ending = 'BX.PULL.stop(), another.stop(), modern.stop()'
  const cases: readonly [name: string, path: string, stored: string | null, expected: TransportKind, where: RegExp][] =
    [
      ['the address wins over everything', '/tagged.html?bx_pull_transport=sse', 'websocket', 'sse', /sse.*address/],
      ['the storage wins over the tag', '/tagged.html', 'sse', 'sse', /sse.*localStorage/],
      ['the tag wins over the options', '/tagged.html', null, 'long-polling', /long-polling.*tag/],
    ]
  it.for(cases)('%s', async ([, path, stored, expected, where], context) => {
    await run(context, { server: three, files, path: '/portal.html' }, async (site) => {
      const warnings = await threeClients(site, path, stored, 'websocket')
      expect(kinds(site)).toEqual(new Set([expected]))
      // Once for all clients, or nobody would find out what a forgotten switch does.
      expect(warnings).toEqual([expect.stringMatching(where)])
      await ends(site, ending)
    })
  })

  it('a transport that does not exist is named once, and changes nothing', async (context) => {
    await run(context, { server: three, files, path: '/portal.html' }, async (site) => {
      const warnings = await threeClients(site, '/mistyped.html', null)
      expect(kinds(site)).toEqual(new Set(['websocket']))
      expect(warnings).toEqual([expect.stringMatching(/pigeon.*websocket, sse, long-polling/)])
      await ends(site, ending)
    })
  })
})
