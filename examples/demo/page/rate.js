/** Owns how many events came in each second of the last two minutes. */
const KEPT_SECONDS = 130

export function createRate() {
  const counts = new Map()

  function recent(nowMs, seconds) {
    const first = Math.floor(nowMs / 1000) - seconds
    return [...counts].filter(([second]) => second >= first)
  }

  return {
    add(atMs) {
      const second = Math.floor(atMs / 1000)
      counts.set(second, (counts.get(second) ?? 0) + 1)
      // Keys are in order of time, so the oldest comes first.
      for (const old of counts.keys()) {
        if (old >= second - KEPT_SECONDS) break
        counts.delete(old)
      }
    },
    buckets: (nowMs, seconds) => recent(nowMs, seconds).map(([second, count]) => ({ atMs: second * 1000, count })),
    most: (nowMs, seconds) => recent(nowMs, seconds).reduce((most, [, count]) => Math.max(most, count), 0),
  }
}
