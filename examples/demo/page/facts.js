/** Owns the list of facts for people who want to know exactly. */
import { byId, element } from './element.js'
import { formatNumber, formatSpan, formatTime, t } from './language.js'
import { reasonWords } from './reason-words.js'

export function createFacts() {
  const list = byId('facts')
  let written = ''

  return {
    show({ report }) {
      const rows = rowsOf(report)
      const now = JSON.stringify(rows)
      // Most of it hardly ever changes: text that somebody is selecting stays selected.
      if (now === written) return
      written = now
      list.replaceChildren(
        ...rows.map(([name, value]) => element('div', {}, element('dt', {}, t(name)), element('dd', {}, value))),
      )
    },
  }
}

function rowsOf({ reason, server, cursor, clockShiftMs, counters, failures, remembered }) {
  const unknown = t('facts.unknown')
  return [
    ['facts.server', server === null ? unknown : serverWords(server.version)],
    ['facts.reason', reasonWords(reason)],
    ['facts.channels', server === null ? unknown : server.channels.map(channelWords).join(', ')],
    ['facts.clock', clockShiftMs === null ? unknown : formatSpan(clockShiftMs)],
    ['facts.cursor', Object.values(cursor).join(' · ') || unknown],
    ['facts.remembered', formatNumber(remembered)],
    ['facts.failures', formatNumber(failures)],
    ['facts.loads', formatNumber(counters?.configLoads ?? 0)],
    ['facts.commands', formatNumber(counters?.commands ?? 0)],
    ['facts.beforeStart', formatNumber(counters?.beforeStart ?? 0)],
  ]
}

export function serverWords(version) {
  return t('facts.serverValue', { version, releases: t(`connection.release${version}`) })
}

function channelWords({ type, endAtMs }) {
  const name = type === 'private' || type === 'shared' ? t(`events.${type}`) : type
  return endAtMs === null ? name : `${name} ${formatTime(endAtMs)}`
}
