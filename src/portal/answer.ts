/**
 * Owns the envelopes around a configuration: REST (`{result, time}`, `{error, error_description}`), controllers
 * (`{status, data, errors}`) and none at all; and what the portal's error codes mean. Pure.
 * Descriptions are not repeated: they are the portal's words and may hold anything.
 */
import { PullError, type PullErrorCode } from '../core/pull-error'
import { toInstantMs, toRecord } from './foreign-value'

/** REST; and the PHP endpoint, which issues no channel where the push server is off. */
const DISABLED = ['SERVER_ERROR', 'ERROR_OPEN_CHANNEL', 'PULL_MODULE_IS_NOT_INSTALLED']

/** Whatever lay inside the envelope, and the portal's clock as the envelope tells it: Unix ms in whole seconds. */
export type Answer = readonly [config: unknown, answeredAtMs: number | null]

/** Takes the configuration out of its envelope. @throws PullError when the envelope holds an error. */
export function openAnswer(raw: unknown): Answer {
  const answer = toRecord(raw)
  if ('server' in answer) return [raw, null]
  if (errorCodeOf(raw) !== null) throw portalError(raw)
  const config = 'result' in answer ? answer['result'] : 'data' in answer ? answer['data'] : raw
  return [config, toInstantMs(toRecord(answer['time'])['date_finish'])]
}

/** The error code of an envelope; `''` for an error whose code is none that may be printed, `null` for no error. */
export function errorCodeOf(raw: unknown): string | null {
  const answer = toRecord(raw)
  let code = answer['error']
  if (!code) {
    if (!answer['status'] || answer['status'] === 'success') return null
    code = toRecord(Object(answer['errors'])[0])['code']
  }
  // Codes are words in one case. Anything else could be an id or a token in the wrong place.
  return typeof code === 'string' && /^([A-Z_]+|[a-z_]+)$/.test(code) ? code : ''
}

/** What an answer without a configuration means to the client, or that there was none at all (`cause`). */
export function portalError(answer: unknown, httpStatus?: number, cause?: unknown): PullError {
  const portalCode = errorCodeOf(answer) || null
  const told = ['error', httpStatus, portalCode].filter(Boolean).join(' ')
  let code: PullErrorCode = 'config-unavailable'
  let cure = 'check network, CORS and url (absolute without a page); not JSON: a login page?'
  const isRefused = /\b(AUTHORIZE_ERROR|WRONG_AUTH_TYPE|401|403)\b/.test(told)
  if (/session_failed|invalid_csrf/.test(told)) {
    // Whoever asks has repeated it with the new session id, if one came: then there is nothing more to try.
    if (isRefused) code = 'forbidden'
    cure = 'log in, and pass the sessid of this login'
  } else if (portalCode && DISABLED.indexOf(portalCode) >= 0) {
    // Retried: an administrator can switch it on while the page is open, and a portal in trouble answers the same.
    code = 'disabled'
    cure = 'set up the push server of the portal'
  } else if (isRefused) {
    code = 'forbidden'
    cure = 'log in, or pass guestUserId; applications call pull.application.config.get'
  }
  return new PullError(code, `Asking the portal failed (${told}): ${cure}`, {
    retryable: code !== 'forbidden',
    facts: { portalCode, httpStatus },
    cause,
  })
}
