/**
 * Owns how query strings are read, which differs between servers: nginx leaves `+` alone, Node turns it into a space.
 */

export interface RawQuery {
  readonly path: string
  /** First value of each name, percent-encoding untouched. */
  readonly raw: ReadonlyMap<string, string>
  /** Names that were given more than once. */
  readonly repeated: ReadonlySet<string>
}

export function readQuery(url: string): RawQuery {
  const mark = url.indexOf('?')
  const raw = new Map<string, string>()
  const repeated = new Set<string>()
  if (mark >= 0) {
    for (const pair of url.slice(mark + 1).split('&')) {
      if (pair === '') continue
      const equals = pair.indexOf('=')
      const name = percentDecode(equals < 0 ? pair : pair.slice(0, equals))
      if (raw.has(name)) repeated.add(name)
      else raw.set(name, equals < 0 ? '' : pair.slice(equals + 1))
    }
  }
  return { path: mark < 0 ? url : url.slice(0, mark), raw, repeated }
}

/** nginx: `%20` is a space, `+` is a plus. */
export function nginxValue(query: RawQuery, name: string): string | null {
  const value = query.raw.get(name)
  return value === undefined ? null : percentDecode(value)
}

/** Node's querystring: `+` is a space too. */
export function nodeValue(query: RawQuery, name: string): string | null {
  const value = query.raw.get(name)
  return value === undefined ? null : percentDecode(value.replace(/\+/g, ' '))
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
