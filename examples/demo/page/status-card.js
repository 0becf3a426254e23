/** Owns the big status, what stands under it, and the counters. */
import { byId, element, setText } from './element.js'
import { attemptUnderWay, nextAttemptAt } from './history.js'
import { formatNumber, formatSeconds, formatTime, t } from './language.js'
import { lookOf, reasonWords, statusWords, transportWords } from './reason-words.js'

const COUNTERS = ['received', 'repeats', 'unreadable', 'reconnects']
const ICONS = {
  connected: 'connected',
  unconfirmed: 'unconfirmed',
  stopped: 'stopped',
  idle: 'stopped',
  failed: 'failed',
}

export function createStatusCard() {
  const values = new Map()
  const names = new Map()
  for (const name of COUNTERS) {
    const value = element('dd', { id: `counter-${name}` }, '0')
    const label = element('dt')
    values.set(name, value)
    names.set(name, label)
    byId('counters').append(element('div', {}, label, value))
  }

  return {
    show({ report, reconnects, since }, entries, lastEvent) {
      const look = lookOf(report)
      byId('status').dataset.look = look
      byId('status-icon').setAttribute('href', `#icon-${ICONS[look] ?? 'busy'}`)
      setText(byId('status-headline'), statusWords(report))
      const line = lineOf(look, report, since, entries, lastEvent)
      setText(byId('status-line'), line)
      byId('status-line').title = line
      // Before its first configuration a client has not counted anything.
      const { events = 0, repeats = 0, bad = 0 } = report.counters ?? {}
      const counted = { received: events, repeats, unreadable: bad, reconnects }
      for (const name of COUNTERS) {
        setText(names.get(name), t(`counter.${name}`))
        names.get(name).title = t(`counter.${name}Help`)
        setText(values.get(name), formatNumber(counted[name]))
      }
    },
  }
}

function lineOf(look, report, since, entries, lastEvent) {
  const transport = transportWords(report.transport ?? '')
  if (look === 'unconfirmed') return t('status.unconfirmedLine', { transport })
  if (look === 'connected') {
    const via = t('status.via', { transport, time: formatTime(since) })
    return lastEvent === null ? via : `${via} · ${t('status.lastEvent', { name: lastEvent })}`
  }
  const why = reasonWords(report.reason)
  if (look === 'stopped' || look === 'failed' || look === 'idle') return why
  const dueMs = nextAttemptAt(entries)
  const attempt = attemptUnderWay(entries)
  const next =
    dueMs !== null
      ? t('status.next', { delay: formatSeconds(Math.max(0, dueMs - Date.now())) })
      : attempt && t('status.trying', { transport: transportWords(attempt) })
  const failures = report.failures > 1 ? t('status.failures', { count: formatNumber(report.failures) }) : null
  return [next, why, failures].filter(Boolean).join(' · ')
}
