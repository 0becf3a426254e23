#!/usr/bin/env node
/**
 * Owns the `bx-pull` command: which subcommand runs, the help, and exit codes. 0 = done, 2 = wrong usage, 1 = failed.
 */
import { runServe } from './serve'
import { UsageError } from './usage-error'

const HELP = `bx-pull: tools for Bitrix Push & Pull

Usage:
  bx-pull serve [options]   start a local push server for development and tests

Run "bx-pull <command> --help" for the options of a command.
`

type Command = (args: readonly string[]) => Promise<void>

const COMMANDS: Readonly<Record<string, Command>> = { serve: runServe }

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof Error && error.name === UsageError) {
    process.stderr.write(`bx-pull: ${error.message}\n`)
    process.exitCode = 2
    return
  }
  process.stderr.write(`bx-pull: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})

async function main(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP)
    if (name === undefined) process.exitCode = 2
    return
  }
  const command = COMMANDS[name]
  if (command === undefined) {
    process.stderr.write(`bx-pull: no command "${name}"\n\n${HELP}`)
    process.exitCode = 2
    return
  }
  await command(rest)
}
