/** Owns the class that users create: a thin shell, so that `instanceof` and generics work as people expect. */
import { type AnyEvents, type ClientParts, type PullClientApi, createClient } from './client'
import type { PullClientOptions } from './options'

export type PullClientInstance<Events extends object = AnyEvents> = PullClientApi<Events>

export interface PullClientConstructor {
  /**
   * Creates a client; nothing happens before `start()`.
   * @throws PullError `bad-option` that lists everything that is wrong with the options
   */
  new <Events extends object = AnyEvents>(options: PullClientOptions): PullClientInstance<Events>
}

export function pullClientClass(parts: ClientParts): PullClientConstructor {
  // A function would do without `new`, on whatever `this` is then.
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class
  class PullClient {
    constructor(options: PullClientOptions) {
      // Members of its own: they may be taken off the client and passed around.
      Object.defineProperties(this, Object.getOwnPropertyDescriptors(createClient(parts, options)))
    }
  }
  return PullClient as unknown as PullClientConstructor
}
