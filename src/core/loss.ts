/**
 * Owns why a connection attempt or an open connection ended, and what follows from it: close codes and HTTP statuses
 * of all server generations in one table. Pure.
 */

export type LossReason =
  | 'refused' // the handshake failed; browsers hide why
  | 'timeout' // no answer within the deadline
  | 'buffered' // an event stream that stays silent: a proxy holds it back
  | 'not-event-stream' // asked for an event stream, got something else
  | 'network' // no HTTP answer at all: offline, DNS, CORS, reset
  | 'silent' // no sign of life where the server gives one
  | 'dropped' // an open connection ended without a reason
  | 'server-restart'
  | 'server-error' // 5xx
  | 'not-found' // nothing lives at this address
  | 'bad-channel' // the queue server does not accept the channels: a new configuration is needed
  | 'unauthorized'
  | 'too-many' // connection or request limit: come back later
  | 'bad-request' // something we sent was refused: it is not sent again
  | 'unexplained' // refused with a number nobody knows: perhaps what we hold is out of date
  | 'unsupported' // this runtime lacks what the transport needs
  | 'useless' // opens, then dies before it carries anything
  | 'replaced' // a better or newer connection took over

export interface Loss {
  readonly reason: LossReason
  /** WebSocket close code or HTTP status; `null` when there was neither. */
  readonly code: number | null
  /** What the server asks to wait (`Retry-After`), milliseconds. */
  readonly retryAfterMs: number | null
}

/** What a loss asks for. `retry`: soon. `spread`: everybody lost it at once, spread out. `renew`: new configuration first. */
export type Reaction = 'retry' | 'spread' | 'renew' | 'back-off'

/**
 * Close codes and HTTP statuses share no number, so they share one list. The Node servers send 4010 and above also as
 * the first word of HTTP answers.
 */
const REASONS: readonly (readonly [reason: LossReason, ...codes: number[]])[] = [
  ['bad-channel', 400, 403, 1008, 4010],
  ['unauthorized', 401],
  ['not-found', 404, 405, 410],
  ['too-many', 429, 1013, 4029],
  ['server-restart', 1001, 1012],
  ['server-error', 4011],
]

function reasonOf(code: number): LossReason | false {
  const found = REASONS.find((codes) => codes.indexOf(code) > 0)
  if (found) return found[0]
  // The Node servers number what is wrong with a request of ours; the numbers behind were never explained.
  return code > 4011 && code < 4037 && (code < 4022 ? 'bad-request' : 'unexplained')
}

/** An ended WebSocket. `opened` tells a refused handshake from a lost connection. */
export function lossFromClose(code: number, text: string, opened: boolean): Loss {
  // push-stream says why in JSON: `{"http_status": 401, "explain": "..."}`.
  const unauthorized = code === 1008 && /"http_status"\s*:\s*401/.test(text)
  return loss(unauthorized ? 'unauthorized' : reasonOf(code) || (opened ? 'dropped' : 'refused'), code)
}

/** An HTTP answer that is neither events nor an empty poll. `body` is only looked at for a leading close code. */
export function lossFromStatus(status: number, body: string, retryAfter: string | null): Loss {
  const told = /^\s*(4\d{3}):/.exec(body)
  const reason = (told && reasonOf(Number(told[1]))) || reasonOf(status)
  const waitMs = Number(retryAfter) * 1000
  return loss(reason || (status < 500 ? 'bad-request' : 'server-error'), status, waitMs > 0 ? waitMs : null)
}

export function loss(reason: LossReason, code: number | null = null, retryAfterMs: number | null = null): Loss {
  return { reason, code, retryAfterMs }
}

export function reactionTo(reason: LossReason): Reaction {
  if (reason === 'bad-channel' || reason === 'unauthorized' || reason === 'unexplained') return 'renew'
  if (reason === 'server-restart') return 'spread'
  return reason === 'too-many' ? 'back-off' : 'retry'
}
