/** Owns one test's world: a local push server, nginx in front of it if wanted, and a browser page that follows it. */
import { expect } from 'vitest'
import { startPullServer, type PullServer, type PullServerOptions, type RequestRecord } from '../../src/entry/testing'
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

export interface Site {
  readonly server: PullServer
  readonly nginx: Nginx | null
  /** Where pages come from. */
  readonly origin: string
  readonly publisher: Publisher
  readonly opened: BrowserPage
  readonly watched: Watched
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
    const opened = await chromium.open()
    undo.push(() => opened.close())
    const origin = nginx?.url ?? server.url
    if (options.before !== undefined) await opened.page.addInitScript(options.before)
    await opened.page.goto(`${origin}${options.path ?? '/'}`)
    const watched = watchPage(opened.page)
    const publisher = createPublisher(server)
    undo.push(() => Promise.resolve(publisher.stop()))
    await test({
      server,
      nginx,
      origin,
      publisher,
      opened,
      watched,
      attempts: () => server.log.filter(({ kind }) => QUEUE_KINDS.includes(kind)),
      finish: (expected = {}) => finish({ server, publisher, opened, watched }, expected),
    })
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

type Ending = Pick<Site, 'server' | 'publisher' | 'opened' | 'watched'>

async function finish({ server, publisher, opened, watched }: Ending, expected: Expected): Promise<void> {
  const { networkErrors = false, lastWithinMs = 5000 } = expected
  publisher.stop()
  publisher.publish()
  await watched.untilDelivered(publisher.sent(), lastWithinMs)
  await observe(REPEATS_SHOW_MS)
  await watched.stop()
  await watched.expectExactly(publisher.sent())
  await until('no connection open', 2000, () => server.connections().length === 0)
  const { errors, gaps } = await watched.facts()
  expect({ errors, gaps }).toEqual({ errors: [], gaps: [] })
  expect(opened.pageErrors).toEqual([])
  expect(opened.consoleErrors).toEqual([])
  if (!networkErrors) expect(opened.networkErrors).toEqual([])
}
