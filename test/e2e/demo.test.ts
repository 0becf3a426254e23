/** The demo as people use it: `examples/demo/start.mjs` as a process of its own, and its page in a real browser. */
import { spawn, type ChildProcess } from 'node:child_process'
import { connect, createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

const START = fileURLToPath(new URL('../../examples/demo/start.mjs', import.meta.url))
const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** Chromium itself reports requests that fail; where the demo breaks things, that is what was asked for. */
const NETWORK = /^(WebSocket connection to |Failed to load resource)/
/** Longer than any wait of the client in these tests, shorter than a test may take. */
const PATIENCE_MS = 25_000

const missing = whyNoBrowser()

/** Under CI a missing browser is a failure; elsewhere its tests are skipped, and that is said. */
function whyNoBrowser(): string | null {
  if (process.env['BX_PULL_CHROMIUM']) return null
  const reason = process.env['BX_PULL_CHROMIUM_MISSING'] ?? 'BX_PULL_CHROMIUM names no Chromium'
  if (process.env['CI']) throw new Error(`The demo is tested in Chromium: ${reason}`)
  console.warn(`\nSKIPPED: THE DEMO IN A BROWSER: ${reason}\n`)
  return reason
}

interface Demo {
  readonly child: ChildProcess
  readonly url: string
  output(): string
  /** Resolves once the output matches. */
  said(pattern: RegExp): Promise<void>
  /** Sends a signal and resolves to how the process ended. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null; tookMs: number }>
}

/** Every demo of this file, so that none outlives a failing test. */
const started: ChildProcess[] = []

function run(...args: string[]): { child: ChildProcess; output: () => string; exit: Promise<number | null> } {
  const child = spawn(process.execPath, [START, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
  // `close` and not `exit`: by then everything it said has been read.
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return { child, output: () => output, exit }
}

async function startDemo(...args: string[]): Promise<Demo> {
  const { child, output, exit } = run('--port', '0', ...args)
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(output())) return
        child.stdout?.off('data', look)
        resolve()
      }
      child.stdout?.on('data', look)
      void exit.then(() => reject(new Error(`ended before it said ${pattern}:\n${output()}`)))
      look()
    })
  await said(/page +http:\S+\n/)
  return {
    child,
    url: /page +(http:\S+)\n/.exec(output())?.[1] ?? '',
    output,
    said,
    async end(signal) {
      const beganMs = performance.now()
      child.kill(signal)
      const code = await exit
      return { code, signal: child.signalCode, tookMs: performance.now() - beganMs }
    },
  }
}

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })
}

afterAll(() => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
})

describe('both languages', () => {
  test('have the same words with the same places to fill', async () => {
    const words = async (tag: string): Promise<Record<string, string>> => {
      const file = new URL(`../../examples/demo/page/words-${tag}.js`, import.meta.url)
      return ((await import(file.href)) as { default: Record<string, string> }).default
    }
    const shape = (all: Record<string, string>): [string, string][] =>
      Object.entries(all)
        .map(([key, text]): [string, string] => [key, (text.match(/\{\w+\}/g) ?? []).sort().join('')])
        .sort(([a], [b]) => (a < b ? -1 : 1))
    const [en, ru] = [await words('en'), await words('ru')]
    expect(shape(ru)).toEqual(shape(en))
    expect([...Object.values(en), ...Object.values(ru)].filter((text) => text.trim() === '')).toEqual([])
  })
})

describe('the process', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it at once and frees the port', async (signal) => {
    const demo = await startDemo()
    await demo.said(/connected by websocket/)
    const ended = await demo.end(signal)
    expect(ended).toMatchObject({ code: 0, signal: null })
    // A busy machine needs a while to run it at all; what is forgotten would hold it for much longer.
    expect(ended.tookMs).toBeLessThan(2000)
    expect(await refuses(Number(new URL(demo.url).port))).toBe(true)
  })

  test('says what to do about a taken port and a wrong flag', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const port = String((taken.address() as AddressInfo).port)
    const refused = run('--port', port)
    expect(await refused.exit).toBe(1)
    expect(refused.output()).toBe(`Port ${port} is taken: choose another with --port, or --port 0 for any free one.\n`)
    await new Promise((resolve) => taken.close(resolve))
    const wrong = run('--version', '6')
    expect(await wrong.exit).toBe(1)
    expect(wrong.output()).toBe('--version must be a whole number from 0 to 5; got "6".\n')
  })

  test.each([
    ['0', 'interval-polling', 'generation 0: no queue server, the portal is polled'],
    ['5', 'websocket', 'generation 5: Push server 3.0'],
  ])('begins with generation %s', async (version, transport, said) => {
    const demo = await startDemo('--version', version)
    await demo.said(new RegExp(`connected by ${transport} `))
    expect(demo.output()).toContain(said)
    expect(await demo.end('SIGTERM')).toMatchObject({ code: 0, signal: null })
  })

  test('changes to generations that exist, and only if one is named', async () => {
    const demo = await startDemo()
    const change = async (query: string): Promise<number> =>
      (await fetch(`${demo.url}demo/generation${query}`, { method: 'POST' })).status
    expect(await Promise.all(['', '?version=', '?version=6', '?version=04'].map(change))).toEqual([400, 400, 400, 400])
    expect(await change('?version=0')).toBe(202)
    await demo.said(/The server is now generation 0/)
    await demo.end('SIGTERM')
  })

  test('writes no colours where nobody looks', async () => {
    const demo = await startDemo('--version', '1')
    await demo.said(/connected by/)
    expect(demo.output()).toContain('generation 1: nginx push-stream 0.3.4')
    expect(demo.output()).not.toContain('\u001b')
    await demo.end('SIGTERM')
  })
})

describe.skipIf(missing !== null)('the page', () => {
  let browser: Browser
  let demo: Demo
  /** What no page may have said, whatever was broken on purpose. */
  let problems: string[] = []

  beforeAll(async () => {
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    browser = await chromium.launch({
      executablePath: process.env['BX_PULL_CHROMIUM'] ?? '',
      args: [...ARGUMENTS, ...sandbox],
    })
    demo = await startDemo()
  })

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    const found = problems
    problems = []
    expect(found).toEqual([])
  })

  afterAll(async () => {
    await browser?.close()
    const ended = await demo?.end('SIGINT')
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(await refuses(Number(new URL(demo.url).port))).toBe(true)
  })

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1440, height: 900 }, ...options })
    context.setDefaultTimeout(PATIENCE_MS)
    const page = await context.newPage()
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error' && !NETWORK.test(message.text())) problems.push(message.text())
    })
    // Only what is on this machine may be asked for.
    page.on('request', (request) => {
      if (new URL(request.url()).hostname !== '127.0.0.1') problems.push(request.url())
    })
    await page.goto(demo.url)
    await connected(page)
    return page
  }

  const connected = (page: Page) => page.waitForSelector('#status[data-look="connected"]')
  const received = (page: Page, count: string) =>
    page.waitForFunction((text) => document.getElementById('counter-received')?.textContent === text, count)
  const used = (page: Page, lane: string) => page.waitForSelector(`#lane-${lane}[data-used="true"]`)

  /** Publishes through the form and waits until it is on the page and in the terminal. */
  async function publish(page: Page, command: string): Promise<void> {
    await page.fill('#publish-command', command)
    await page.click('#publish button[type="submit"]')
    await page
      .locator('#events-list .event-name', { hasText: `im:${command}` })
      .first()
      .waitFor()
    await demo.said(new RegExp(`event +im:${command} `))
  }

  test('shows what is published, here and in the terminal', async () => {
    const failed: string[] = []
    const page = await open()
    page.on('requestfailed', (request) => failed.push(request.url()))
    expect(await page.textContent('#status-headline')).toBe('Connected')
    expect(await page.textContent('#status-line')).toContain('WebSocket')
    await page.locator('#decisions-list .is-status', { hasText: 'Connected: WebSocket' }).waitFor()
    await page.locator('.lane-drawing .is-active').waitFor({ state: 'attached' })
    await publish(page, 'first')
    await page.locator('#publish-channel label', { hasText: 'Shared' }).click()
    await publish(page, 'second')
    await page.locator('.event summary').first().click()
    expect(JSON.parse((await page.textContent('.event pre')) ?? '')).toEqual({ text: 'Hello!' })
    await received(page, '2')
    expect(failed).toEqual([])
  })

  test('checks what is typed before it publishes', async () => {
    const page = await open()
    await page.fill('#publish-params', '{"text":')
    await page.click('#publish button[type="submit"]')
    expect(await page.textContent('#publish-problem')).toMatch(/^Parameters are no JSON/)
    expect(await page.getAttribute('#publish-params', 'aria-invalid')).toBe('true')
    await page.fill('#publish-params', '[]')
    await page.fill('#publish-module', 'pull')
    await page.click('#publish button[type="submit"]')
    expect(await page.textContent('#publish-problem')).toMatch(/^Module "pull"/)
    await page.fill('#publish-module', 'im')
    await publish(page, 'repaired')
    expect(await page.textContent('#publish-problem')).toBe('')
  })

  test('keeps up with bursts, filters and clears', async () => {
    const page = await open()
    for (const total of ['100', '200', '300']) {
      await page.click('#publish-burst')
      await received(page, total)
    }
    // Only the newest rows exist, and only those that match.
    expect(await page.locator('#events-list .event').count()).toBe(200)
    await page.fill('#events-filter', '"number":77}')
    expect(await page.locator('#events-list .event').count()).toBe(3)
    await page.click('#events-clear')
    expect(await page.locator('#events-list .event').count()).toBe(0)
  })

  test('uses the transport that was chosen, with every generation that has it', async () => {
    const page = await open()
    const choose = async (lane: string): Promise<void> => {
      await page.locator(`#transports label:has(input[value="${lane}"])`).click()
      await used(page, lane)
    }
    await choose('long-polling')
    await publish(page, 'by-long-polling')
    await connected(page)
    await choose('websocket')
    await publish(page, 'by-websocket')
    for (const version of ['2', '1', '3']) {
      await page.selectOption('#generation', version)
      await page.waitForFunction(
        (text) => document.getElementById('facts')?.textContent?.includes(text),
        `generation ${version}:`,
      )
      if (version !== '3') await choose('sse')
      else await choose('websocket')
      await connected(page)
      await publish(page, `generation-${version}`)
    }
    await page.selectOption('#generation', '4')
    await demo.said(/The server is now generation 4/)
    await used(page, 'websocket')
  })

  /** Exchanges the server; resolves when the page is connected to the new one. */
  async function exchange(page: Page, version: string): Promise<void> {
    await page.selectOption('#generation', version)
    await page.waitForFunction(
      (text) => document.getElementById('facts')?.textContent?.includes(text),
      `generation ${version}:`,
    )
    await page.waitForFunction(() => !(document.getElementById('generation') as HTMLSelectElement).disabled)
    await connected(page)
  }

  const choosable = (page: Page): Promise<string[]> =>
    page.$$eval('#transports input:not(:disabled)', (inputs) => inputs.map((each) => (each as HTMLInputElement).value))

  /** Connects user 2 or lets him go, and waits until his part of the page says so. */
  async function secondUser(page: Page, status: 'Connected' | 'not here'): Promise<void> {
    await page.click('#between-user')
    await page.locator('#between-status', { hasText: status }).waitFor()
  }

  async function send(page: Page, text: string, outcome: RegExp): Promise<void> {
    await page.fill('#between-text', text)
    await page.click('#between button[type="submit"]')
    await page.locator('#between-outcome', { hasText: outcome }).waitFor()
  }

  const arrived = (page: Page, text: string) => page.locator('#between-list li', { hasText: text }).first()

  test('sends from browser to browser with Push server 2.0, in either framing', async () => {
    const page = await open()
    await send(page, 'too early', /user 2 is not here/)
    await secondUser(page, 'Connected')
    await send(page, 'in protobuf', /^Sent\. Push server 2\.0 confirms nothing/)
    await arrived(page, 'in protobuf').waitFor()
    expect(await arrived(page, 'in protobuf').textContent()).toMatch(/from a browser, id [\da-f]{8}$/)
    const [socket] = await Promise.all([
      page.waitForEvent('websocket', (one) => !one.url().includes('binaryMode')),
      page.locator('#framings label', { hasText: 'Text' }).click(),
    ])
    expect(socket.url()).toContain('/subws/')
    await connected(page)
    await publish(page, 'in-text')
    // Only the binary WebSocket carries messages up: now they are posted, and that is answered.
    await send(page, 'posted', /^Sent, and the server confirmed it/)
    await arrived(page, 'posted').waitFor()
    // The message from before user 2 came was for those who were there.
    expect(await page.locator('#between-list li').count()).toBe(2)
  })

  test('sends and tells who is online with Push server 3.0, over WebSocket alone', async () => {
    const page = await open()
    await page.locator('#transports label:has(input[value="long-polling"])').click()
    await used(page, 'long-polling')
    await exchange(page, '5')
    expect(await page.isChecked('#transports input[value="auto"]')).toBe(true)
    expect(await choosable(page)).toEqual(['auto', 'websocket'])
    expect(await page.isVisible('#framing')).toBe(false)
    expect(await page.textContent('#lane-long-polling')).toBe('not spoken here')
    await used(page, 'websocket')
    await publish(page, 'generation-5')
    await page.waitForSelector('#between-presence[data-online="false"]')
    await secondUser(page, 'Connected')
    await page.waitForSelector('#between-presence[data-online="true"]')
    await send(page, 'over JSON-RPC', /^Sent, and the server confirmed it/)
    await arrived(page, 'over JSON-RPC').waitFor()
    expect(await arrived(page, 'over JSON-RPC').textContent()).toMatch(/from a browser, id 1$/)
    // Another client of the page asks anew.
    await page.click('#start-stop')
    await page.waitForSelector('#between-presence', { state: 'hidden' })
    await page.locator('#transports label:has(input[value="websocket"])').click()
    await page.waitForSelector('#between-presence[data-online="true"]')
    await secondUser(page, 'not here')
    await page.waitForSelector('#between-presence[data-online="false"]')
    expect(await page.textContent('#between-presence')).toBe('offline')
    await exchange(page, '4')
    expect(await page.isVisible('#between-presence')).toBe(false)
  })

  test('polls the portal where there is no queue server, and says that nothing can be sent', async () => {
    const page = await open()
    await exchange(page, '0')
    await used(page, 'interval-polling')
    expect(await choosable(page)).toEqual(['auto', 'interval-polling'])
    expect(await page.textContent('#connection-hint')).toMatch(/^No queue server/)
    expect(await page.textContent('#lane-websocket')).toBe('not spoken here')
    expect(await page.isDisabled('#break-cut-button')).toBe(true)
    await page.fill('#publish-command', 'stored')
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith('/bx-pull/control')),
      page.click('#publish button[type="submit"]'),
    ])
    expect(answer.ok()).toBe(true)
    // The next poll is a minute away: a signal of the browser asks at once.
    await page.click('#break-online-button')
    await page.locator('#events-list .event-name', { hasText: 'im:stored' }).waitFor()
    await send(page, 'nowhere', /^Not sent\. This push server \(version 0\) takes no requests/)
    await exchange(page, '2')
    expect(await page.isDisabled('#break-cut-button')).toBe(false)
    expect(await choosable(page)).toEqual(['auto', 'websocket', 'sse', 'long-polling'])
    expect(await page.textContent('#between-outcome')).toBe('')
    expect(await page.textContent('#between-hint')).toMatch(/^This generation takes nothing from browsers/)
    await send(page, 'nowhere', /^Not sent\. This push server \(version 2\) takes no requests/)
    await exchange(page, '4')
  })

  test('comes back after a cut, and with what was missed', async () => {
    const page = await open()
    await page.locator('#transports label:has(input[value="websocket"])').click()
    await connected(page)
    await publish(page, 'before')
    await page.click('#break-refuse-button')
    await page.waitForSelector('#break-refuse-button[aria-pressed="true"]')
    await page.click('#break-cut-button')
    await page.waitForSelector('#status[data-look="reconnecting"]')
    await page.locator('#decisions-list', { hasText: 'WebSocket: refused' }).waitFor()
    await page.fill('#publish-command', 'missed')
    await page.click('#publish button[type="submit"]')
    await page.click('#repair')
    await page.locator('.event.is-replayed .event-name', { hasText: 'im:missed' }).waitFor()
    await connected(page)
    expect(await page.textContent('#counter-reconnects')).toBe('1')
    expect(await page.getAttribute('#break-refuse-button', 'aria-pressed')).toBe('false')
  })

  test('stops, starts again and hands out the report', async () => {
    const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
    await page.click('#start-stop')
    await page.waitForSelector('#status[data-look="stopped"]')
    expect(await page.textContent('#start-stop')).toBe('Start')
    await page.click('#start-stop')
    await connected(page)
    await page.click('#copy-report')
    await page.locator('#copy-report', { hasText: 'Copied' }).waitFor()
    const report: unknown = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))
    expect(report).toMatchObject({ status: 'connected', transport: 'websocket', server: { version: 4 } })
  })

  test('speaks the language of the browser, and the other one on request', async () => {
    const page = await open({ locale: 'ru-RU' })
    expect(await page.textContent('#status-headline')).toBe('Подключено')
    expect(await page.getAttribute('html', 'lang')).toBe('ru')
    await page.click('[data-language="en"]')
    expect(await page.textContent('#status-headline')).toBe('Connected')
    expect(await page.textContent('#break-cut-button')).toBe('Cut connections')
    await page.reload()
    await connected(page)
    expect(await page.getAttribute('html', 'lang')).toBe('en')
  })

  test.each(['en-US', 'ru-RU'])('fits a phone in %s, in the dark as well', async (locale) => {
    const page = await open({ locale, viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true })
    await page.click('#publish-burst')
    await received(page, '100')
    await page.click('#between-user')
    await page.waitForFunction(() =>
      /^(Connected|Подключено)$/.test(document.getElementById('between-status')?.textContent ?? ''),
    )
    await page.fill('#between-text', 'W'.repeat(200))
    await page.click('#between button[type="submit"]')
    await page.locator('#between-list li').waitFor()
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
    expect(widths).toEqual([390, 390])
  })
})
