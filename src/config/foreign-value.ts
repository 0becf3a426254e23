/**
 * Owns how single values of the portal's answer are read: PHP prints numbers as strings, booleans as letters and empty
 * objects as arrays. Pure; nothing here throws, `null` means "cannot be read". What a value means is decided elsewhere.
 */

/** Beyond this a JavaScript date does not exist. */
const MAX_INSTANT_MS = 8.64e15

const NUMBER = /^[+-]?\d+(\.\d+)?$/
/** ISO 8601 with a zone. Without one the instant would depend on where the page is read. */
const ISO_DATE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)$/i

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object as it is; `[]`, `false`, a missing key and everything else as an empty one. */
export function toRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}

/** A string that says something, without the white space around it. */
export function toText(value: unknown): string | null {
  return (typeof value === 'string' && value.trim()) || null
}

/** A number, also when it is written as a string. */
export function toNumber(value: unknown): number | null {
  const number = typeof value === 'string' && NUMBER.test(value.trim()) ? Number(value) : value
  return typeof number === 'number' && isFinite(number) ? number : null
}

/** A switch in any spelling that PHP and people use; `null` when it says neither. */
export function toFlag(value: unknown): boolean | null {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : value
  if (word === true || word === 1 || word === '1' || word === 'y' || word === 'yes' || word === 'true') return true
  if (word === false || word === 0 || word === '0' || word === 'n' || word === 'no' || word === 'false') return false
  // PHP prints its own `false` as an empty string.
  return word === '' ? false : null
}

/** An instant in Unix ms from an ISO date with a zone or from Unix seconds. Zero and less is how PHP says "never set". */
export function toInstantMs(value: unknown): number | null {
  const seconds = toNumber(value)
  const atMs = seconds === null ? isoToMs(value) : Math.round(seconds * 1000)
  return atMs !== null && atMs > 0 && atMs <= MAX_INSTANT_MS ? atMs : null
}

function isoToMs(value: unknown): number | null {
  const parts = ISO_DATE.exec(toText(value) ?? '')
  if (parts === null) return null
  // Safari before 16 reads `+03:00` but not `+0300`.
  const zone = parts[3]!.toUpperCase().replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
  const atMs = Date.parse(`${parts[1]}T${parts[2]}${zone}`)
  return isNaN(atMs) ? null : atMs
}

/** A channel id that can stand in a URL: printable and without `/`, which separates ids there. */
export function toChannelId(value: unknown): string | null {
  const text = toText(value)
  return text !== null && /^[!-.0-~]+$/.test(text) ? text : null
}
