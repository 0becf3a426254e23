/**
 * Owns the session id of Bitrix, which protects from forged requests: which one to send, and the one repetition with the
 * fresh id that a portal hands out in place of a stale one. A secret.
 */
import { errorCodeOf } from './answer'
import { toRecord, toText } from './foreign-value'

/** The id itself, or a function that is asked before each request. */
export type SessionIdOption = string | (() => string | null | undefined) | undefined

/** A response of any kind, and what could be read of its body. */
export type Reply = readonly [response: Response, answer: unknown]

/**
 * Makes a function that asks with the best session id known, and once more if the portal says that it is stale.
 * What the option gives wins over a renewed id as soon as it is another one than the one that was refused.
 */
export function createSessionId(
  option: SessionIdOption,
): (ask: (sessid: string | null) => Promise<Reply>) => Promise<Reply> {
  let stale: string | null | undefined
  let fresh: string | null = null
  return async (ask) => {
    const given = (typeof option === 'function' ? option() : option) || null
    const sent = given === stale ? fresh : given
    const reply = await ask(sent)
    const next = renewedSessionId(reply[1])
    if (!next || next === sent) return reply
    stale = given
    fresh = next
    return ask(next)
  }
}

/** The id in an answer that says the one sent is stale: of REST, of a controller, of the PHP endpoint. */
export function renewedSessionId(raw: unknown): string | null {
  const answer = toRecord(raw)
  switch (errorCodeOf(answer)) {
    case 'session_failed':
      return toText(answer['sessid'])
    case 'invalid_csrf':
      return toText(toRecord(toRecord(Object(answer['errors'])[0])['customData'])['csrf'])
    default:
      return isPhpSessionError(answer['ERROR']) ? toText(answer['BITRIX_SESSID']) : null
  }
}

export function isPhpSessionError(code: unknown): boolean {
  return code === 'SESSION_ERROR' || code === 'AUTHORIZE_ERROR'
}
