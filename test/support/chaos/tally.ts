/**
 * Owns the book of a run: what was published, what came, what the server itself threw away. `figures` compares them.
 * Pure: instants come in.
 */

export type ChannelName = 'private' | 'shared'

export interface Interval {
  readonly sinceMs: number
  readonly untilMs: number
}

export interface DeliveryFigures {
  readonly published: number
  readonly delivered: number
  /** Never came, although the server had it. */
  readonly lost: number
  readonly repeated: number
  /** Came after a later one of its channel. */
  readonly outOfOrder: number
  /** Never came because the server no longer had it. */
  readonly gone: number
  /** Of those gone, published at no time that a `gap` names. */
  readonly untold: number
  /** The first of them. */
  readonly untoldSample: readonly string[]
  /** The first of the lost, with their channel and when they were published: `17p@3120`. */
  readonly lostSample: readonly string[]
}

interface Sent {
  readonly channel: ChannelName
  readonly atMs: number
  kept: boolean
  came: number
  late: boolean
}

export interface Tally {
  /** Answers the number of the message. */
  published(channel: ChannelName, atMs: number): number
  received(n: number): void
  /** The server has thrown away what it stored: what has not come yet may never come. */
  thrownAway(channel?: ChannelName): void
  readonly missing: number
  /** When the first message was published that has not come although it was kept, came twice or out of order. */
  firstTroubleAtMs(): number | null
  /** `serverKeeps` false: it replays nothing on this transport. */
  figures(gaps: readonly Interval[], serverKeeps: boolean): DeliveryFigures
}

/** A gap is told in whole milliseconds, by the client's own clock, and a message takes a moment on its way. */
const GAP_SLACK_MS = 50

/** `keeps`: how many messages of a channel the server stores. */
export function createTally(keeps = Infinity): Tally {
  const sent: Sent[] = []
  const own: Record<ChannelName, Sent[]> = { private: [], shared: [] }
  const newest: Record<ChannelName, number> = { private: 0, shared: 0 }
  let distinct = 0
  let repeated = 0
  let outOfOrder = 0

  return {
    published(channel, atMs) {
      const message: Sent = { channel, atMs, kept: true, came: 0, late: false }
      sent.push(message)
      const overflown = own[channel][own[channel].push(message) - 1 - keeps]
      if (overflown?.came === 0) overflown.kept = false
      return sent.length
    },
    received(n) {
      const message = sent[n - 1]
      if (message === undefined) throw new Error(`Message ${n} was never published`)
      message.came += 1
      if (message.came > 1) {
        repeated += 1
        return
      }
      distinct += 1
      message.late = n < newest[message.channel]
      if (message.late) outOfOrder += 1
      else newest[message.channel] = n
    },
    thrownAway(channel) {
      for (const message of sent) {
        if (message.came === 0 && (channel === undefined || message.channel === channel)) message.kept = false
      }
    },
    get missing() {
      return sent.length - distinct
    },
    firstTroubleAtMs: () => sent.find(({ came, kept, late }) => late || came > 1 || (came === 0 && kept))?.atMs ?? null,
    figures(gaps, serverKeeps) {
      const missing = sent.map((message, index) => ({ ...message, n: index + 1 })).filter(({ came }) => came === 0)
      const lost = missing.filter(({ kept }) => kept && serverKeeps)
      const gone = missing.filter(({ kept }) => !(kept && serverKeeps))
      const isTold = ({ atMs }: Sent): boolean =>
        gaps.some(({ sinceMs, untilMs }) => atMs >= sinceMs - GAP_SLACK_MS && atMs <= untilMs + GAP_SLACK_MS)
      const untold = gone.filter((message) => !isTold(message))
      return {
        published: sent.length,
        delivered: distinct,
        lost: lost.length,
        repeated,
        outOfOrder,
        gone: gone.length,
        untold: untold.length,
        untoldSample: sampleOf(untold),
        lostSample: sampleOf(lost),
      }
    },
  }
}

function sampleOf(messages: readonly (Sent & { readonly n: number })[]): string[] {
  return messages.slice(0, 12).map(({ n, channel, atMs }) => `${n}${channel[0] ?? ''}@${atMs}`)
}

/** The value below which this share of them lies; `null` of none. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null
}

/** Of figures: how many, the median and the 95th percentile. */
export function spread(values: readonly number[]): { count: number; median: number | null; p95: number | null } {
  return { count: values.length, median: percentile(values, 0.5), p95: percentile(values, 0.95) }
}
