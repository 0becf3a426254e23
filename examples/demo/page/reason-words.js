/** Owns how the client's codes are said in words. A code the page does not know is shown as it is. */
import { hasWord, t } from './language.js'

export function reasonWords(code) {
  const refused = /^refused-(\d+)$/.exec(code)
  if (refused) return t('reason.refused-code', { code: refused[1] })
  return hasWord(`reason.${code}`) ? t(`reason.${code}`) : code
}

export function transportWords(kind) {
  return hasWord(`transport.${kind}`) ? t(`transport.${kind}`) : kind
}

/** Statuses of the page: the client's, with two that deserve a word of their own. */
export function lookOf({ status, reason }) {
  if (status === 'connected') return reason === 'unconfirmed' ? 'unconfirmed' : 'connected'
  if (status === 'stopped' && reason !== 'stopped') return 'failed'
  return status
}

export function statusWords(fact) {
  return t(`status.${lookOf(fact)}`)
}
