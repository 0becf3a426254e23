/**
 * Owns the tokens of Push server 3.0: JSON Web Tokens signed with HMAC-SHA256, as the portal issues them and the queue
 * server reads them. Other algorithms are refused, `none` above all.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Claims {
  /** Host id of the portal. */
  readonly iss: string
  /** Unix seconds. */
  readonly iat: number
  readonly exp: number
  /** User id; absent for visitors. */
  readonly sub?: string
  /** Raw channel ids, joined with commas. The private channels of `sub` are not among them. */
  readonly chan: string
}

export function signToken(claims: Claims, key: string): string {
  const text = `${encode({ typ: 'JWT', alg: 'HS256' })}.${encode(claims)}`
  return `${text}.${signature(text, key).toString('base64url')}`
}

/** Null when malformed, signed with another key, or past its `exp`. */
export function readToken(token: string, key: string, nowMs: number): Claims | null {
  const [head, body, mark, ...rest] = token.split('.')
  if (head === undefined || body === undefined || mark === undefined || rest.length > 0) return null
  if (decode(head)?.['alg'] !== 'HS256') return null
  const given = Buffer.from(mark, 'base64url')
  const wanted = signature(`${head}.${body}`, key)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null
  const claims = decode(body)
  if (claims === null) return null
  const { iss, iat, exp, sub, chan } = claims
  if (typeof iss !== 'string' || typeof iat !== 'number' || typeof exp !== 'number' || typeof chan !== 'string')
    return null
  if (exp * 1000 <= nowMs) return null
  return { iss, iat, exp, chan, ...(typeof sub === 'string' ? { sub } : {}) }
}

function signature(text: string, key: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function decode(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
