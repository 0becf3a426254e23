/** Pages that the browser freezes while messages come. A Chromium of its own: the usual driver does not let pages freeze. */
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TransportKind } from '../../src/entry'
import { startPullServer } from '../../src/entry/testing'
import { chromiumMissing } from '../support/chromium'
import { startFreezingChromium, type FreezingChromium } from '../support/freezing-chromium'
import { createFiles } from './files'
import { GENERATIONS } from './generations'
import { createPublisher } from './publisher'
import { createReport } from './report'
import { observe, until } from './until'
import { watchPage } from './watched'

const noBrowser = chromiumMissing()
const report = createReport('freeze')
const files = createFiles()
const PER_SECOND = 50
const RIGHT_WITHIN_MS = 2500
const FROZEN_MS = 3000
/** Longer than a Node server gathers messages: a repeat would be there by then. */
const REPEATS_SHOW_MS = 500

const JSON_RPC = { name: 'Push server 3.0', options: { version: 5 as const } }
const TARGETS = [...GENERATIONS, JSON_RPC].flatMap(({ name, options }) => {
  const { version } = options
  const kinds: TransportKind[] =
    version === 5 ? ['websocket'] : version === 4 ? ['websocket', 'long-polling'] : ['websocket', 'sse', 'long-polling']
  return kinds.map((transport) => ({ name, options, transport }))
})

let chromium: FreezingChromium | null = null
beforeAll(async () => {
  if (noBrowser === null) chromium = await startFreezingChromium()
})
afterAll(async () => {
  await chromium?.close()
  report.print()
})

describe('W6: frozen for some seconds under traffic', { concurrent: true, skip: noBrowser !== null }, () => {
  it.for(TARGETS)('$name, $transport', async ({ name, options, transport }) => {
    const server = await startPullServer({ handler: files.serve, ...options })
    const publisher = createPublisher(server)
    try {
      const page = await chromium!.open(`${server.url}/`)
      await until('the page', 5000, () => page.evaluate<boolean>('!!(window.BX && window.watch)').catch(() => false))
      const watched = watchPage(page as unknown as Page)
      await page.evaluate(`heard = []; for (const type of ['freeze', 'resume', 'visibilitychange'])
        document.addEventListener(type, () => heard.push(type))`)
      await watched.start({ transport })
      await watched.untilConnected(transport, 3000)
      publisher.start(PER_SECOND)
      await until('some traffic', 3000, async () => (await watched.messages()).length > 20)
      const openings = async (): Promise<number> =>
        (await watched.facts()).timeline.filter(({ what }) => what === 'open').length
      const before = await openings()

      await page.freeze()
      const frozenAtMs = Date.now()
      await observe(FROZEN_MS)
      await page.resume()
      const wokeAtMs = Date.now()
      const { private: own, shared } = publisher.sent()
      const wanted = { private: own.length, shared: shared.length }
      await until(
        'everything published by then',
        RIGHT_WITHIN_MS,
        async () => {
          const got = await watched.messages()
          return (['private', 'shared'] as const).every((on) =>
            got.some((each) => each.on === on && each.n >= wanted[on]),
          )
        },
        () => watched.facts(),
      )
      report.add(`${name}, ${transport}`, { 'resumed to up to date ms': Date.now() - wokeAtMs })
      expect(await page.evaluate('heard')).toEqual(['visibilitychange', 'freeze', 'resume'])
      // It really stood still: nothing was delivered in the meantime.
      const meanwhile = (await watched.messages()).filter(
        ({ atMs }) => atMs > frozenAtMs + 500 && atMs < wokeAtMs - 100,
      )
      expect(meanwhile).toEqual([])
      expect(await watched.untilConnected(transport, 0)).toMatchObject({ reason: 'open' })

      await observe(REPEATS_SHOW_MS)
      publisher.stop()
      publisher.publish()
      await watched.untilDelivered(publisher.sent(), 5000)
      await observe(REPEATS_SHOW_MS)
      expect((await openings()) - before).toBeLessThanOrEqual(1)
      await watched.stop()
      await watched.expectExactly(publisher.sent())
      const { errors, gaps } = await watched.facts()
      expect({ errors, gaps }).toEqual({ errors: [], gaps: [] })
      await until('no connection open', 2000, () => server.connections().length === 0)
    } finally {
      publisher.stop()
      await server.close()
    }
  })
})
