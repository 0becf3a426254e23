/**
 * Owns one channel id: a secret that is sent in URLs and printed nowhere (`String(id)` and JSON give `***`).
 * `reveal()` is for building URLs only, `matches()` is for comparing.
 */

declare const channelIdBrand: unique symbol

export interface ChannelId {
  readonly [channelIdBrand]: true
  /** The id as issued, with its signature: for the URL and nothing else. */
  reveal(): string
  /** Whether `other` (a signed, paired or raw id) names the same mailbox. */
  matches(other: string): boolean
  toString(): string
  toJSON(): string
}

export function channelId(signed: string): ChannelId {
  const key = mailboxOf(signed)
  const hidden = (): string => '***'
  const id = {
    reveal: () => signed,
    matches: (other: string) => mailboxOf(other) === key,
    toString: hidden,
    toJSON: hidden,
  }
  return id as unknown as ChannelId
}

/** `priv:pub.sig`, `priv.sig` and `priv` all name the mailbox `priv`. */
export function mailboxOf(signed: string): string {
  return signed.split(/[:.]/)[0]!.toLowerCase()
}
