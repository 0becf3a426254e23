/**
 * Keeps the layout honest: imports go down, the outside world stays behind the platform port, files stay small, and
 * what browsers get runs on ES2017. Reads the sources as text; a rule that needs more than that is not kept here.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** Bottom first. Folders on one line are peers and do not know each other. */
const LAYERS = [
  ['core'],
  ['platform'],
  ['portal'],
  ['codec', 'replay', 'channel', 'config'],
  ['transport'],
  ['connection'],
  ['session'],
  ['sharing'],
  ['publish', 'watch', 'presence'],
  ['client'],
  ['doctor'],
  ['entry'],
  ['cli'],
]
const PEER_EXCEPTIONS = [
  // A configuration *is* mostly a list of channels: its type names theirs instead of repeating it.
  'config > channel',
  // Positions and duplicates are told by the message that a codec made: replay reads its type, nothing else.
  'replay > codec',
]
/** A house of its own: it shares nothing with the client, so that one mistake cannot hide on both sides. */
const SERVER = 'server'
const MAX_LINES = 300

const OUTSIDE_WORLD = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bMath\.random\b/,
  // A member of the port (`clock.setTimeout(`) is what everyone is meant to call.
  /(?<![.\w$])(setTimeout|setInterval|fetch)\s*\(/,
  /(?<![.\w$])(window|document|localStorage|sessionStorage|navigator)\b(?!\??\s*:)/,
  /\bnew (WebSocket|EventSource|XMLHttpRequest|BroadcastChannel)\b/,
  /(?<![.\w$])eval\s*\(/,
  /\bnew Function\b/,
]
/** Syntax is lowered by the build; these are library calls and regular expressions, which are not. */
const NEWER_THAN_ES2017 = [
  /\.(matchAll|replaceAll|flatMap|flat|at|trimStart|trimEnd|finally|findLast|findLastIndex|toSorted|toReversed)\s*\(/,
  /\b(Object\.fromEntries|Object\.hasOwn|Promise\.allSettled|Promise\.any|AbortSignal\.any|AbortSignal\.timeout)\b/,
  /(?<![.\w$])(structuredClone|queueMicrotask|WeakRef)\b/,
  /\(\?<[=!\w]/,
]
const NODE_ONLY = /^(server|cli|doctor)\/|^(platform|entry)\/node\.ts$|^entry\/testing\.ts$/

const root = fileURLToPath(new URL('../src/', import.meta.url))
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => path.endsWith('.ts') && !/\.(test|bench)\.ts$/.test(path))
  .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }))

test('there are sources to check', () => expect(files.length).toBeGreaterThan(10))

test('every folder has a layer', () => {
  const known = [...LAYERS.flat(), SERVER]
  expect(files.map(({ path }) => path).filter((path) => !known.includes(folderOf(path)))).toEqual([])
})

test('imports go down only', () => {
  const wrong = files.flatMap(({ path, text }) =>
    importsOf(path, text)
      .filter((target) => !mayImport(path, target))
      .map((target) => `${path} imports ${target}`),
  )
  expect(wrong).toEqual([])
})

test('clock, chance, network, storage and page are reached through the platform only', () => {
  expect(offences(OUTSIDE_WORLD, (path) => !/^(platform|server|cli)\//.test(path))).toEqual([])
})

test('what browsers get uses nothing newer than ES2017', () => {
  expect(offences(NEWER_THAN_ES2017, (path) => !NODE_ONLY.test(path))).toEqual([])
})

test(`files stay at or under ${MAX_LINES} lines, and none is a drawer for utils`, () => {
  const long = files.filter(({ text }) => text.trimEnd().split('\n').length > MAX_LINES)
  expect(long.map(({ path }) => path)).toEqual([])
  expect(files.map(({ path }) => path).filter((path) => /\butils?\b/.test(path))).toEqual([])
})

function mayImport(from: string, target: string): boolean {
  const [here, there] = [folderOf(from), folderOf(target)]
  // Which platform it runs on is decided at the door; everybody else sees the port.
  if (/^platform\/(browser|node)\b/.test(target)) return here === 'entry' || here === 'platform'
  if (here === there) return true
  if (here === SERVER) return false
  if (there === SERVER) return here === 'cli' || from === 'entry/testing.ts'
  return layerOf(there) < layerOf(here) || PEER_EXCEPTIONS.includes(`${here} > ${there}`)
}

function layerOf(folder: string): number {
  const layer = LAYERS.findIndex((folders) => folders.includes(folder))
  return layer < 0 ? Infinity : layer
}

function folderOf(path: string): string {
  return path.split('/')[0]!
}

/** Relative imports, exports and dynamic imports, as paths below `src`. A path that leaves `src` starts with `..`. */
function importsOf(path: string, text: string): string[] {
  const found = withoutComments(text).matchAll(/(?:\bfrom|\bimport|\bimport\s*\()\s*['"](\.[^'"]*)['"]/g)
  return [...found].map((match) => posix.join(posix.dirname(path), match[1]!))
}

function offences(patterns: readonly RegExp[], applies: (path: string) => boolean): string[] {
  return files
    .filter(({ path }) => applies(path))
    .flatMap(({ path, text }) =>
      withoutStrings(text)
        .split('\n')
        .flatMap((line, index) =>
          patterns.some((pattern) => pattern.test(line)) ? [`${path}:${index + 1} ${line.trim()}`] : [],
        ),
    )
}

const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/
const QUOTED = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/
const TEMPLATE = /`(?:\\[\s\S]|[^`\\])*`/
/** A slash where a value may begin opens a regular expression; anywhere else it divides. */
const REGEX = /(?<=[=(,:;!&|?{}[\n]\s*|\breturn\s+)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/

/** The text with its comments blanked; lines keep their numbers. */
function withoutComments(text: string): string {
  return blank(text, (token) => token.startsWith('/*') || token.startsWith('//'))
}

/** The same, and without the content of strings. The code inside of a template's `${}` stays. */
function withoutStrings(text: string): string {
  return blank(text, (token) => !token.startsWith('/') || token.startsWith('/*') || token.startsWith('//'))
}

function blank(text: string, drop: (token: string) => boolean): string {
  const tokens = new RegExp([REGEX, COMMENT, QUOTED, TEMPLATE].map(({ source }) => source).join('|'), 'g')
  return text.replace(tokens, (token) => {
    if (!drop(token)) return token
    const kept = token.startsWith('`') ? [...token.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1]).join(';') : ''
    return kept + '\n'.repeat(token.split('\n').length - kept.split('\n').length)
  })
}
