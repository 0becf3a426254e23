/**
 * Owns a Chromium whose pages can be frozen. The usual driver keeps every page visible, and one that is visible does not
 * freeze however often it is told to: this one is spoken to over its own wire. Knows nothing of the client.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'

export interface FreezingPage {
  /** The value of an expression; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>
  /** Hides the page, then stops all its tasks; `resume` starts them again. It stays hidden. */
  freeze(): Promise<void>
  resume(): Promise<void>
}

export interface FreezingChromium {
  /** A page of its own: no storage is shared. */
  open(url: string): Promise<FreezingPage>
  close(): Promise<void>
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export async function startFreezingChromium(): Promise<FreezingChromium> {
  const profile = await mkdtemp(join(tmpdir(), 'bx-pull-'))
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const args = ['--headless=new', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0', ...sandbox]
  const child = spawn(process.env.BX_PULL_CHROMIUM!, [...args, `--user-data-dir=${profile}`, 'about:blank'])
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const wire = new WebSocket(await addressIn(child.stderr))
  await new Promise((resolve, reject) => wire.once('open', resolve).once('error', reject))
  const waiting = new Map<number, (answer: Answer) => void>()
  let asked = 0
  wire.on('message', (data: Buffer) => {
    const answer = JSON.parse(String(data)) as Answer
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })

  function send<T>(method: string, params: object, sessionId?: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const id = ++asked
      waiting.set(id, ({ result, error }) => {
        if (error) reject(new Error(`${method}: ${error.message}`))
        else resolve(result as T)
      })
      wire.send(JSON.stringify({ id, method, params, sessionId }))
    })
  }

  return {
    async open(url) {
      const context = await send<object>('Target.createBrowserContext', {})
      const { targetId } = await send<{ targetId: string }>('Target.createTarget', { url, ...context })
      const attached = await send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
      const tell = <T>(method: string, params: object): Promise<T> => send(method, params, attached.sessionId)
      return {
        async evaluate<T>(expression: string) {
          const options = { expression, awaitPromise: true, returnByValue: true }
          const { result, exceptionDetails } = await tell<{
            result: { value: T }
            exceptionDetails?: { text: string }
          }>('Runtime.evaluate', options)
          if (exceptionDetails) throw new Error(`${exceptionDetails.text}: ${expression}`)
          return result.value
        },
        freeze: () => tell('Page.setWebLifecycleState', { state: 'frozen' }),
        resume: () => tell('Page.setWebLifecycleState', { state: 'active' }),
      }
    },
    async close() {
      await send('Browser.close', {})
      await ended
      wire.terminate()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Chromium tells where it listens among its complaints. */
function addressIn(stderr: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    stderr.on('data', (piece: Buffer) => {
      text += String(piece)
      const address = /DevTools listening on (ws:\S+)/.exec(text)
      if (address) resolve(address[1]!)
    })
    stderr.once('end', () => reject(new Error(`Chromium did not start: ${text}`)))
  })
}
