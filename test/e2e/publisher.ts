/** Publishes numbered messages to both channels of user 1 and knows what has to arrive. */
import type { PullServer } from '../../src/entry/testing'

export const CHANNELS = ['private', 'shared'] as const
export type ChannelName = (typeof CHANNELS)[number]

export interface Publisher {
  /** One message on each channel. */
  publish(): void
  /** One message on one channel. */
  publishTo(on: ChannelName): void
  /** Publishes `perSecond` times a second, to the channels in turn, until `stop`. */
  start(perSecond: number): void
  stop(): void
  /** What was published, as the page writes it down: numbers from 1 on by channel. */
  sent(): Readonly<Record<ChannelName, readonly number[]>>
}

export function createPublisher(server: PullServer): Publisher {
  const sent: Record<ChannelName, number[]> = { private: [], shared: [] }
  let timer: NodeJS.Timeout | null = null

  function publishTo(on: ChannelName): void {
    const n = sent[on].length + 1
    sent[on].push(n)
    const target = on === 'private' ? { users: [1] } : { shared: true }
    server.publish({ module_id: 'e2e', command: 'number', params: { on, n } }, target)
  }

  return {
    publish: () => CHANNELS.forEach(publishTo),
    publishTo,
    start(perSecond) {
      if (timer !== null) throw new Error('already publishing')
      const startedAtMs = Date.now()
      let count = 0
      timer = setInterval(() => {
        // By the clock and not by the ticks: timers of a busy machine come late.
        for (; count < ((Date.now() - startedAtMs) * perSecond) / 1000; count++) publishTo(CHANNELS[count % 2]!)
      }, 5)
    },
    stop() {
      if (timer !== null) clearInterval(timer)
      timer = null
    },
    sent: () => sent,
  }
}
