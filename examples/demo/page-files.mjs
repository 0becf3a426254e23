/** Owns how the page's own files are served: a fixed list, never a path from outside, under a policy without inline script. */
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'

const PAGE = new URL('./page/', import.meta.url)
const CLIENT = new URL('../../dist/bx-pull.min.js', import.meta.url)
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Resolves to a handler that returns whether it took the request. */
export async function servePage() {
  const names = (await readdir(PAGE)).filter((name) => extname(name) in TYPES)
  const files = new Map(names.map((name) => [`/${name}`, new URL(name, PAGE)]))
  files.set('/', new URL('index.html', PAGE)).set('/bx-pull.min.js', CLIENT)

  return (path, request, response) => {
    const file = files.get(path)
    if (file === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false
    void send(file, request, response)
    return true
  }
}

async function send(file, request, response) {
  try {
    const body = await readFile(file)
    response.writeHead(200, {
      'Content-Type': TYPES[extname(file.pathname)],
      'Content-Length': body.length,
      // People edit the page and rebuild the client while it runs.
      'Cache-Control': 'no-store',
      'Content-Security-Policy': policy(request.headers.host ?? ''),
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  } catch (error) {
    response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' })
    response.end(`${error.message}\nRun \`npm run build\` if a file of dist is missing.\n`)
  }
}

/** Not every browser counts ws: of the same host as 'self'. */
function policy(host) {
  const socket = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host}` : ''
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${socket}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
