/** Reads what `test/support/page/watcher.js` writes down in a page. */
import type { Page } from 'playwright'
import { expect } from 'vitest'
import type {
  EventSender,
  PullClientOptions,
  PullDiagnostics,
  SendMessage,
  SendResult,
  StatusFact,
  TransportKind,
} from '../../src/entry'
import { CHANNELS, type Publisher } from './publisher'
import { until } from './until'

/** What goes into the page: plain JSON. */
export type WatchOptions = Pick<
  PullClientOptions,
  'transport' | 'transports' | 'framing' | 'timeouts' | 'backoff' | 'storage'
> & {
  /** Where to ask for the configuration. @default '/rest/pull.config.get.json' */
  readonly config?: string | object
  /** How many times as fast as real the client's clock runs. @default 1 */
  readonly faster?: number
}

export interface Message {
  readonly on: string
  readonly n: number
  readonly atMs: number
  readonly text?: string
  readonly sender?: EventSender['type']
  readonly replayed?: boolean
  readonly channel?: string | null
}

export interface TimelineEntry {
  readonly atMs: number
  readonly what: string
  readonly transport?: TransportKind
  readonly detail?: string
  readonly code?: number | null
  readonly linkId?: number
  readonly delayMs?: number
}

export interface Facts {
  readonly started: boolean
  readonly refused: string | null
  readonly statuses: readonly (StatusFact & { readonly atMs: number })[]
  readonly transports: readonly (TransportKind | null)[]
  readonly errors: readonly string[]
  readonly gaps: readonly object[]
  readonly timeline: readonly TimelineEntry[]
}

export interface Watched {
  /**
   * Starts a client with these options, and waits until it has its configuration: what is published from then on has to
   * arrive. `from` names the global that holds the library.
   */
  start(options?: WatchOptions, from?: 'BX' | 'bundle'): Promise<void>
  facts(): Promise<Facts>
  messages(): Promise<readonly Message[]>
  /** What an expression gives in the page: plain JSON. */
  ask<T>(expression: string): Promise<T>
  counters(): Promise<NonNullable<PullDiagnostics['counters']>>
  /** Sends from the page, and says when it did. */
  send(message: SendMessage): Promise<SendResult & { readonly atMs: number }>
  /** Waits until the last status is as wanted; returns it. */
  untilStatus(
    what: string,
    withinMs: number,
    wanted: (status: StatusFact & { atMs: number }, facts: Facts) => boolean,
  ): Promise<StatusFact & { readonly atMs: number }>
  untilConnected(transport: TransportKind | null, withinMs: number): Promise<StatusFact & { readonly atMs: number }>
  untilDelivered(sent: ReturnType<Publisher['sent']>, withinMs: number): Promise<void>
  /** None lost, none twice, in order per channel. */
  expectExactly(sent: ReturnType<Publisher['sent']>): Promise<void>
  stop(): Promise<void>
}

export function watchPage(page: Page): Watched {
  const messages = (): Promise<readonly Message[]> => page.evaluate('watched.messages')
  const facts = (): Promise<Facts> => page.evaluate('({ ...watched, client: undefined, messages: undefined })')

  const watched: Watched = {
    async start({ config = '/rest/pull.config.get.json', ...rest } = {}, from = 'BX') {
      const lib = from === 'BX' ? 'BX.Pull' : 'bxPullModule'
      await page.evaluate(`watch(${JSON.stringify({ config, ...rest })}, ${lib})`)
      await until('its configuration', 5000, async () =>
        (await facts()).timeline.some(({ what }) => what === 'channels'),
      )
    },
    facts,
    messages,
    ask: (expression) => page.evaluate(expression),
    counters: () => page.evaluate('watched.client.diagnostics().counters'),
    send(message) {
      const sending = `watched.client.send(${JSON.stringify(message)})`
      return page.evaluate(`(async (atMs) => ({ ...(await ${sending}), atMs }))(Date.now())`)
    },
    untilStatus(what, withinMs, wanted) {
      return until(
        what,
        withinMs,
        async () => {
          const all = await facts()
          const last = all.statuses.at(-1)
          return last !== undefined && wanted(last, all) ? last : undefined
        },
        facts,
      )
    },
    untilConnected: (transport, withinMs) =>
      watched.untilStatus(
        `connected over ${transport ?? 'anything'}`,
        withinMs,
        (status) => status.status === 'connected' && (transport === null || status.transport === transport),
      ),
    async untilDelivered(sent, withinMs) {
      await until(
        'the last message on every channel',
        withinMs,
        async () => {
          const got = await messages()
          return CHANNELS.every((name) => got.some(({ on, n }) => on === name && n === sent[name].length))
        },
        async () => ({ sent: counts(sent), last: (await messages()).slice(-5), ...(await facts()) }),
      )
    },
    async expectExactly(sent) {
      const got = await messages()
      for (const name of CHANNELS) {
        const numbers = got.filter(({ on }) => on === name).map(({ n }) => n)
        const lost = sent[name].filter((n) => !numbers.includes(n))
        const twice = numbers.filter((n, at) => numbers.indexOf(n) !== at)
        const late = numbers.filter((n, at) => at > 0 && n < numbers[at - 1]!)
        expect({ lost, twice, late }, `channel ${name}`).toEqual({ lost: [], twice: [], late: [] })
      }
    },
    stop: () => page.evaluate('watched.client.stop()'),
  }
  return watched
}

function counts(sent: ReturnType<Publisher['sent']>): Record<string, number> {
  return Object.fromEntries(CHANNELS.map((name) => [name, sent[name].length]))
}
