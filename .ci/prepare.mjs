#!/usr/bin/env node
/**
 * Makes a checkout ready: Node is new enough, the locked packages are installed and, when asked, Chromium, nginx and
 * PHP are there. Runs before anything is installed, so it uses Node's own modules only. Does nothing when all is in
 * place.
 *
 *   node .ci/prepare.mjs [--browser] [--nginx] [--php]
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const MINIMUM_NODE = [20, 19]

const TOOLS = {
  chromium: {
    variable: 'BX_PULL_CHROMIUM',
    package: 'chromium',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    // Installed, but in nobody's PATH.
    places: [
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      ...['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'].map((folder) =>
        join(process.env[folder] ?? '', 'Google', 'Chrome', 'Application', 'chrome.exe'),
      ),
    ],
    install: {
      Debian: 'sudo apt-get install chromium',
      Fedora: 'sudo dnf install chromium',
      macOS: 'brew install --cask google-chrome',
      Windows: 'winget install Google.Chrome',
    },
  },
  nginx: {
    variable: 'BX_PULL_NGINX',
    package: 'nginx',
    names: ['nginx'],
    // Debian keeps it where only root's PATH looks.
    places: ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx', '/usr/local/bin/nginx'],
    install: {
      Debian: 'sudo apt-get install nginx',
      Fedora: 'sudo dnf install nginx',
      macOS: 'brew install nginx',
      Windows: 'winget install nginxinc.nginx',
    },
  },
  php: {
    variable: 'BX_PULL_PHP',
    // `php` itself would bring a web server along.
    package: 'php-cli',
    names: ['php'],
    places: ['/opt/homebrew/bin/php', '/usr/local/bin/php'],
    install: {
      Debian: 'sudo apt-get install php-cli',
      Fedora: 'sudo dnf install php-cli',
      macOS: 'brew install php',
      Windows: 'winget install PHP.PHP.8.4',
    },
  },
}

/** Path of an installed tool, or `null`. The environment variable wins over everything that is installed. */
export function find(tool) {
  const { variable, names, places } = TOOLS[tool]
  const named = process.env[variable]
  if (named) {
    if (isExecutable(named)) return named
    throw new Error(`${variable} names ${named}, which cannot be executed. Correct the path or unset ${variable}.`)
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const inPath = folders.flatMap((folder) => names.map((name) => join(folder, name + suffix)))
  return [...inPath, ...places].find(isExecutable) ?? null
}

/**
 * The environment the tests read: the paths of the tools, and for a missing one `<variable>_MISSING` with the reason
 * its tests are skipped for.
 */
export function testEnvironment() {
  const environment = {}
  for (const [tool, { variable }] of Object.entries(TOOLS)) {
    const path = find(tool)
    if (path === null) environment[`${variable}_MISSING`] = `${tool} is not installed (${variable} may name one)`
    else environment[variable] = path
  }
  return environment
}

/** Throws with what to do when something is missing that this run cannot do without. */
export function prepare({ browser = false, nginx = false, php = false } = {}) {
  checkNode()
  installPackages()
  const wanted = [...(browser ? ['chromium'] : []), ...(nginx ? ['nginx'] : []), ...(php ? ['php'] : [])]
  const missing = wanted.filter((tool) => find(tool) === null)
  if (missing.length > 0) installTools(missing)
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const [needMajor, needMinor] = MINIMUM_NODE
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return
  throw new Error(
    `Node ${MINIMUM_NODE.join('.')} or newer is needed, this is ${process.versions.node}: https://nodejs.org`,
  )
}

function installPackages() {
  const stale = stalePackage()
  if (stale === null) return
  console.log(`Installing the locked packages (${stale})`)
  // Development packages whatever NODE_ENV or the user's npm configuration say: they are what is being prepared.
  const options = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund']
  const npm = process.env.npm_execpath
  const viaNode = npm !== undefined && /npm-cli\.[cm]?js$/.test(npm)
  const result = viaNode
    ? run(process.execPath, [npm, ...options])
    : run('npm', options, { shell: process.platform === 'win32' })
  if (result.status !== 0) throw new Error('npm ci failed: the reason is above. Nothing was tested.')
}

/** Why `node_modules` is not what the lock says, or `null`. npm keeps its own record of what it installed. */
function stalePackage() {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return 'none are there yet'
  const locked = readPackages(join(root, 'package-lock.json'))
  const installed = readPackages(record)
  for (const [path, wanted] of Object.entries(locked)) {
    if (path === '') continue
    const found = installed[path]
    // Optional packages of other operating systems are locked and never installed.
    if (found === undefined && wanted.optional) continue
    if (found?.version !== wanted.version || found?.integrity !== wanted.integrity) return `${path} differs`
    if (!path.includes('/node_modules/') && !existsSync(join(root, path))) return `${path} was removed`
  }
  return null
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
  } catch (error) {
    if (file.endsWith('.package-lock.json')) return {}
    throw new Error(`${file} cannot be read`, { cause: error })
  }
}

function installTools(missing) {
  const sudo = rootPrefix()
  if (sudo !== null && isCommand('apt-get')) {
    const packages = missing.map((tool) => TOOLS[tool].package)
    console.log(`Installing ${packages.join(' and ')} with apt-get`)
    // Another apt may be running (a fresh machine updates itself): wait for it instead of failing.
    const wait = ['-o', 'DPkg::Lock::Timeout=300', '-q']
    // One by one: a package that this release does not have must not keep the others away.
    const installs = packages.map((name) => ['install', '-y', '--no-install-recommends', name])
    for (const action of [['update'], ...installs]) {
      const command = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...wait, ...action]
      if (run(command[0], command.slice(1)).status !== 0) console.error(`apt-get ${action.join(' ')} failed`)
    }
  }
  const still = missing.filter((tool) => find(tool) === null)
  if (still.length === 0) return
  const help = still.map((tool) => {
    const { variable, install } = TOOLS[tool]
    const ways = Object.entries(install).map(([system, command]) => `    ${system.padEnd(8)} ${command}`)
    return [`  ${tool} is missing. Install it, or name one with ${variable}=<path>:`, ...ways].join('\n')
  })
  if (process.env.CI) throw new Error(`The tests need more than is installed.\n${help.join('\n')}`)
  console.warn(`\nWARNING: TESTS WILL BE SKIPPED\n${help.join('\n')}\n`)
}

/** What to put before a command that needs root: nothing, sudo, or `null` where neither works without a password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return []
  if (!isCommand('sudo')) return null
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null
}

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options })
}

function isCommand(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && isExecutable(join(folder, name)))
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const [browser, nginx, php] = ['--browser', '--nginx', '--php'].map((flag) => process.argv.includes(flag))
    prepare({ browser, nginx, php })
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
