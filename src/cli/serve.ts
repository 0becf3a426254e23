/** Owns `bx-pull serve`: starting the local push server, telling its addresses, one line per thing that happens. */
import { startPullServer, type PullServer, type WatchEvent } from '../server/server'
import { readServeFlags, SERVE_HELP } from './serve-options'
import { usageError } from './usage-error'

export async function runServe(args: readonly string[]): Promise<void> {
  const flags = readServeFlags(args)
  if (flags.help) {
    process.stdout.write(SERVE_HELP)
    return
  }
  let server: PullServer
  try {
    server = await startPullServer(flags.options)
  } catch (error) {
    throw explained(error, flags.options.port ?? 0)
  }
  process.stdout.write(banner(server))
  if (!flags.quiet) server.watch((event) => process.stdout.write(`${line(event)}\n`))
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await server.close()
}

function banner(server: PullServer): string {
  const { server: urls } = server.config()
  const rows: [string, string][] = [
    ['config', server.configUrl],
    ['websocket', urls.websocket],
    ['sse', urls.sse ?? ''],
    ['long polling', urls.long_polling],
    ['php polling', urls.interval_polling ?? ''],
    ['publish', server.version === 0 ? '' : `POST ${server.url}/bitrix/pub/?CHANNEL_ID=<id>`],
    ['by clients', urls.publish === '' ? '' : `POST ${urls.publish}`],
    ['rest', `POST ${server.url}/rest/<method>.json`],
    ['control', `POST ${server.url}/bx-pull/control   GET ${server.url}/bx-pull/state`],
  ]
  const served = rows.filter(([, value]) => value !== '')
  const list = served.map(([name, value]) => `  ${name.padEnd(13)} ${value}\n`).join('')
  return `Push server of version ${server.version} for development and tests, not for production.\n\n${list}\nStop with Ctrl+C.\n\n`
}

/** One line per event. Channel ids are secrets on a real portal, so people do not learn to paste them: shortened. */
function line(event: WatchEvent): string {
  const time = new Date().toISOString().slice(11, 23)
  if (event.type === 'published') {
    const channels = event.channels.map((id) => `${id.slice(0, 6)}…`).join(' ')
    return `${time}  published     ${channels}  ${shorten(event.body)}`
  }
  const { kind, method, path, status, call } = event.record
  return `${time}  ${kind.padEnd(12)}  ${method} ${path}${call === undefined ? '' : ` ${call}`} ${status}`
}

function shorten(text: string): string {
  const flat = text.replace(/\s+/g, ' ')
  return flat.length > 160 ? `${flat.slice(0, 160)}…` : flat
}

function explained(error: unknown, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'EADDRINUSE')
    return usageError(`port ${port} is taken; choose another with --port, or --port 0 for a free one`)
  if (code === 'EACCES') return usageError(`port ${port} needs privileges; choose one above 1023 with --port`)
  if (error instanceof RangeError) return usageError(error.message)
  return error
}
