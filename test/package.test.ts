/**
 * What npm and script-tag users really get: the packed package, installed into an empty folder, and the tracked files.
 * Needs `npm run build` first.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { parse } from 'acorn'
import { build } from 'esbuild'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest: { version: string; dependencies: Record<string, string> } = JSON.parse(read(join(root, 'package.json')))
const SCRIPTS = ['dist/bx-pull.js', 'dist/bx-pull.min.js']
const TRACKED = [...SCRIPTS, 'dist/bx-pull.min.js.map']

const temporary = mkdtempSync(join(tmpdir(), 'bx-pull-package-'))
const consumer = join(temporary, 'consumer')
const installed = join(consumer, 'node_modules', 'bx-pull')
let tarball = ''
let packed: string[] = []

beforeAll(() => {
  const output = npm(['pack', '--json', '--silent', '--pack-destination', temporary])
  const [pack]: { filename: string; files: { path: string }[] }[] = JSON.parse(output)
  tarball = join(temporary, pack!.filename)
  packed = pack!.files.map(({ path }) => path).sort()

  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  for (const name of Object.keys(manifest.dependencies)) {
    symlinkSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name), 'junction')
  }
  writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer", "private": true }')
})

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

describe('the package', () => {
  test('publint has nothing to say', async () => {
    const { messages } = await publint({ pkgDir: installed, pack: false, strict: true })
    expect(messages).toEqual([])
  })

  test('types are right for every way to resolve them (attw)', () => {
    const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js')
    // `script` is not a module: it is loaded for its effect.
    const options = ['--no-definitely-typed', '--no-color', '--no-emoji', '--exclude-entrypoints', 'script']
    const result = spawnSync(process.execPath, [attw, tarball, ...options], { encoding: 'utf8', cwd: temporary })
    expect(result.status, result.stdout + result.stderr).toBe(0)
  })

  test('holds what it says and nothing else', () => {
    const fixed = packed.filter((path) => !/^dist\/(esm|cjs)\/chunks\//.test(path))
    expect(fixed).toEqual(
      [
        ...['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'],
        ...TRACKED,
        'dist/cli.js',
        ...['index', 'node', 'testing'].flatMap((name) => [`dist/cjs/${name}.cjs`, `dist/esm/${name}.js`]),
        ...['index', 'testing', 'globals'].flatMap((name) => [`dist/types/${name}.d.cts`, `dist/types/${name}.d.ts`]),
      ].sort(),
    )
  })

  test('the command starts with a shebang and may be executed', () => {
    const command = join(installed, 'dist', 'cli.js')
    expect(read(command)).toMatch(/^#!\/usr\/bin\/env node\n(?!#!)/)
    if (process.platform !== 'win32') expect(statSync(command).mode & 0o111).toBe(0o111)
  })

  test('the lock names no registry', () => {
    expect(read(join(root, 'package-lock.json'))).not.toContain('"resolved"')
  })
})

describe('in Node', () => {
  const names = (code: string, type: 'module' | 'commonjs'): string[] =>
    JSON.parse(node([`--input-type=${type}`, '-e', code]))

  test.each([
    ['bx-pull', ['PullClient', 'PullError', 'restConfig', 'staticConfig']],
    ['bx-pull/testing', ['startPullServer']],
  ])('import and require of %s have the same exports', (specifier, expected) => {
    const imported = names(`console.log(JSON.stringify(Object.keys(await import('${specifier}'))))`, 'module')
    const required = names(`console.log(JSON.stringify(Object.keys(require('${specifier}'))))`, 'commonjs')
    expect(required.sort()).toEqual(imported.filter((name) => name !== 'module.exports').sort())
    expect(imported).toEqual(expect.arrayContaining(expected))
  })

  test('the browser entry has the exports of the Node entry', () => {
    const keys = (conditions: string[]): string =>
      node([
        ...conditions,
        '--input-type=module',
        '-e',
        "console.log(Object.keys(await import('bx-pull')).sort().join())",
      ])
    expect(keys(['--conditions=browser'])).toBe(keys([]))
  })

  test('C9: a server that renders pages can import the browser entry: it touches and starts nothing', () => {
    writeFileSync(
      join(consumer, 'render.mjs'),
      `const touched = []
       const names = ['window', 'document', 'navigator', 'location', 'localStorage', 'sessionStorage', 'WebSocket',
         'EventSource', 'XMLHttpRequest', 'BroadcastChannel', 'SharedWorker', 'indexedDB', 'fetch', 'setTimeout', 'setInterval',
         'addEventListener', 'BX']
       for (const name of names) {
         Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name + new Error().stack) } })
       }
       const before = Object.getOwnPropertyNames(globalThis)
       await import('./node_modules/bx-pull/dist/esm/index.js')
       // zod keeps its registry there, so that two copies of it can meet.
       const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name) && !name.startsWith('__zod_'))
       console.log(JSON.stringify({ touched, added }))`,
    )
    expect(JSON.parse(node(['render.mjs']))).toEqual({ touched: [], added: [] })
  })
})

describe('in a browser', () => {
  const bundle = (contents: string) =>
    build({
      stdin: { contents, resolveDir: consumer },
      absWorkingDir: consumer,
      platform: 'browser',
      format: 'esm',
      bundle: true,
      minify: true,
      metafile: true,
      write: false,
      logLevel: 'silent',
    })

  test('a bundle holds the client without ws and without Node', async () => {
    const { metafile } = await bundle("export * from 'bx-pull'")
    const [output] = Object.values(metafile.outputs)
    const inputs = Object.keys(metafile.inputs)
    expect(inputs.some((path) => path.endsWith('bx-pull/dist/esm/index.js'))).toBe(true)
    expect(inputs.filter((path) => /node_modules\/ws\/|dist\/esm\/(node|testing)\.js$/.test(path))).toEqual([])
    expect(output!.imports).toEqual([])
  })

  test('an unused import costs nothing', async () => {
    const { outputFiles } = await bundle("import 'bx-pull'; import { PullClient } from 'bx-pull'")
    expect(outputFiles[0]!.text.trim()).toBe('')
  })

  test('public types know neither zod nor Node', () => {
    for (const file of ['index.d.ts', 'index.d.cts']) {
      const types = withoutComments(read(join(installed, 'dist', 'types', file)))
      expect(types).not.toMatch(/zod|\bfrom ['"](ws|node:|mitt)|\bNodeJS\b|\bBuffer\b/)
    }
  })

  test.each([
    ['node16', 'consumer.mts'],
    ['node16', 'consumer.cts'],
    ['bundler', 'consumer.ts'],
  ])('types compile without the help of others: %s, %s', (resolution, file) => {
    const use = `import { PullClient, PullError } from 'bx-pull'
      import type {} from 'bx-pull/globals'
      interface Events { 'im:message': { text: string } }
      export function use(client: PullClient<Events>): () => void {
        return client.on('im:message', (params) => { const text: string = params.text; return void text })
      }
      export const off: () => void = BX.PULL.subscribe({ type: 'status', callback: ({ status }) => status === 'online' })
      BX.PULL.subscribe<{ id: number }>({ moduleId: 'im', command: 'read', callback: ({ id }) => id.toFixed() })
      export const code: string = new BX.Pull.PullError('stopped', 'x').code
      export const error: typeof PullError = PullError`
    writeFileSync(join(consumer, file), use)
    const compilerOptions = {
      ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
      // No types of Node: a page has none.
      ...{ target: 'es2020', lib: ['es2020', 'dom'], types: [] },
      ...{ module: resolution === 'bundler' ? 'es2022' : 'node16', moduleResolution: resolution },
    }
    writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const result = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: consumer, encoding: 'utf8' })
    expect(result.stdout + result.stderr).toBe('')
  })
})

describe('for a script tag', () => {
  test.each(SCRIPTS)('%s is ES2017, and safe under a strict policy', (file) => {
    const code = read(join(root, file))
    parse(code, { ecmaVersion: 2017, sourceType: 'script' })
    expect(code).toMatch(new RegExp(`^/\\*! bx-pull ${manifest.version.replaceAll('.', '\\.')} `))
    // Strict inside of its wrapper only: sites join their scripts into one file.
    expect(code.replace(/^\/\*![^]*?\*\//, '').trim()).toMatch(/^[;!]\(?function\s?\(\)\s?\{\s*"use strict";/)
    expect(code).not.toMatch(/(?<![.\w$])eval\(|\bnew Function\b|(?<![.\w$])Function\(|\bglobalThis\b/)
  })

  test.each(SCRIPTS)('%s leaves one name on a page without globalThis: BX', (file) => {
    const page = vm.createContext({ ...browserGlobals() })
    vm.runInContext('var window = this, self = this; delete this.globalThis', page)
    const before = new Set<string>(vm.runInContext('Object.getOwnPropertyNames(this)', page))
    vm.runInContext(read(join(root, file)), page, { filename: file })
    const after: string[] = vm.runInContext('Object.getOwnPropertyNames(this)', page)
    expect(after.filter((name) => !before.has(name) && !name.startsWith('__zod_'))).toEqual(['BX'])
    expect(vm.runInContext('typeof BX.Pull.connect + typeof BX.Pull.PullClient', page)).toBe('functionfunction')
  })

  test.each(SCRIPTS)('%s does nothing where there is no page', (file) => {
    // The package is one of modules: by its own name it would be read as one.
    const copy = join(temporary, 'script.cjs')
    writeFileSync(copy, read(join(root, file)))
    const code = `delete globalThis.self; require(${JSON.stringify(copy)}); console.log(typeof BX)`
    expect(node(['--input-type=commonjs', '-e', code]).trim()).toBe('undefined')
  })

  test('the map leads to sources of this repository', () => {
    const { sources }: { sources: string[] } = JSON.parse(read(join(root, 'dist/bx-pull.min.js.map')))
    expect(sources.filter((source) => !/^\.\.\/(src|node_modules)\//.test(source))).toEqual([])
  })

  test("the size stays within today's limit", () => {
    const result = spawnSync(process.execPath, ['.ci/ts.mjs', 'bench/size.ts'], { cwd: root, encoding: 'utf8' })
    expect(result.status, result.stdout + result.stderr).toBe(0)
  })
})

describe('dist', () => {
  test('a rebuild of the same sources has the same bytes', () => {
    const again = join(temporary, 'dist')
    const rollup = join(root, 'node_modules', 'rollup', 'dist', 'bin', 'rollup')
    const args = ['-c', 'rollup.config.ts', '--configPlugin', 'esbuild', '--silent', '--configDist', again]
    execFileSync(process.execPath, [rollup, ...args], { cwd: root, stdio: 'pipe' })
    const rebuilt = filesIn(again)
    expect(rebuilt).toEqual(expect.arrayContaining(TRACKED.map((path) => path.slice('dist/'.length))))
    const different = rebuilt.filter((path) => !sameBytes(join(again, path), join(root, 'dist', path)))
    expect(different, 'run "npm run build"').toEqual([])
  })

  test('the Bitrix extension holds the very file', () => {
    const copy = join(root, 'examples', 'bitrix-extension', 'bx-pull.min.js')
    expect(sameBytes(join(root, 'dist', 'bx-pull.min.js'), copy), 'run "npm run build"').toBe(true)
  })

  test('the tracked files were built from the sources they are committed with', ({ skip }) => {
    const git = (args: string[]) => spawnSync('git', args, { cwd: root, maxBuffer: 64 * 1024 * 1024 })
    // An archive of the sources has no history to compare with.
    if (git(['rev-parse', '--verify', 'HEAD']).status !== 0) return
    const sources = ['src', 'rollup.config.ts', 'package.json', 'package-lock.json', 'tsconfig.json']
    const isChanging = git(['diff', '--quiet', 'HEAD', '--', ...sources]).status !== 0
    if (isChanging && !process.env['CI']) return skip('the sources have uncommitted changes')
    const stale = [...TRACKED, 'examples/bitrix-extension/bx-pull.min.js'].filter(
      (path) => !git(['show', `HEAD:${path}`]).stdout.equals(readFileSync(join(root, path))),
    )
    expect(stale, 'run "npm run build" and commit these').toEqual([])
  })
})

/** As little of a page as a script may count on while it is being loaded. */
function browserGlobals(): Record<string, unknown> {
  const target = { addEventListener: () => {}, removeEventListener: () => {} }
  return {
    ...target,
    console,
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams,
    AbortController,
    fetch: () => Promise.reject(new TypeError('no network')),
    location: { protocol: 'https:', host: 'portal.example', href: 'https://portal.example/' },
    navigator: { onLine: true, userAgent: '' },
    document: { ...target, readyState: 'complete', visibilityState: 'visible', currentScript: null, cookie: '' },
  }
}

function node(args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: consumer, encoding: 'utf8' })
}

function npm(args: string[]): string {
  const isWindows = process.platform === 'win32'
  return execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell: isWindows,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function read(path: string): string {
  return readFileSync(path, 'utf8')
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => statSync(join(folder, path)).isFile())
}

function sameBytes(a: string, b: string): boolean {
  return existsSync(b) && readFileSync(a).equals(readFileSync(b))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
}
