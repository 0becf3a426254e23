/** The example template, printed by PHP and opened in Chromium: what a site gets that copies it. */
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPullServer, type PullServer } from '../../src/entry/testing'
import { chromiumMissing, startChromium, type BrowserPage, type Chromium } from '../support/chromium'
import { phpMissing, startPhp, type Php } from '../support/php'
import { until } from './until'

const ROOT = fileURLToPath(new URL('../../examples/legacy-template', import.meta.url))
const missing = phpMissing() ?? chromiumMissing()

interface World {
  readonly server: PullServer
  readonly php: Php
  readonly opened: BrowserPage
}

describe.skipIf(missing !== null)('the legacy template', () => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await startChromium()
  })
  afterAll(() => chromium?.close())

  async function visit(path: string, version: 2 | 4 | 5, test: (world: World) => Promise<void>): Promise<void> {
    const server = await startPullServer({ version })
    const undo: (() => Promise<void>)[] = [() => server.close()]
    try {
      const environment = { BX_PULL_SERVER: server.url }
      const php = await startPhp({ root: ROOT, router: `${ROOT}/router.php`, environment })
      undo.push(() => php.close())
      const opened = await chromium.open()
      undo.push(() => opened.close())
      await opened.page.goto(`${php.url}${path}`)
      await test({ server, php, opened })
      expect(php.complaints()).toEqual([])
      expect([...opened.pageErrors, ...opened.consoleErrors]).toEqual([])
    } finally {
      for (const step of undo.reverse()) await step()
    }
  }

  const status = (page: Page): Promise<string | null> => page.getAttribute('#pull-status', 'data-status')
  const online = (page: Page): Promise<unknown> =>
    until(
      'online',
      5000,
      async () => (await status(page)) === 'online',
      () => status(page),
    )
  const badge = (id: number): string => `tr[data-order="${id}"] .badge`

  it.each([2, 4, 5] as const)(
    'PHP prints the configuration of version %i, and the page follows it',
    async (version) => {
      await visit('/', version, async ({ server, opened: { page } }) => {
        await online(page)
        expect(await page.textContent('#pull-status')).toBe('Connected')
        // As the portal prints it: numbers are texts. Nobody asked by REST but PHP itself.
        expect(await page.content()).toContain(`'version':'${version}'`)
        expect(server.log.filter(({ kind }) => kind === 'config')).toHaveLength(1)
        expect(server.watchTags.holders('SHOP_ORDERS')).toEqual([1])
        const publish = (command: string, params: object): void =>
          server.publish({ module_id: 'shop', command, params }, { tag: 'SHOP_ORDERS' })
        publish('orderStatus', { id: 1042, status: 'paid' })
        await page.locator(badge(1042), { hasText: 'paid' }).waitFor()
        publish('orderNew', { id: 1043, customer: '<b>Olga</b>', total: '990 ₽', status: 'new' })
        await page.locator(badge(1043), { hasText: 'new' }).waitFor()
        expect(await page.textContent('tr[data-order="1043"] td:nth-child(2)')).toBe('<b>Olga</b>')
        expect(await page.textContent('#bell-count')).toBe('1')
      })
    },
  )

  it('phrases of the extension come in the language of the page', async () => {
    await visit('/?lang=ru', 4, async ({ opened: { page } }) => {
      await online(page)
      expect(await page.textContent('#pull-status')).toBe('На связи')
    })
  })

  it('a portal that is down while the page is made: it starts without, and asks by itself', async () => {
    await visit('/bitrix/js/core.js', 4, async ({ server, php, opened: { page } }) => {
      // The first to ask is PHP.
      server.faults.set({ config: { status: 503 }, times: 1 })
      await page.goto(`${php.url}/`)
      expect(await page.content()).toContain('BX.PULL.start()')
      await online(page)
    })
  })

  it.each([
    ['a desktop', 1440, 900],
    ['a phone', 390, 844],
  ])('nothing runs over the edge of %s', async (_name, width, height) => {
    await visit('/', 4, async ({ opened: { page } }) => {
      await page.setViewportSize({ width, height })
      await online(page)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    })
  })
})
