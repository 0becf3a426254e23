/** Owns how a request URL is written. Pure. */

export type QueryParameter = readonly [name: string, value: string]

/**
 * Appends parameters to a base that may have a query of its own; a parameter given here replaces one of the base.
 * A space becomes `%20`: push-stream does not understand `+`. `keepSlashes` is for 0.3.4, which does not decode `%2F`.
 */
export function requestUrl(base: string, parameters: readonly QueryParameter[], keepSlashes = false): string {
  const [path, ...queries] = (base.split('#')[0] as string).split('?')
  const names = parameters.map(([name]) => name)
  // A CHANNEL_ID given twice kills the Node servers.
  const kept = queries
    .join('?')
    .split('&')
    .filter((part) => part && names.indexOf(nameOf(part)) < 0)
  const added = parameters.map(([name, value]) => {
    const encoded = encodeURIComponent(value)
    return `${encodeURIComponent(name)}=${keepSlashes ? encoded.replace(/%2F/g, '/') : encoded}`
  })
  return `${path}?${kept.concat(added).join('&')}`
}

function nameOf(part: string): string {
  const name = part.split('=')[0] as string
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
