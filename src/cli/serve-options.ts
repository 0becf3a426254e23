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
  --version <0-5>       generation of the server                (default 4)
                        0 = none, pages poll PHP
                        1 = push-stream 0.3.4    2 = push-stream 0.4 and later
                        3 = Push server 1.0      4 = Push server 2.0 (text and protobuf)
                        5 = Push server 3.0 (JSON-RPC, JSON Web Tokens)
  --push-stream <v>     release for versions 1 and 2: 0.3.4, 0.4.0 or 0.5.5
  --mode <mode>         personal, or shared as in the cloud     (default personal)
  --sessid <id>         session id that POSTs to the portal must bring (default: not checked)
  --login <who>         anyone is user 1, or required: ?userId= must be there (default anyone)
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
  if (values.version !== undefined) options.version = readNumber('version', values.version, 0, 5) as ServerVersion
  if (values.mode !== undefined) options.mode = readChoice('mode', values.mode, ['personal', 'shared'])
  if (values.login !== undefined) options.login = readChoice('login', values.login, ['anyone', 'required'])
  if (values.sessid !== undefined) options.sessid = values.sessid
  const release = values['push-stream']
  if (release !== undefined) options.pushStream = readChoice('push-stream', release, RELEASES)
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
        mode: { type: 'string' },
        sessid: { type: 'string' },
        login: { type: 'string' },
        quiet: { type: 'boolean', short: 'q' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw usageError(`${message}\nRun "bx-pull serve --help" for the options.`)
  }
}

function readChoice<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const known = choices.find((each) => each === text)
  if (known === undefined) throw usageError(`--${flag} must be ${choices.join(', ')}; got "${text}"`)
  return known
}

function readNumber(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw usageError(`--${flag} must be a whole number from ${least} to ${most}; got "${text}"`)
}
