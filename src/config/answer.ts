/**
 * Owns the envelopes around a configuration: REST (`{result, time}`, `{error, error_description}`), controllers
 * (`{status, data, errors}`) and none at all; and what the portal's error codes mean. Pure.
 * Descriptions are not repeated: they are the portal's words and may hold anything.
 */
import { PullError, type PullErrorCode } from '../core/pull-error'
import { isRecord, toInstantMs, toRecord, toText } from './foreign-value'

export interface Answer {
  /** Whatever lay inside the envelope. */
  readonly config: unknown
  /** The portal's clock when it answered, as the envelope tells it: Unix ms in whole seconds. */
  readonly answeredAtMs: number | null
}

interface Meaning {
  readonly code: PullErrorCode
  readonly retryable: boolean
  readonly message: string
}

/** A browser that is not logged in and an application that asks the wrong method end here; asking again helps neither. */
const MEANINGS: readonly (readonly [RegExp, Meaning])[] = [
  [
    /^AUTHORIZE_ERROR$/,
    {
      code: 'forbidden',
      retryable: false,
      message: 'the portal does not know this user: log in first, or pass guestUserId where guests are allowed',
    },
  ],
  [
    /^WRONG_AUTH_TYPE$/,
    {
      code: 'forbidden',
      retryable: false,
      message:
        'the portal refuses this kind of authorization: pull.config.get wants the cookie of a logged-in user, REST applications call pull.application.config.get',
    },
  ],
  [
    /^SERVER_ERROR$/,
    {
      code: 'disabled',
      // An administrator can switch it on while the page is open, and a portal in trouble answers the same.
      retryable: true,
      message:
        'the portal has no push server: switch it on in the settings of the module "pull" (Push and Pull) or register the cloud server',
    },
  ],
  [
    /^(session_failed|invalid_csrf)$/,
    {
      code: 'config-unavailable',
      retryable: true,
      message:
        'the portal does not accept the sessid: pass one that belongs to this login, e.g. sessid: () => BX.bitrix_sessid()',
    },
  ],
]

/** Takes the configuration out of its envelope. @throws PullError when the envelope holds an error. */
export function openAnswer(raw: unknown, depth = 0): Answer {
  if (!isRecord(raw) || 'server' in raw || depth > 2) return { config: raw, answeredAtMs: null }
  const code = errorCodeOf(raw)
  if (code !== null) throw portalError(code)
  const inside = 'result' in raw ? raw['result'] : isController(raw) ? raw['data'] : undefined
  if (inside === undefined) return { config: raw, answeredAtMs: null }
  const { config, answeredAtMs } = openAnswer(inside, depth + 1)
  return { config, answeredAtMs: answeredAtMs ?? toInstantMs(toRecord(raw['time'])['date_finish']) }
}

/** The error code of an envelope; `''` for an error whose code is none that may be printed, `null` for no error. */
export function errorCodeOf(raw: unknown): string | null {
  const answer = toRecord(raw)
  if ('error' in answer && answer['error'] !== null && answer['error'] !== false && answer['error'] !== '') {
    return printable(answer['error'])
  }
  if (!isController(answer) || answer['status'] === 'success') return null
  const errors = Array.isArray(answer['errors']) ? answer['errors'] : []
  return printable(toRecord(errors[0])['code'])
}

/** What a code of the portal means to the client. */
export function portalError(code: string, facts: Readonly<Record<string, unknown>> = {}): PullError {
  const known = meaningOf(code)
  const { retryable, message } = known ?? {
    retryable: true,
    message: 'see the error of the same request in the network panel of the browser or in the log of the portal',
  }
  return new PullError(
    known?.code ?? 'config-unavailable',
    `The portal answered the request for the push configuration with the error ${code || '(no code)'}: ${message}`,
    { retryable, facts: { ...facts, portalCode: code || null } },
  )
}

export function isKnownCode(code: string): boolean {
  return meaningOf(code) !== undefined
}

/** The new session id that comes with a refused one (REST: `sessid`, controllers: `customData.csrf`). A secret. */
export function renewedSessid(raw: unknown): string | null {
  const code = errorCodeOf(raw)
  const answer = toRecord(raw)
  if (code === 'session_failed') return toText(answer['sessid'])
  if (code !== 'invalid_csrf' || !Array.isArray(answer['errors'])) return null
  return toText(toRecord(toRecord(answer['errors'][0])['customData'])['csrf'])
}

function meaningOf(code: string): Meaning | undefined {
  const found = MEANINGS.find(([pattern]) => pattern.test(code))
  return found?.[1]
}

function isController(answer: Record<string, unknown>): boolean {
  return typeof answer['status'] === 'string' && ('data' in answer || 'errors' in answer)
}

/** Codes are words in one case. Anything else is not printed: it could be an id or a token in the wrong place. */
function printable(code: unknown): string {
  return typeof code === 'string' && /^([A-Z_]{3,40}|[a-z_]{3,40})$/.test(code) ? code : ''
}
