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
  class PullClient {
    private readonly api: PullClientApi

    constructor(options: PullClientOptions) {
      this.api = createClient(parts, options)
    }
    on(key: string, listener: (...args: never[]) => void): () => void {
      return this.api.on(key as '*', listener as () => void)
    }
    start(): Promise<void> {
      return this.api.start()
    }
    stop(): Promise<void> {
      return this.api.stop()
    }
    get status(): PullClientApi['status'] {
      return this.api.status
    }
    get transport(): PullClientApi['transport'] {
      return this.api.transport
    }
    diagnostics(): ReturnType<PullClientApi['diagnostics']> {
      return this.api.diagnostics()
    }
  }
  return PullClient as unknown as PullClientConstructor
}
