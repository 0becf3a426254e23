/** Owns what the tests serve to browsers: the built files, and the page that uses them. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const ROOT = new URL('../../', import.meta.url)
const PAGE = new URL('../support/page/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

export interface Files {
  /** As the `handler` of the local server: true when the request was for a file. */
  serve(request: IncomingMessage, response: ServerResponse): boolean
}

/** `extra`: more files by path, e.g. another page. `headers` go with every file. */
export function createFiles(
  extra: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Files {
  const files: Record<string, () => string> = {
    '/': () => read(new URL('index.html', PAGE)),
    '/watcher.js': () => read(new URL('watcher.js', PAGE)),
    '/bx-pull.min.js': () => read(new URL('dist/bx-pull.min.js', ROOT)),
    '/bundled.js': bundled,
  }
  for (const [path, text] of Object.entries(extra)) files[path] = () => text
  return {
    serve(request, response) {
      const path = (request.url ?? '/').split('?')[0]!
      const file = Object.hasOwn(files, path) ? files[path] : undefined
      if (file === undefined) return false
      const type = TYPES[path.split('.')[1] ?? 'html'] ?? TYPES.html!
      response.writeHead(200, { 'Content-Type': type, ...headers }).end(file())
      return true
    },
  }
}

/** The npm module as a bundler takes it: `window.bxPullModule`. */
function bundled(): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL('dist/esm/index.js', ROOT))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'bxPullModule',
  })
  return outputFiles[0]!.text
}

function read(url: URL): string {
  try {
    return readFileSync(url, 'utf8')
  } catch (error) {
    throw new Error(`${fileURLToPath(url)} is not there: run "npm run build" first`, { cause: error })
  }
}
