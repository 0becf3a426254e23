/** Owns the check of payloads against Standard Schemas (standardschema.dev): no schema library is needed or preferred. */
import { PullError } from '../core/pull-error'
import { has } from './options'

/** The part of the Standard Schema interface that is used. */
export interface StandardSchema {
  readonly '~standard': { readonly version: 1; readonly vendor: string; validate(value: unknown): unknown }
}

/** Schemas by event key (`im:message`). */
export type PullSchemas = Readonly<Record<string, StandardSchema>>

/**
 * The payload as its schema gives it back; as it came where there is none.
 * @throws PullError `payload-invalid`
 */
export function checkPayload(schemas: PullSchemas | undefined, key: string, params: unknown): unknown {
  const schema = schemas && has(schemas, key) ? schemas[key] : undefined
  if (!schema) return params
  let issues: unknown
  let cause: unknown
  try {
    const result = schema['~standard'].validate(params) as { value?: unknown; issues?: unknown }
    // Waiting for an asynchronous schema would deliver events out of order.
    issues = result instanceof Promise ? 'the schema is asynchronous' : result.issues
    if (!issues) return result.value
  } catch (thrown) {
    cause = thrown
  }
  throw new PullError('payload-invalid', `The payload of ${key} does not fit its schema`, {
    cause,
    facts: { key, issues },
  })
}
