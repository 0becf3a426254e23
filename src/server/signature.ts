/**
 * Owns the channel ids of a portal: how they are written, signed and read back. HMAC-SHA1, as every portal has it.
 */
import { createHash, createHmac } from 'node:crypto'

/** One part of `CHANNEL_ID` on a Node server. */
export interface SignedId {
  readonly privateId: string
  readonly publicId: string | null
}

export function sign(text: string, key: string): string {
  return createHmac('sha1', key).update(text).digest('hex')
}

/** `priv.sig` or `priv:pub.sig`: the signature covers everything in front of the dot. */
export function signedId(privateId: string, publicId: string | null, key: string): string {
  const text = publicId === null ? privateId : `${privateId}:${publicId}`
  return `${text}.${sign(text, key)}`
}

/** Signature of a public id, by which other clients may publish to it but not listen. */
export function publicSignature(publicId: string, key: string): string {
  return sign(`public:${publicId}`, key)
}

/** Reads one part; null when malformed, upper-case, unsigned or signed with another key. */
export function readSignedId(part: string, key: string): SignedId | null {
  const match = /^([a-f0-9]{32})(?::([a-f0-9]{32}))?\.([a-f0-9]{40})$/.exec(part)
  if (match === null) return null
  const privateId = match[1]!
  const publicId = match[2] ?? null
  const text = publicId === null ? privateId : `${privateId}:${publicId}`
  return sign(text, key) === match[3] ? { privateId, publicId } : null
}

/** `clientId` of a portal in the cloud: 32 hex digits, on a real one the MD5 of the licence. */
export function clientIdOf(key: string): string {
  return createHash('md5').update(`licence ${key}`).digest('hex')
}

/** `iss` of a portal's tokens: 32 characters that never change. */
export function hostIdOf(key: string): string {
  return createHash('md5').update(`host ${key}`).digest('hex')
}

/** The 32 hex digits in front of `:` or `.`, however the id was written. */
export function bareId(id: string): string {
  return id.split(/[:.]/, 1)[0] ?? id
}
