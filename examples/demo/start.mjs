#!/usr/bin/env node
/**
 * The demo: a local push server with a page that shows and breaks a connection, and a client in this terminal that
 * follows the same channel. Nothing here leaves this machine.
 *
 *   node examples/demo/start.mjs [--port 8010] [--version 0..5]
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createDemo } from './demo.mjs'
import { createTerminal } from './terminal.mjs'

const FIRST_PORT = 8010
const BUILT = ['esm/testing.js', 'esm/node.js', 'bx-pull.min.js']
const HELP = `The bx-pull demo: a page that shows a live connection and breaks it on purpose.

  --port <number>      port of the page; 0 takes any free one (default: the first free one from ${FIRST_PORT} on)
  --version <0..5>     generation of the push server to begin with; 0 has none (default: 4)
  --help               this text
`

async function main() {
  const flags = readFlags(process.argv.slice(2))
  if (flags.help) return void process.stdout.write(HELP)
  checkBuild()
  const terminal = createTerminal(process.stdout)
  // A reader that went away (`npm start | head`) is a reason to end, not to crash.
  process.stdout.on('error', () => end())
  const demo = await createDemo({ ports: portsFor(flags.port), version: flags.version, terminal, failed })
  let ending = false

  function end() {
    // The second Ctrl+C of somebody who does not want to wait.
    if (ending) process.exit(130)
    ending = true
    terminal.note('Ending.')
    void demo.close()
  }
  // Node ends by itself once nothing is left open, which also proves that nothing was forgotten.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)
  function failed(error) {
    process.exitCode = 1
    console.error(explain(error))
    end()
  }
}

function readFlags(args) {
  const { values } = parseArgs({
    args,
    options: { port: { type: 'string' }, version: { type: 'string' }, help: { type: 'boolean' } },
  })
  return {
    port: values.port === undefined ? null : wholeNumber('port', values.port, 0, 65_535),
    version: values.version === undefined ? 4 : wholeNumber('version', values.version, 0, 5),
    help: values.help === true,
  }
}

function wholeNumber(flag, text, least, most) {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (value >= least && value <= most) return value
  throw new TypeError(`--${flag} must be a whole number from ${least} to ${most}; got "${text}".`)
}

/** A port that was asked for is taken as it is; otherwise people should not have to care. */
function portsFor(port) {
  return port === null ? Array.from({ length: 20 }, (_, at) => FIRST_PORT + at) : [port]
}

function checkBuild() {
  const missing = BUILT.filter((name) => !existsSync(fileURLToPath(new URL(`../../dist/${name}`, import.meta.url))))
  if (missing.length === 0) return
  throw new TypeError(`dist/${missing[0]} is missing: run \`npm run build\` once, or \`npm start\`, which does both.`)
}

function explain(error) {
  if (error.code === 'EADDRINUSE')
    return `Port ${error.port} is taken: choose another with --port, or --port 0 for any free one.`
  if (error.code === 'EACCES') return `Port ${error.port} needs privileges: choose one above 1023 with --port.`
  if (error.code === 'ERR_MODULE_NOT_FOUND')
    return `${error.message}\nRun \`npm ci\` once, or \`npm start\`, which does.`
  if (/^ERR_PARSE_ARGS/.test(error.code ?? '')) return `${error.message}\n\n${HELP}`
  return error instanceof TypeError && error.code === undefined ? error.message : (error.stack ?? String(error))
}

try {
  await main()
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}
