/** Owns one test's world: a local push server, nginx in front of it if wanted, and a browser page that follows it. */
import { expect } from 'vitest'
import { startPullServer, type PullServer, type PullServerOptions, type RequestRecord } from '../../src/entry/testing'
import type { PullErrorCode } from '../../src/entry'
import type { BrowserPage, Chromium } from '../support/chromium'
import { startNginx, type Nginx } from '../support/nginx'
import { createFiles, type Files } from './files'
import { nginxSettings, type Front } from './fronts'
import { createPublisher, type Publisher } from './publisher'
import { observe, until } from './until'
import { watchPage, type Watched } from './watched'

export interface SiteOptions {
  readonly server?: PullServerOptions
  readonly front?: Front | 'direct'
  readonly files?: Files
  /** The page to open. @default '/' */
  readonly path?: string
  /** A script that runs before those of the page. */
  readonly before?: string
}

/** A page in a browser profile of its own. */
export interface Visitor {
  readonly opened: BrowserPage
  readonly watched: Watched
}

export interface Site extends Visitor {
  readonly server: PullServer
  readonly nginx: Nginx | null
  /** Where pages come from. */
  readonly origin: string
  readonly publisher: Publisher
  /** Opens a page for somebody else. It has to be well to the end, too. */
  visit(): Promise<Visitor>
  /** Requests of clients to the push server so far: no files, no configuration. */
  attempts(): readonly RequestRecord[]
  /**
   * The end of every test: both channels get one more message; when it is there, everything that was published must be
   * there exactly once and in order, and after `stop()` nothing may be open.
   */
  finish(expected?: Expected): Promise<void>
}

export interface Expected {
  /** Chromium may complain about failed requests where they are part of the test. @default false */
  readonly networkErrors?: boolean
  /** What the client may complain of. @default none */
  readonly errors?: readonly PullErrorCode[]
  /** What the client has to say about messages that may have been missed. @default nothing */
  readonly gaps?: readonly unknown[]
  /** How long the last message may take. @default 5000 */
  readonly lastWithinMs?: number
}

const QUEUE_KINDS: readonly RequestRecord['kind'][] = ['websocket', 'sse', 'long-polling']
/** Longer than a Node server gathers messages: a repeat would be there by then. */
const REPEATS_SHOW_MS = 500

/** Runs `test` in a world of its own and takes it down whatever happens. */
export async function withSite(
  chromium: Chromium,
  options: SiteOptions,
  test: (site: Site) => Promise<void>,
): Promise<void> {
  const files = options.files ?? createFiles()
  const server = await startPullServer({ handler: files.serve, ...options.server })
  const undo: (() => Promise<void>)[] = [() => server.close()]
  try {
    const { front = 'direct' } = options
    const isNode = server.version >= 3
    const nginx = front === 'direct' ? null : await startNginx(nginxSettings(front, server.url, isNode))
    if (nginx !== null) undo.push(() => nginx.close())
    const origin = nginx?.url ?? server.url
    const visitors: Visitor[] = []
    const visit = async (): Promise<Visitor> => {
      const opened = await chromium.open()
      undo.push(() => opened.close())
      if (options.before !== undefined) await opened.page.addInitScript(options.before)
      await opened.page.goto(`${origin}${options.path ?? '/'}`)
      const visitor = { opened, watched: watchPage(opened.page) }
      visitors.push(visitor)
      return visitor
    }
    const { opened, watched } = await visit()
    const publisher = createPublisher(server)
    undo.push(() => Promise.resolve(publisher.stop()))
    await test({
      server,
      nginx,
      origin,
      publisher,
      opened,
      watched,
      visit,
      attempts: () => server.log.filter(({ kind }) => QUEUE_KINDS.includes(kind)),
      finish: (expected = {}) => finish({ server, publisher, watched, visitors }, expected),
    })
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

interface Ending extends Pick<Site, 'server' | 'publisher' | 'watched'> {
  readonly visitors: readonly Visitor[]
}

async function finish({ server, publisher, watched, visitors }: Ending, expected: Expected): Promise<void> {
  const { networkErrors = false, errors: allowed = [], gaps: told = [], lastWithinMs = 5000 } = expected
  publisher.stop()
  publisher.publish()
  await watched.untilDelivered(publisher.sent(), lastWithinMs)
  await observe(REPEATS_SHOW_MS)
  for (const visitor of visitors) await visitor.watched.stop()
  await watched.expectExactly(publisher.sent())
  await until('no connection open', 2000, () => server.connections().length === 0)
  for (const visitor of visitors) {
    const { errors: all, gaps } = await visitor.watched.facts()
    const errors = all.filter((error) => !allowed.some((code) => error.startsWith(`${code}: `)))
    expect({ errors, gaps }).toEqual({ errors: [], gaps: told })
    expect(visitor.opened.pageErrors).toEqual([])
    expect(visitor.opened.consoleErrors).toEqual([])
    if (!networkErrors) expect(visitor.opened.networkErrors).toEqual([])
  }
}
