/**
 * Starts PHP's own web server on a free port of this machine, and keeps what PHP complained of.
 * Knows nothing of Bitrix: folder, router and environment are given.
 */
import { spawn, type ChildProcess } from 'node:child_process'

export interface PhpSettings {
  /** What is served. */
  readonly root: string
  /** Script that is asked before every file. */
  readonly router: string
  readonly environment?: Readonly<Record<string, string>>
}

export interface Php {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Notices, warnings and errors of scripts so far, one per line. */
  complaints(): readonly string[]
  /** Ends it. May be called twice. */
  close(): Promise<void>
}

const START_WITHIN_MS = 5000
const STOP_WITHIN_MS = 3000
/** Every notice is written to the log, none into the page. */
const OPTIONS = ['error_reporting=-1', 'display_errors=0', 'log_errors=1', 'html_errors=0', 'error_log=']

/** Why tests with PHP cannot run here, or `null`. A build server has to have it: there it is an error. */
export function phpMissing(): string | null {
  if (process.env.BX_PULL_PHP) return null
  const reason = process.env.BX_PULL_PHP_MISSING ?? 'BX_PULL_PHP names no PHP'
  if (process.env.CI) throw new Error(`Tests need PHP: ${reason}`)
  console.warn(`\nSKIPPED: TESTS WITH PHP: ${reason}\n`)
  return reason
}

export async function startPhp({ root, router, environment = {} }: PhpSettings): Promise<Php> {
  const options = OPTIONS.flatMap((option) => ['-d', option])
  // Port 0: it takes a free one and says which.
  const child = spawn(process.env.BX_PULL_PHP!, [...options, '-S', '127.0.0.1:0', '-t', root, router], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  const close = (): Promise<void> => end(child)
  try {
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`PHP did not start (${why}): ${said}`))
      const late = setTimeout(() => fail('no word from it'), START_WITHIN_MS)
      child.once('error', (error) => fail(error.message))
      child.once('exit', (code) => fail(`exit code ${code}`))
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const address = /Development Server \((http:\S+)\) started/.exec(said)?.[1]
        if (address === undefined) return
        clearTimeout(late)
        resolve(address)
      })
    })
    const complaints = (): string[] => said.split('\n').filter((line) => /PHP [A-Z][a-z]+( error)?: /.test(line))
    return { url, complaints, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await ended
  clearTimeout(late)
}
