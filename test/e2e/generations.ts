/** The server generations that sites run; the others are covered without a browser. */
import type { PullServerOptions } from '../../src/entry/testing'

export interface Generation {
  readonly name: string
  readonly options: PullServerOptions
  readonly isNode: boolean
}

export const PUSH_STREAM: Generation = { name: 'push-stream 0.4.0', options: { version: 2 }, isNode: false }
export const PUSH_SERVER: Generation = { name: 'Push server 2.0', options: { version: 4 }, isNode: true }
export const GENERATIONS: readonly Generation[] = [PUSH_STREAM, PUSH_SERVER]
