/** Pages as portals and old templates make them: the order of their scripts, what is there before ours, and how ours is loaded. */
import { readFileSync } from 'node:fs'
import type { RawConfig } from '../../src/entry/testing'
import { createFiles, type Files } from './files'

const FIXTURES = ['head.js', 'core.js', 'consumers.js', 'status-bar.js', 'queue-manager.js', 'vendor-client.js']
const OURS = '/bx-pull.min.js'

/** What PHP prints for the page; `?user=2` is another user. A file of its own: a strict policy allows nothing inline. */
const PHRASES = `BX.message({
  USER_ID: new URLSearchParams(location.search).get('user') || '1', SITE_ID: 's1', LANGUAGE_ID: 'en',
  bitrix_sessid: 'a1b2c3', pull_server_enabled: 'Y', pull_config_timestamp: '0',
})`

const tag = (src: string, attributes = ''): string => `<script src="${src}" ${attributes}></script>`
const fixture = (name: string): string => tag(`/legacy/${name}`)
const ours = (attributes = ''): string => tag(OURS, attributes)
const inline = (text: string): string => `<script>${text}</script>`
const document = (...head: string[]): string =>
  `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">${head.join('\n')}</head><body></body></html>`

const PORTAL = [fixture('head.js'), tag('/phrases.js'), fixture('core.js')]
const CONSUMERS = [fixture('consumers.js')]

const PAGES: Readonly<Record<string, string>> = {
  '/phrases.js': PHRASES,
  '/portal.html': document(...PORTAL, fixture('queue-manager.js'), ours(), ...CONSUMERS, fixture('status-bar.js')),
  // First of all scripts: the portal's core then puts a function in the place of the `BX` that ours has made.
  '/early.html': document(ours(), ...PORTAL, ...CONSUMERS),
  '/bare.html': document(ours()),
  '/no-core.html': document(fixture('head.js'), tag('/phrases.js'), ours()),
  '/vendor.html': document(
    ...PORTAL,
    fixture('vendor-client.js'),
    inline('var theirs = BX.PullClient, page = BX.PULL'),
    ours(),
  ),
  '/replaced.html': document(
    ...PORTAL,
    fixture('vendor-client.js'),
    inline('var theirs = BX.PullClient, connector = BX.Pull.Connector'),
    ours('data-bx-pull="replace"'),
  ),
  '/twice.html': document(
    ...PORTAL,
    ours(),
    inline('var first = [BX.PULL, BX.PullClient, BX.Pull.PullClient]'),
    ours(),
  ),
  '/guest.html': document(
    fixture('head.js'),
    inline("BX.message({ pull_server_enabled: 'Y', pull_guest_mode: 'Y', pull_guest_user_id: '-5' })"),
    ours(),
  ),
  '/async.html': document(...PORTAL, ours('async data-transport="long-polling"')),
  '/defer.html': document(...PORTAL, ours('defer data-transport="long-polling"')),
  '/tagged.html': document(...PORTAL, ours('data-transport="long-polling"')),
  '/mistyped.html': document(...PORTAL, ours('data-transport="pigeon"')),
  '/strict.html': document(...PORTAL, ours(), ...CONSUMERS),
  // As browsers of 2018. The name comes back with the first event, because the driver looks for it.
  '/no-global-this.html': document(
    inline('var kept = globalThis; delete window.globalThis; var missing = typeof globalThis'),
    ...PORTAL,
    ours(),
    inline(`BX.PULL.subscribe({ moduleId: 'im', callback: function () { kept.globalThis = kept; document.title = 'back' } })
      BX.ready(function () { BX.PULL.start() })`),
  ),
}

export function legacyFiles(headers: Readonly<Record<string, string>> = {}): Files {
  const read = (name: string): string => readFileSync(new URL(`../fixtures/legacy/${name}`, import.meta.url), 'utf8')
  const fixtures = FIXTURES.map((name): [string, string] => [`/legacy/${name}`, read(name)])
  return createFiles({ ...PAGES, ...Object.fromEntries(fixtures) }, headers)
}

/** A configuration as portal pages print it: every number is a text, and the server's clock is missing. */
export function inlineConfig(config: RawConfig): object {
  const quoted = JSON.parse(JSON.stringify(config), (_, value: unknown) =>
    typeof value === 'number' ? String(value) : value,
  ) as Partial<RawConfig>
  delete quoted.serverTime
  return quoted
}
