/** Owns what each generation of the push server can do. Pure. */
export const VERSIONS = [0, 1, 2, 3, 4, 5]

/** Best first. */
export const TRANSPORTS = ['websocket', 'sse', 'long-polling', 'interval-polling']

export function spokenBy(version) {
  if (version === 0) return ['interval-polling']
  if (version === 5) return ['websocket']
  // Only push-stream has event streams.
  return version <= 2 ? ['websocket', 'sse', 'long-polling'] : ['websocket', 'long-polling']
}

export const hasFramings = (version) => version === 4
export const tellsPresence = (version) => version === 5
