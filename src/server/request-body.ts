/** Owns reading a request's body, and the parameters of REST calls, which come as query, PHP's form syntax or JSON. */
import type { IncomingMessage } from 'node:http'

const LIMIT_BYTES = 1_048_576
/** PHP's `max_input_nesting_level`. */
const MAX_DEPTH = 64

/** Parameters by lower-cased name. Values are texts, what JSON has, or what `a[b][]=c` builds: lists and objects. */
export type Fields = ReadonlyMap<string, unknown>

type Tree = Map<string, Tree | string>

/** The body as text; null if it is larger than a queue server takes. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  return (await readBytes(request))?.toString('utf8') ?? null
}

export function readBytes(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= LIMIT_BYTES) chunks.push(chunk)
    })
    request.on('end', () => resolve(length > LIMIT_BYTES ? null : Buffer.concat(chunks)))
    request.on('error', () => resolve(null))
  })
}

/** Parameters of the query and of the body; those of the body win. */
export function readFields(url: string, contentType: string, body: string): Fields {
  const query = readForm(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')
  const posted = contentType.includes('json') ? readJson(body) : readForm(body)
  return new Map([...query, ...posted])
}

/** PHP's array syntax: `a=1`, `a[]=1`, `a[0]=1`, `a[b][c]=1`. */
export function readForm(text: string): Map<string, unknown> {
  const root: Tree = new Map()
  for (const [name, value] of new URLSearchParams(text)) {
    const open = name.indexOf('[')
    const head = (open > 0 ? name.slice(0, open) : name).toLowerCase()
    const path = open > 0 ? [...name.slice(open).matchAll(/\[([^\]]*)\]/g)].map((match) => match[1]!) : []
    if (path.length < MAX_DEPTH) put(root, [head, ...path], value)
  }
  return new Map([...root].map(([name, value]) => [name, grown(value)]))
}

export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

function readJson(body: string): [string, unknown][] {
  return Object.entries(parseObject(body) ?? {}).map(([name, value]) => [name.toLowerCase(), value])
}

function put(tree: Tree, path: readonly string[], value: string): void {
  let at = tree
  for (const [index, step] of path.entries()) {
    const key = step === '' && index > 0 ? String(at.size) : step
    if (index === path.length - 1) at.set(key, value)
    else {
      const below = at.get(key)
      const next: Tree = below instanceof Map ? below : new Map<string, Tree | string>()
      at.set(key, next)
      at = next
    }
  }
}

/** Keys 0, 1, 2 in this order are a list, everything else an object. */
function grown(value: Tree | string): unknown {
  if (typeof value === 'string') return value
  const entries = [...value].map(([name, each]) => [name, grown(each)] as const)
  const list = entries.every(([name], index) => name === String(index))
  return list ? entries.map(([, each]) => each) : Object.fromEntries(entries)
}
