#!/usr/bin/env node
/**
 * `npm test`: every check there is, one step after the other; a failing step does not hide the next.
 * The last line is `N passed, N failed, N skipped`: the tests of all vitest projects, and one for each other step.
 *
 *   node .ci/test.mjs [lint] [typecheck] [build] [unit] [contract] [e2e] [package]    (default: all)
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepare, testEnvironment } from './prepare.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const isCi = Boolean(process.env.CI)

/** A build server's patience: a hanging step is ended, and its run fails, before the whole is cut off without a word. */
const RUN_TIMEOUT_MS = 14 * 60_000
const STEP_TIMEOUT_MS = 8 * 60_000
const LINES_OF_A_FAILURE = 12
const WIDTH_OF_A_FAILURE = 240

const binary = (name) => join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name)
const script = (name) => ({ kind: 'script', command: ['npm', 'run', '--silent', name] })
const vitest = (project, needs, options = []) => ({ kind: 'vitest', project, needs, options })

const STEPS = {
  lint: script('lint'),
  typecheck: script('typecheck'),
  build: script('build'),
  // Left to itself vitest leaves a core alone. The other projects need it: they measure what people wait for.
  unit: vitest('unit', [], ['--maxWorkers=100%']),
  contract: vitest('contract', []),
  e2e: vitest('e2e', ['build']),
  package: vitest('package', ['build']),
}

async function main() {
  const wanted = process.argv.slice(2)
  const unknown = wanted.filter((name) => !(name in STEPS))
  if (unknown.length > 0)
    throw new Error(`No such step: ${unknown.join(', ')}. Steps: ${Object.keys(STEPS).join(', ')}`)

  const names = Object.keys(STEPS).filter((name) => wanted.length === 0 || wanted.includes(name))
  const withVitest = names.some((name) => STEPS[name].kind === 'vitest')
  const withPages = names.includes('e2e')
  prepare({ browser: withPages, nginx: withPages, php: withPages })

  const reports = mkdtempSync(join(tmpdir(), 'bx-pull-test-'))
  const environment = { ...process.env, ...testEnvironment() }
  const endAtMs = Date.now() + RUN_TIMEOUT_MS
  const results = []
  try {
    for (const name of names) {
      console.log(`\n=== ${name}`)
      const startedAtMs = Date.now()
      const result = await runStep(name, results, { reports, environment, endAtMs })
      results.push({ name, seconds: (Date.now() - startedAtMs) / 1000, ...result })
    }
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
  return summarise(results, withVitest)
}

async function runStep(name, earlier, { reports, environment, endAtMs }) {
  const step = STEPS[name]
  const limitMs = Math.min(STEP_TIMEOUT_MS, endAtMs - Date.now())
  if (limitMs <= 0) return broken(`${name}: not started, the run took too long`)
  const lacking = (step.needs ?? []).find((need) => earlier.some((result) => result.name === need && result.failed > 0))
  if (lacking !== undefined) return broken(`${name}: not started, it needs what "${lacking}" failed to make`)

  if (step.kind === 'script') {
    const ended = await runCommand(step.command, environment, limitMs)
    return ended === null ? { passed: 1, failed: 0, skipped: 0, problems: [] } : broken(`${name}: ${ended}`)
  }
  const report = join(reports, `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const command = [
    binary('vitest'),
    'run',
    '--config',
    'test/vitest.config.ts',
    '--project',
    step.project,
    ...step.options,
    ...reporters,
  ]
  return readReport(name, report, await runCommand(command, environment, limitMs))
}

/** `null` when the command succeeded, otherwise how it ended. */
function runCommand([command, ...args], environment, limitMs) {
  return new Promise((resolve) => {
    const isWindows = process.platform === 'win32'
    const child = spawn(command, args, {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: isWindows,
      // A group of its own, so that ending a hanging step also ends the servers and browsers it started.
      detached: !isWindows,
    })
    let timedOut = false
    const end = (signal) => {
      try {
        process.kill(isWindows ? child.pid : -child.pid, signal)
      } catch {
        // It has ended by itself.
      }
    }
    const timer = setTimeout(() => {
      timedOut = true
      end('SIGKILL')
    }, limitMs)
    const interrupt = () => {
      end('SIGTERM')
      process.exit(130)
    }
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    const settle = (ended) => {
      clearTimeout(timer)
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
      // A browser or server that outlives its step would disturb the next one.
      if (child.pid !== undefined) end('SIGKILL')
      resolve(ended)
    }
    child.once('error', (error) => settle(error.message))
    child.once('exit', (code, signal) => {
      if (timedOut) settle(`ended after ${Math.round(limitMs / 1000)} s without a result`)
      else settle(code === 0 ? null : `failed (${signal ?? `exit code ${code}`})`)
    })
  })
}

function readReport(name, file, ended) {
  let report
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return broken(`${name}: no report${ended === null ? '' : `, ${ended}`}`)
  }
  const result = { passed: 0, failed: 0, skipped: 0, problems: [] }
  for (const suite of report.testResults) {
    const where = relative(root, suite.name)
    for (const test of suite.assertionResults) {
      const title = [where, ...test.ancestorTitles, test.title].join(' > ')
      if (test.status === 'passed') result.passed += 1
      else if (test.status === 'failed') addProblem(result, 'failed', title, test.failureMessages)
      else addProblem(result, 'skipped', title)
    }
    // A file that cannot even be loaded has no tests that could fail.
    const hasFailedTest = suite.assertionResults.some((test) => test.status === 'failed')
    if (suite.status === 'failed' && !hasFailedTest) addProblem(result, 'failed', where, [suite.message])
  }
  if (result.passed + result.failed === 0) addProblem(result, 'failed', `${name}: not one test was executed`)
  // An error outside of every test, or a handle that vitest had to give up on.
  if (ended !== null && result.failed === 0)
    addProblem(result, 'failed', `${name}: no test failed, but vitest ${ended}`)
  return result
}

/** The end of a long log is what people are shown: it has to say why, too. */
function addProblem(result, kind, title, messages = []) {
  result[kind] += 1
  const why = messages
    .join('\n')
    .split('\n')
    .slice(0, LINES_OF_A_FAILURE)
    .map((line) => line.slice(0, WIDTH_OF_A_FAILURE))
  const heading = `${kind === 'failed' ? 'FAILED ' : 'skipped'} ${title}`
  result.problems.push([heading, ...why.filter(Boolean).map((line) => `        ${line}`)].join('\n'))
}

function broken(why) {
  return { passed: 0, failed: 1, skipped: 0, problems: [`FAILED  ${why}`] }
}

function summarise(results, withVitest) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')]

  console.log('\n=== result')
  for (const result of results) {
    const verdict = result.failed > 0 ? 'FAILED' : 'ok'
    const counts = `${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`
    console.log(`${result.name.padEnd(10)} ${verdict.padEnd(7)} ${counts.padEnd(40)} ${result.seconds.toFixed(1)} s`)
  }
  for (const problem of results.flatMap((result) => result.problems)) console.log(problem)

  const tests = results.filter(({ name }) => STEPS[name].kind === 'vitest')
  const executed = tests.reduce((total, result) => total + result.passed + result.failed, 0)
  const reasons = [
    ...(failed > 0 ? ['something failed'] : []),
    ...(withVitest && executed === 0 ? ['not one test was executed'] : []),
    ...(isCi && skipped > 0 ? ['a build server (CI is set) may not skip tests'] : []),
  ]
  if (reasons.length > 0) console.log(`NOT PASSED: ${reasons.join('; ')}`)
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  return reasons.length === 0
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  // What stops a run before its first step is still a result, in the same words.
  console.error(error.message)
  console.log('0 passed, 1 failed, 0 skipped')
  process.exitCode = 1
}
