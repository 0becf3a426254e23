/**
 * Owns what happened while the page was open, over all clients it had: the timelines of their diagnostics joined, and
 * what follows from them for the chart. Pure but for the list it keeps.
 */
const KEPT = 1500
/** Links and spans that ended earlier are shown nowhere. */
const CHART_MS = 300_000

export function createHistory() {
  let entries = []
  let newest = null
  let run = 0

  return {
    entries: () => entries,
    /** Takes what is new in a timeline; returns it, oldest first. */
    collect(timeline, ofRun, facts) {
      // The client hands out the same entry objects every time, so the last one known marks the place.
      const known = ofRun === run && newest !== null ? timeline.lastIndexOf(newest) : -1
      const fresh = timeline.slice(known + 1).map((entry) => ({ ...entry, ...factOf(entry, facts), run: ofRun }))
      run = ofRun
      newest = timeline[timeline.length - 1] ?? newest
      entries = [...entries, ...fresh].slice(-KEPT)
      return fresh
    },
  }
}

/**
 * The timeline is written for people. What it says about a status is joined with the fact that the listener of `status`
 * got at that moment; the first one comes before anybody can listen, and has no transport.
 */
function factOf(entry, facts) {
  if (entry.what !== 'status') return {}
  const words = entry.detail.split(' ')
  while (facts.length > 0 && facts[0].atMs < entry.atMs) facts.shift()
  const [next] = facts
  const matches = next !== undefined && next.status === words[0] && next.atMs - entry.atMs < 100
  const { status, transport, reason } = matches
    ? facts.shift()
    : { status: words[0], transport: null, reason: words[words.length - 1] }
  return { fact: { status, transport, reason } }
}

/** When the next attempt is due, or null: the last thing decided was to wait. */
export function nextAttemptAt(entries) {
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const { what, atMs, delayMs } = entries[at]
    if (what === 'wait') return atMs + delayMs
    if (what === 'open' || what === 'opened' || what === 'stop' || what === 'start') return null
  }
  return null
}

/** The transport that is being tried, or null. */
export function attemptUnderWay(entries) {
  const open = linksOf(entries, Infinity).filter((link) => link.endMs === null && link.openedMs === null)
  return open[open.length - 1]?.transport ?? null
}

/** Every attempt and open pipe: when it began, opened and ended. */
export function linksOf(entries, nowMs) {
  const links = new Map()
  const end = (link, atMs, lost) => {
    if (link && link.endMs === null) Object.assign(link, { endMs: atMs, lost })
  }
  for (const entry of entries) {
    const key = `${entry.run}:${entry.linkId}`
    const link = links.get(key)
    if (entry.what === 'open') {
      links.set(key, { transport: entry.transport, fromMs: entry.atMs, openedMs: null, endMs: null, lost: false })
    } else if (entry.what === 'opened' && link) {
      // An event stream that turns out to be a long poll changes its name here.
      Object.assign(link, { transport: entry.transport, openedMs: link.openedMs ?? entry.atMs })
    } else if (entry.what === 'lost') end(link, entry.atMs, true)
    else if (entry.what === 'close') end(link, entry.atMs, false)
    else if (entry.what === 'stop') links.forEach((each) => end(each, entry.atMs, false))
  }
  return [...links.values()].filter(({ endMs }) => endMs === null || endMs > nowMs - CHART_MS || nowMs === Infinity)
}

/** The statuses one after the other, each with its end (null: now). */
export function spansOf(entries) {
  const spans = []
  for (const entry of entries) {
    if (entry.what !== 'status') continue
    const before = spans[spans.length - 1]
    if (before && before.toMs === null) before.toMs = entry.atMs
    spans.push({ ...entry.fact, fromMs: entry.atMs, toMs: null })
  }
  return spans
}
