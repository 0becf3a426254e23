/**
 * Owns how single values of the portal's answer are read: PHP prints numbers as strings, booleans as letters and empty
 * objects as arrays. Pure; nothing here throws, `null` means "cannot be read". What a value means is decided elsewhere.
 */

/** Beyond this a JavaScript date does not exist. */
const MAX_INSTANT_MS = 8.64e15

/** ISO 8601 with a zone. Without one the instant would depend on where the page is read. */
const ISO_DATE = /^\d{4}-.+(Z|[+-]\d\d:?\d\d)$/

const ON: readonly unknown[] = [true, 1, '1', 'Y', 'y', 'true']
/** PHP prints its own `false` as an empty string. */
const OFF: readonly unknown[] = [false, 0, '0', 'N', 'n', 'false', '']

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

/** A number, also when it is written as a string; `NaN` when it is none. */
export function toNumber(value: unknown): number {
  return typeof value === 'number' ? value : Number(toText(value) || NaN)
}

/** Whether a switch says yes. One that says neither is not on, and not off either. */
export function isOn(value: unknown): boolean {
  return ON.includes(value)
}

export function isNotOff(value: unknown): boolean {
  return !OFF.includes(value)
}

/** An instant in Unix ms from an ISO date with a zone or from Unix seconds. Zero and less is how PHP says "never set". */
export function toInstantMs(value: unknown): number | null {
  const text = toText(value) || ''
  const atMs = ISO_DATE.test(text) ? Date.parse(text) : Math.round(toNumber(value) * 1000)
  return atMs > 0 && atMs <= MAX_INSTANT_MS ? atMs : null
}

/** A channel id that can stand in a URL: printable and without `/`, which separates ids there. */
export function toChannelId(value: unknown): string | null {
  const text = toText(value) || ''
  return /^[!-.0-~]+$/.test(text) ? text : null
}
