/** Pages that are reloaded, left, crashed and copied while messages come: nothing is lost or repeated over all of them. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import type { TransportKind } from '../../src/entry'
import { createFiles, type Files } from './files'
import { GENERATIONS } from './generations'
import { PAGES } from './pages'
import { CHANNELS, type ChannelName } from './publisher'
import type { Site } from './site'
import { observe, until } from './until'
import { type Message, type WatchOptions, watchPage } from './watched'
import { createWorld } from './world'

const { report, suite, run } = createWorld('reload')
const files = createFiles(PAGES)
const PER_SECOND = 50
/** Longer than a Node server gathers messages: a repeat would be there by then. */
const REPEATS_SHOW_MS = 500

/** What the pages of a tab wrote down, kept when they go. In the page itself: the driver would miss the last messages. */
const KEEP = `addEventListener('pagehide', () => {
  if (!window.watched) return
  const kept = JSON.parse(sessionStorage.getItem('kept') || '[]')
  sessionStorage.setItem('kept', JSON.stringify(kept.concat(watched.messages)))
})`
const ALL = "JSON.parse(sessionStorage.getItem('kept') || '[]').concat(watched.messages)"

interface Counted {
  readonly lost: number[]
  readonly twice: number[]
  readonly late: number[]
}

function count(all: readonly Message[], sent: readonly number[], on: ChannelName): Counted {
  const numbers = all.filter((message) => message.on === on).map(({ n }) => n)
  return {
    lost: sent.filter((n) => !numbers.includes(n)),
    twice: numbers.filter((n, at) => numbers.indexOf(n) !== at),
    late: numbers.filter((n, at) => at > 0 && n < numbers[at - 1]!),
  }
}

const NOTHING: Counted = { lost: [], twice: [], late: [] }

/** The last message of both channels is there; answers what all pages of the tab heard. */
async function ending({ publisher, watched }: Site): Promise<readonly Message[]> {
  publisher.stop()
  publisher.publish()
  await watched.untilDelivered(publisher.sent(), 8000)
  await observe(REPEATS_SHOW_MS)
  return watched.ask<Message[]>(ALL)
}

async function stopped({ watched, opened, server }: Site): Promise<void> {
  const { errors, gaps } = await watched.facts()
  await watched.stop()
  await until('no connection open', 5000, () => server.connections().length === 0)
  expect({ errors, gaps }).toEqual({ errors: [], gaps: [] })
  expect([...opened.pageErrors, ...opened.consoleErrors]).toEqual([])
}

describe.each(GENERATIONS)('P11: $name', suite, ({ name, options, isNode }) => {
  const kinds: TransportKind[] = isNode ? ['websocket', 'long-polling'] : ['websocket', 'sse', 'long-polling']

  it.for(kinds)('location.reload() at 50 messages a second, %s', async (transport, context) => {
    await run(context, { server: options, files, before: KEEP }, async (site) => {
      const { opened, watched, publisher } = site
      const start = async (): Promise<void> => {
        await watched.start({ transport })
        await watched.untilConnected(transport, 4000)
      }
      await start()
      publisher.start(PER_SECOND)
      for (let reloads = 0; reloads < 5; reloads++) {
        const before = (await watched.messages()).length
        await until('some traffic', 3000, async () => (await watched.messages()).length > before + 10)
        await opened.page.reload()
        await start()
      }
      const all = await ending(site)
      const sent = publisher.sent()
      for (const on of CHANNELS) expect(count(all, sent[on], on), on).toEqual(NOTHING)
      const replayed = all.filter((message) => message.replayed)
      expect(replayed.length).toBeGreaterThan(0)
      report.add(`${name}, ${transport}, 5 reloads`, { messages: all.length, 'while away': replayed.length })
      await stopped(site)
    })
  })

  it('location.reload() in the middle of an answer', async (context) => {
    const answer = createHalfAnswer()
    await run(context, { server: options, files: answer.files, before: KEEP }, async (site) => {
      const { opened, watched, publisher, origin } = site
      await watched.start({ transport: 'long-polling' })
      await watched.untilConnected('long-polling', 4000)
      publisher.publish()
      await watched.untilDelivered(publisher.sent(), 3000)
      const devtools = await opened.page.context().newCDPSession(opened.page)
      await devtools.send('Network.enable')
      const read = new Promise<void>((resolve) => devtools.once('Network.dataReceived', () => resolve()))
      answer.halveNext(origin)
      await until('a poll to be halved', 3000, () => {
        publisher.publish()
        return answer.isHalved()
      })
      await read
      await opened.page.reload()
      await watched.start({ transport: 'long-polling' })
      const all = await ending(site)
      for (const on of CHANNELS) expect(count(all, publisher.sent()[on], on), on).toEqual(NOTHING)
      await stopped(site)
    })
  })

  it('a quiet page, and another page of the site in between', async (context) => {
    await run(context, { server: options, files, before: KEEP }, async (site) => {
      const { opened, watched, publisher, origin } = site
      // Before its start, and by a whole second: none of its business.
      publisher.publish()
      await observe(2100)
      await watched.start()
      await watched.untilConnected('websocket', 3000)
      await opened.page.goto(`${origin}/elsewhere.html`)
      for (let left = 5; left > 0; left--) publisher.publish()
      await opened.page.goto(`${origin}/twice.html`)
      await watched.start()
      const all = await ending(site)
      for (const on of CHANNELS) expect(count(all, publisher.sent()[on], on), on).toEqual({ ...NOTHING, lost: [1] })
      await stopped(site)
    })
  })

  it('a crash of the tab', async (context) => {
    await run(context, { server: options, files }, async (site) => {
      const { opened, watched, publisher, server } = site
      await watched.start()
      await watched.untilConnected('websocket', 3000)
      publisher.publish()
      await watched.untilDelivered(publisher.sent(), 2000)
      // Written once a second at the most: it is surely written then.
      await until('a place written', 3000, () => watched.ask<boolean>(STORED))
      const heard = await watched.messages()
      const devtools = await opened.page.context().newCDPSession(opened.page)
      const crashed = new Promise<void>((resolve) => opened.page.once('crash', () => resolve()))
      void devtools.send('Page.crash').catch(() => {})
      await crashed
      await until('no connection', 3000, () => server.connections().length === 0)
      for (let left = 5; left > 0; left--) publisher.publish()
      await devtools.send('Page.reload')
      // The driver gives a crashed page up for good: from here on the page is asked over its own wire.
      const evaluate = async (expression: string): Promise<unknown> => {
        const asked = { expression, awaitPromise: true, returnByValue: true }
        const { result, exceptionDetails } = await devtools.send('Runtime.evaluate', asked)
        if (exceptionDetails) throw new Error(exceptionDetails.text)
        return result.value
      }
      const again = { ...site, watched: watchPage({ evaluate } as Page) }
      await until('the page again', 5000, () => evaluate('!!(window.BX && window.watch)').catch(() => false))
      await again.watched.start()
      const all = [...heard, ...(await ending(again))]
      for (const on of CHANNELS) expect(count(all, publisher.sent()[on], on), on).toEqual(NOTHING)
      await stopped(again)
    })
  })

  it('P14: a second tab with a copy of the storage takes nothing and starts anew', async (context) => {
    await run(context, { server: options, files, before: KEEP }, async (site) => {
      const { opened, watched, publisher } = site
      await watched.start()
      await watched.untilConnected('websocket', 3000)
      for (let left = 5; left > 0; left--) publisher.publish()
      await watched.untilDelivered(publisher.sent(), 2000)
      await until('a place written', 3000, () => watched.ask<boolean>(STORED))
      // The second tab must not be in the second of the first messages: server times are whole seconds.
      await observe(2100)
      const popup = opened.page.waitForEvent('popup')
      await opened.page.evaluate("void window.open('/')")
      const second = await popup
      await second.waitForLoadState()
      const copied = watchPage(second)
      expect(await copied.ask<boolean>(STORED)).toBe(true)
      await copied.start()
      await copied.untilConnected('websocket', 3000)
      publisher.publish()
      await copied.untilDelivered(publisher.sent(), 3000)
      expect((await copied.messages()).map(({ n }) => n)).toEqual([6, 6])
      await second.close()
      await opened.page.reload()
      await watched.start()
      const all = await ending(site)
      for (const on of CHANNELS) expect(count(all, publisher.sent()[on], on), on).toEqual(NOTHING)
      await stopped(site)
    })
  })

  it('P5, P15: after stop(), and without storage, a page starts anew', async (context) => {
    await run(context, { server: options, files }, async (site) => {
      const { opened, watched, publisher } = site
      const anew = async (told: WatchOptions, stops: boolean): Promise<void> => {
        await watched.start(told)
        await watched.untilConnected('websocket', 3000)
        publisher.publish()
        await watched.untilDelivered(publisher.sent(), 2000)
        expect(await watched.messages()).toHaveLength(2)
        if (stops) await watched.stop()
        publisher.publish()
        await observe(2100)
        await opened.page.reload()
      }
      await anew({}, true)
      await anew({ storage: false }, false)
      await anew({}, true)
      await watched.start()
      await stopped(site)
    })
  })
})

interface HalfAnswer {
  readonly files: Files
  /** The next poll is answered by what the server at `origin` says, and then nothing: its body does not end. */
  halveNext(origin: string): void
  isHalved(): boolean
}

function createHalfAnswer(): HalfAnswer {
  let state: { origin: string } | 'whole' | 'asking' | 'halved' = 'whole'
  async function halve(origin: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await fetch(origin + request.url)
    const text = await asked.text()
    response.writeHead(asked.status, { 'Content-Type': 'text/plain' }).write(text)
    state = 'halved'
  }
  return {
    files: {
      serve(request, response) {
        if (typeof state !== 'string' && request.url?.startsWith('/bitrix/sub/')) {
          const { origin } = state
          state = 'asking'
          void halve(origin, request, response)
          return true
        }
        return files.serve(request, response)
      },
    },
    halveNext: (origin) => void (state = { origin }),
    isHalved: () => state === 'halved',
  }
}

/** The page's client has written down that it heard both channels. */
const STORED = "(JSON.parse(sessionStorage.getItem('bx-pull-position-0') || '{}').seen || []).length >= 2"
