/**
 * Owns why a connection attempt or an open connection ended, and what follows from it: close codes and HTTP statuses
 * of all server generations in one table (protocol.md 5.4 and 9.9, push-server.md 2). Pure.
 */

export type LossReason =
  | 'refused' // the handshake failed; browsers hide why
  | 'timeout' // no answer within the deadline
  | 'buffered' // an event stream that stays silent: a proxy holds it back
  | 'not-event-stream' // asked for an event stream, got something else
  | 'network' // no HTTP answer at all: offline, DNS, CORS, reset
  | 'dropped' // an open connection ended without a reason
  | 'server-restart'
  | 'server-error' // 5xx
  | 'not-found' // nothing lives at this address
  | 'bad-channel' // the queue server does not accept the channels: a new configuration is needed
  | 'unauthorized'
  | 'too-many' // connection or request limit: come back later
  | 'bad-request'
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

interface CodeEntry {
  readonly name: string
  readonly reason: LossReason
}

/** WebSocket close codes; the Node servers send 4010 and above also as the first word of HTTP answers. */
const CLOSE_CODES: Readonly<Record<number, CodeEntry>> = {
  1000: { name: 'NORMAL_CLOSURE', reason: 'dropped' },
  1001: { name: 'SERVER_DIE', reason: 'server-restart' },
  1005: { name: 'NO_STATUS', reason: 'dropped' },
  1006: { name: 'ABNORMAL', reason: 'dropped' },
  1012: { name: 'SERVICE_RESTART', reason: 'server-restart' },
  1013: { name: 'TRY_AGAIN_LATER', reason: 'too-many' },
  4010: { name: 'WRONG_CHANNEL_ID', reason: 'bad-channel' },
  4011: { name: 'COULD_NOT_GET_LAST_MESSAGES', reason: 'server-error' },
  4012: { name: 'PUBLIC_CHANNEL_REQUIRED', reason: 'bad-request' },
  4013: { name: 'WRONG_REQUEST_DATA', reason: 'bad-request' },
  4014: { name: 'COMMAND_NOT_ALLOWED', reason: 'bad-request' },
  4015: { name: 'WRONG_COMMAND', reason: 'bad-request' },
  4016: { name: 'TOO_MANY_MESSAGES', reason: 'bad-request' },
  4017: { name: 'NO_CHANNELS', reason: 'bad-request' },
  4018: { name: 'TOO_MANY_CHANNELS', reason: 'bad-request' },
  4019: { name: 'INVALID_CHANNEL_ID', reason: 'bad-channel' },
  4020: { name: 'PRIVATE_ID_NOT_ALLOWED', reason: 'bad-request' },
  4021: { name: 'INVALID_SIGNATURE', reason: 'bad-channel' },
  4029: { name: 'TOO_MANY_CONNECTIONS', reason: 'too-many' },
}

/** An ended WebSocket. `opened` tells a refused handshake from a lost connection. */
export function lossFromClose(code: number, text: string, opened: boolean): Loss {
  if (code === 1008)
    return { reason: httpStatusIn(text) === 401 ? 'unauthorized' : 'bad-channel', code, retryAfterMs: null }
  const reason = CLOSE_CODES[code]?.reason ?? 'dropped'
  return { reason: !opened && reason === 'dropped' ? 'refused' : reason, code, retryAfterMs: null }
}

/** An HTTP answer that is neither events nor an empty poll. `body` is only looked at for a leading close code. */
export function lossFromStatus(status: number, body: string, retryAfter: string | null): Loss {
  const code = Number(/^\s*(4\d{3}):/.exec(body)?.[1] ?? 0)
  const reason = CLOSE_CODES[code]?.reason ?? reasonOfStatus(status)
  const seconds = Number(retryAfter ?? '')
  return { reason, code: status, retryAfterMs: retryAfter !== null && seconds > 0 ? seconds * 1000 : null }
}

export function loss(reason: LossReason, code: number | null = null): Loss {
  return { reason, code, retryAfterMs: null }
}

export function reactionTo(reason: LossReason): Reaction {
  if (reason === 'bad-channel' || reason === 'unauthorized') return 'renew'
  if (reason === 'server-restart') return 'spread'
  if (reason === 'too-many') return 'back-off'
  return 'retry'
}

/** Name of a close code for people, or the number as text. */
export function closeCodeName(code: number): string {
  return CLOSE_CODES[code]?.name ?? String(code)
}

function reasonOfStatus(status: number): LossReason {
  if (status === 400 || status === 403) return 'bad-channel'
  if (status === 401) return 'unauthorized'
  if (status === 404 || status === 405 || status === 410) return 'not-found'
  if (status === 429) return 'too-many'
  if (status >= 500) return 'server-error'
  return 'bad-request'
}

/** push-stream closes with 1008 and `{"http_status": 403, "explain": "..."}`. */
function httpStatusIn(text: string): number | null {
  const found = /"http_status"\s*:\s*(\d{3})/.exec(text)
  return found === null ? null : Number(found[1])
}
