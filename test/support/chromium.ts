/**
 * Starts one Chromium for a test file and gives every test pages of their own, which keep what went wrong in them.
 * Knows nothing of the client.
 */
import { chromium, type Browser, type Page } from 'playwright'

export interface BrowserPage {
  readonly page: Page
  /** Uncaught errors, in order. */
  readonly pageErrors: readonly string[]
  /** What was logged as an error, in order. Chromium logs failed requests of its own accord: see `networkErrors`. */
  readonly consoleErrors: readonly string[]
  /** What Chromium says about failed requests. Where a fault is asked for they belong to it. */
  readonly networkErrors: readonly string[]
  close(): Promise<void>
}

export interface Chromium {
  /** An empty page in a context of its own: no storage, cache or cookies are shared. */
  open(): Promise<BrowserPage>
  readonly version: string
  close(): Promise<void>
}

const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const NETWORK = /^(WebSocket connection to |Failed to load resource|Access to fetch at )/

/** Why tests with a browser cannot run here, or `null`. A build server has to have it: there it is an error. */
export function chromiumMissing(): string | null {
  if (process.env.BX_PULL_CHROMIUM) return null
  const reason = process.env.BX_PULL_CHROMIUM_MISSING ?? 'BX_PULL_CHROMIUM names no Chromium'
  if (process.env.CI) throw new Error(`Tests need Chromium: ${reason}`)
  console.warn(`\nSKIPPED: TESTS IN A BROWSER: ${reason}\n`)
  return reason
}

export async function startChromium(): Promise<Chromium> {
  // The sandbox refuses to work for root, who runs build containers.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser: Browser = await chromium.launch({
    executablePath: process.env.BX_PULL_CHROMIUM!,
    headless: true,
    args: [...ARGUMENTS, ...sandbox],
    // Pages must be able to enter the back/forward cache as for people.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
  return {
    open: () => open(browser),
    version: browser.version(),
    close: () => browser.close(),
  }
}

async function open(browser: Browser): Promise<BrowserPage> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const pageErrors: string[] = []
  const consoleErrors: string[] = []
  const networkErrors: string[] = []
  page.on('pageerror', (error) => pageErrors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() !== 'error') return
    const text = message.text()
    if (NETWORK.test(text)) networkErrors.push(text)
    else consoleErrors.push(text)
  })
  return { page, pageErrors, consoleErrors, networkErrors, close: () => context.close() }
}
