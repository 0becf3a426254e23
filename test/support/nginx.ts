/**
 * Starts a real nginx on a free port of this machine, without privileges, in a folder of its own that goes with it.
 * Knows nothing of push servers: the settings are given.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface NginxSettings {
  /** Lines of the `http` block, e.g. a `map`. */
  readonly http?: string
  /** Lines of the one `server` block; `listen` is added. */
  readonly server: string
}

export interface Nginx {
  readonly port: number
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** What it wrote to its error log so far. */
  errors(): string
  /** Ends it and removes its folder. May be called twice. */
  close(): Promise<void>
}

const START_WITHIN_MS = 5000
const STOP_WITHIN_MS = 3000
/** Somebody else may take a free port before nginx does. */
const ATTEMPTS = 5

/** Why tests with nginx cannot run here, or `null`. A build server has to have it: there it is an error. */
export function nginxMissing(): string | null {
  if (process.env.BX_PULL_NGINX) return null
  const reason = process.env.BX_PULL_NGINX_MISSING ?? 'BX_PULL_NGINX names no nginx'
  if (process.env.CI) throw new Error(`Tests need nginx: ${reason}`)
  console.warn(`\nSKIPPED: TESTS BEHIND NGINX: ${reason}\n`)
  return reason
}

export async function startNginx(settings: NginxSettings): Promise<Nginx> {
  for (let attempt = 1; ; attempt++) {
    const folder = mkdtempSync(join(tmpdir(), 'bx-pull-nginx-'))
    const port = await freePort()
    writeFileSync(join(folder, 'nginx.conf'), configuration(settings, port))
    mkdirSync(join(folder, 'temp'))
    const child = spawn(process.env.BX_PULL_NGINX!, ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('error', (error) => (said += error.message))
    const close = async (): Promise<void> => {
      await end(child)
      rmSync(folder, { recursive: true, force: true })
    }
    if (await accepts(child, port)) {
      const errors = (): string => readFileSync(join(folder, 'error.log'), 'utf8')
      return { port, url: `http://127.0.0.1:${port}`, errors, close }
    }
    await close()
    if (attempt === ATTEMPTS || !/Address already in use/.test(said)) throw new Error(`nginx did not start: ${said}`)
  }
}

function configuration({ http = '', server }: NginxSettings, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
# One process: it needs no privileges, and ending it ends everything.
master_process off;
pid nginx.pid;
error_log error.log notice;
events { worker_connections 512; }
http {
  access_log off;
  default_type text/plain;
${temporary.map((name) => `  ${name}_temp_path temp/${name};`).join('\n')}
${http}
  server {
    listen 127.0.0.1:${port};
${server}
  }
}
`
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

async function accepts(child: ChildProcess, port: number): Promise<boolean> {
  const untilMs = Date.now() + START_WITHIN_MS
  while (Date.now() < untilMs && child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    if (await canConnect(port)) return child.exitCode === null
    await sleep(10)
  }
  return false
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (connected: boolean): void => {
      socket.destroy()
      resolve(connected)
    }
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await ended
  clearTimeout(late)
}
