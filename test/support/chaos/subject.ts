/** Owns what is driven through the faults: our client, or another one behind the same few functions. */
import { PullClient, type GapFact, type PullClientOptions } from '../../../src/entry/node'
import type { RawConfig } from '../../../src/entry/testing'

export interface SubjectSetup {
  readonly config: () => RawConfig
  readonly options: Partial<PullClientOptions>
  /** A message of the run came. */
  readonly deliver: (n: number) => void
  /** What the client says about itself, a line each. */
  readonly note: (line: string) => void
}

export interface Subject {
  /** Resolves when connected for the first time. */
  start(): Promise<void>
  stop(): Promise<void>
  readonly gaps: readonly GapFact[]
  /** Codes of the errors it told. */
  readonly errors: readonly string[]
  counters(): object | null
}

export type SubjectFactory = (setup: SubjectSetup) => Subject

export const MODULE = 'chaos'
export const COMMAND = 'number'

export const ourClient: SubjectFactory = ({ config, options, deliver, note }) => {
  const gaps: GapFact[] = []
  const errors: string[] = []
  const client = new PullClient({
    config: () => Promise.resolve(config()),
    debug: true,
    logger: { debug: (_, line) => note(JSON.stringify(line)) },
    ...options,
  })
  client.on(`${MODULE}:${COMMAND}`, (params) => deliver((params as { n: number }).n))
  client.on('gap', (gap) => void gaps.push(gap))
  client.on('error', ({ code }) => void errors.push(code))
  return {
    start: () => client.start(),
    stop: () => client.stop(),
    gaps,
    errors,
    counters: () => client.diagnostics().counters,
  }
}
