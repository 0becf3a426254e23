/** Owns the check of payloads against Standard Schemas (standardschema.dev): no schema library is needed or preferred. */
import { PullError } from '../core/pull-error'

/** The part of the Standard Schema interface that is used. */
export interface StandardSchema {
  readonly '~standard': { readonly version: 1; readonly vendor: string; validate(value: unknown): unknown }
}

export type PullSchemas = Readonly<Record<string, StandardSchema>>

export type Checked =
  { readonly ok: true; readonly params: unknown } | { readonly ok: false; readonly error: PullError }

/** The payload as the schema gives it back, or why it failed. `key` is the event's `module:command`. */
export function checkPayload(schema: StandardSchema, key: string, params: unknown): Checked {
  try {
    const result = schema['~standard'].validate(params) as { value?: unknown; issues?: readonly unknown[] | undefined }
    // Waiting for an async schema would deliver events out of order.
    if (result instanceof Promise)
      return failed(key, 'its schema is asynchronous; only synchronous ones keep the order of events', [])
    return result.issues ? failed(key, 'it does not fit its schema', result.issues) : { ok: true, params: result.value }
  } catch (cause) {
    return failed(key, 'its schema threw', [], cause)
  }
}

function failed(key: string, why: string, issues: readonly unknown[], cause?: unknown): Checked {
  const error = new PullError('payload-invalid', `The payload of ${key} was not delivered: ${why}.`, {
    facts: { key, issues },
    cause,
  })
  return { ok: false, error }
}
