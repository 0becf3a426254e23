/** Owns how an entry of the timeline is said in words, and how much it matters to somebody who skims. Pure. */
import { formatSpan, hasWord, t } from './language.js'
import { lookOf, reasonWords, statusWords, transportWords } from './reason-words.js'

/** `good`, `bad`, `busy`, `plain` */
export function toneOf(entry) {
  if (entry.what === 'status') {
    const look = lookOf(entry.fact)
    return (
      { connected: 'good', unconfirmed: 'busy', connecting: 'busy', reconnecting: 'bad', failed: 'bad' }[look] ??
      'plain'
    )
  }
  if (entry.what === 'lost' || entry.what === 'error' || entry.what === 'gap') return 'bad'
  if (entry.what === 'wait' || entry.what === 'renew') return 'busy'
  return 'plain'
}

export function decisionWords(entry) {
  const { what, detail = '', code } = entry
  const transport = transportWords(entry.transport ?? '')
  switch (what) {
    case 'status':
      return statusSentence(entry.fact)
    case 'opened':
      return t(detail === 'confirmed' ? 'decision.opened' : 'decision.openedUnconfirmed', { transport })
    case 'lost': {
      const values = { transport, reason: reasonWords(detail), code }
      return t(code === null || code === undefined ? 'decision.lost' : 'decision.lostCode', values)
    }
    case 'close':
      return t('decision.close', { transport, reason: reasonWords(detail) })
    case 'open':
      return t('decision.open', { transport })
    case 'wait':
      return t('decision.wait', { delay: formatSpan(entry.delayMs) })
    case 'channels':
      return t('decision.channels', { detail: known(`channels.${detail}`, detail) })
    case 'gap':
      return t('decision.gap', {
        detail: detail
          .split(' ')
          .map((word) => known(`gap.${word}`, word))
          .join(': '),
      })
    case 'error':
      return t('decision.error', { detail: reasonWords(detail.split(':')[0]) })
    default:
      return hasWord(`decision.${what}`) ? t(`decision.${what}`, { detail }) : t('decision.unknown', { what, detail })
  }
}

function statusSentence(fact) {
  const status = statusWords(fact)
  if (fact.transport !== null) return t('decision.statusBy', { status, transport: transportWords(fact.transport) })
  const plain = fact.reason === 'starting' || fact.reason === 'stopped'
  return plain
    ? t('decision.status', { status })
    : t('decision.statusWhy', { status, reason: reasonWords(fact.reason) })
}

function known(key, otherwise) {
  return hasWord(key) ? t(key) : otherwise
}
