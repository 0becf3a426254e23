/**
 * Owns the list of events, newest first. Whatever the rate, the page is written once per frame, and only the newest
 * rows exist: a flood costs what a frame of it costs.
 */
import { byId, setText } from './element.js'
import { eventRow } from './event-row.js'
import { formatNumber, t } from './language.js'

const KEPT = 2000
const SHOWN = 200

export function createEventList() {
  const list = byId('events-list')
  const empty = byId('events-empty')
  const filter = byId('events-filter')
  const pause = byId('events-pause')
  let kept = []
  let total = 0
  let written = 0
  let paused = false
  let planned = false

  function add(event) {
    total += 1
    kept.push({ event, number: total, text: null })
    // Now and then, not with every event: moving two thousand entries is dear.
    if (kept.length > KEPT * 1.5) kept = kept.slice(-KEPT)
    plan()
  }

  function plan() {
    if (planned) return
    planned = true
    window.requestAnimationFrame(() => {
      planned = false
      if (!paused) write()
      tell()
    })
  }

  function write() {
    const wanted = matcher(filter.value)
    const rows = []
    for (let at = kept.length - 1; at >= 0 && rows.length < SHOWN; at -= 1) {
      if (kept[at].number <= written) break
      if (wanted(kept[at])) rows.push(eventRow(kept[at].event))
    }
    written = total
    list.prepend(...rows)
    while (list.childElementCount > SHOWN) list.lastElementChild.remove()
  }

  function rewrite() {
    list.replaceChildren()
    written = 0
    write()
    tell()
  }

  function tell() {
    const shown = list.childElementCount
    setText(byId('events-count'), t('events.count', { shown: formatNumber(shown), total: formatNumber(total) }))
    setText(pause, paused ? t('events.resume', { count: formatNumber(total - written) }) : t('events.pause'))
    pause.setAttribute('aria-pressed', String(paused))
    empty.hidden = shown > 0
    setText(empty, t(kept.length > 0 && filter.value !== '' ? 'events.noMatch' : 'events.empty'))
  }

  filter.addEventListener('input', rewrite)
  pause.addEventListener('click', () => {
    paused = !paused
    if (!paused) write()
    tell()
  })
  byId('events-clear').addEventListener('click', () => {
    kept = []
    total = 0
    rewrite()
  })
  tell()

  return { add, rewrite }
}

/** Every word of the filter has to occur in the name, the channel or the parameters. */
function matcher(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return () => true
  return (record) => {
    record.text ??= textOf(record.event).toLowerCase()
    return words.every((word) => record.text.includes(word))
  }
}

function textOf({ module, command, channel, params }) {
  return `${module}:${command} ${channel ?? ''} ${JSON.stringify(params)}`
}
