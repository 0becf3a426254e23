/**
 * Owns the one error class of the library and its closed list of codes. Messages name the cure; facts travel as fields.
 * Never put a signature, token or channel id into a message or a fact.
 */

/** Every code a `PullError` can carry. docs/ERRORS.md says what each means and what to do. */
export type PullErrorCode =
  | 'bad-option' // the client was created or called with something unusable
  | 'bad-config' // the portal's configuration lacks or garbles what is needed; `facts.issues` lists the paths
  | 'config-unavailable' // the configuration could not be fetched; retried while started
  | 'forbidden' // the portal refuses this user or application (401, 403): final
  | 'disabled' // the portal says that it has no push server
  | 'no-transport' // nothing of what was asked for can work here; `facts.skipped` lists the reasons
  | 'stopped' // `stop()` came first
  | 'listener-threw' // a listener threw; the others were served
  | 'payload-invalid' // a payload failed the schema given for its event
  | 'not-supported' // this push server, or this build of the client, has no such thing
  | 'not-connected' // nothing is connected that could carry the request
  | 'no-answer' // a request was not answered in time
  | 'server-refused' // the push server refused a request; `facts.rpcCode` or `facts.httpStatus`
  | 'expired' // a message waited for a connection longer than it is worth
  | 'queue-full' // too many messages wait for a connection
  | 'unknown-recipient' // the portal names no public channel of a user
  | 'watch-dropped' // the portal does not know a watch tag (any more)
  | 'bad-frame' // the server sent something unreadable; it was counted and skipped

/** Plain facts about an error: JSON, never a secret. */
export type PullErrorFacts = Readonly<Record<string, unknown>>

export interface PullErrorOptions {
  /** Whether the same thing may work later without a change by the caller. @default false */
  retryable?: boolean
  cause?: unknown
  facts?: PullErrorFacts
}

/** The one error class of bx-pull. `code` says what happened, `message` what to do about it. */
export class PullError extends Error {
  override readonly name = 'PullError'
  readonly code: PullErrorCode
  readonly retryable: boolean
  readonly facts: PullErrorFacts
  override readonly cause?: unknown

  constructor(code: PullErrorCode, message: string, options: PullErrorOptions = {}) {
    super(message)
    this.code = code
    this.retryable = !!options.retryable
    this.facts = options.facts || {}
    if ('cause' in options) this.cause = options.cause
  }
}

/** Whatever was thrown, as a `PullError`. An error that already is one is returned as it is. */
export function toPullError(thrown: unknown, code: PullErrorCode, message: string, retryable = false): PullError {
  if (thrown instanceof PullError) return thrown
  return new PullError(code, message, { retryable, cause: thrown })
}
