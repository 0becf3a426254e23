/** Owns the flags of `bx-pull serve`: reading them, and saying in plain words what is wrong with them. Pure. */
import { parseArgs } from 'node:util'
import type { PullServerOptions, PushStreamRelease, ServerVersion } from '../server/options'
import { usageError } from './usage-error'

export const SERVE_HELP = `bx-pull serve: a local push server for development and tests.

Not for production: it keeps everything in memory, lets anybody in and breaks on command.

Usage:
  bx-pull serve [--port 8010] [--host 127.0.0.1] [--version 4] [--push-stream 0.5.5]

Options:
  --port <n>            TCP port, 0 takes a free one            (default 8010)
  --host <address>      address to listen on                    (default 127.0.0.1)
  --version <1-4>       generation of the server                (default 4)
                        1 = push-stream 0.3.4    2 = push-stream 0.4 and later
                        3 = Push server 1.0      4 = Push server 2.0 (text framing)
  --push-stream <v>     release for versions 1 and 2: 0.3.4, 0.4.0 or 0.5.5
  --quiet               print nothing per request or message
  --help                this text
`

export interface ServeFlags {
  readonly help: boolean
  readonly quiet: boolean
  readonly options: PullServerOptions
}

const RELEASES: readonly PushStreamRelease[] = ['0.3.4', '0.4.0', '0.5.5']

export function readServeFlags(args: readonly string[]): ServeFlags {
  const values = parse(args)
  const options: PullServerOptions = { port: readNumber('port', values.port ?? '8010', 0, 65_535) }
  if (values.host !== undefined) options.host = values.host
  if (values.version !== undefined) options.version = readNumber('version', values.version, 1, 4) as ServerVersion
  const release = values['push-stream']
  if (release !== undefined) {
    const known = RELEASES.find((each) => each === release)
    if (known === undefined) throw usageError(`--push-stream must be ${RELEASES.join(', ')}; got "${release}"`)
    options.pushStream = known
  }
  return { help: values.help === true, quiet: values.quiet === true, options }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', short: 'p' },
        host: { type: 'string' },
        version: { type: 'string' },
        'push-stream': { type: 'string' },
        quiet: { type: 'boolean', short: 'q' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw usageError(`${message}\nRun "bx-pull serve --help" for the options.`)
  }
}

function readNumber(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw usageError(`--${flag} must be a whole number from ${least} to ${most}; got "${text}"`)
}
