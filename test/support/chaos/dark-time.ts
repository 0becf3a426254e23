/**
 * Owns how long nothing came through a proxy: from the cut of a connection that carried traffic to the first bytes of
 * the next good answer. Also counts connections and the busiest second. Fed with the proxy's records.
 */
import type { ProxyRecord } from '../fault-proxy'
import { percentile } from './tally'

export interface DarkFigures {
  /** Cuts that ended something that worked. */
  readonly cuts: number
  readonly darkMedianMs: number | null
  readonly darkP95Ms: number | null
  readonly darkWorstMs: number | null
  /** The same of those after which a handshake was cut as well. */
  readonly handshakeCuts: number
  readonly handshakeMedianMs: number | null
  readonly handshakeP95Ms: number | null
  /** All of them, ms. */
  readonly plainMs: readonly number[]
  readonly withHandshakeMs: readonly number[]
  /** Still dark at the end. */
  readonly darkAtEnd: boolean
  readonly connections: number
  readonly requests: number
  readonly requestsInWorstSecond: number
}

export interface DarkWatch {
  see(record: ProxyRecord): void
  figures(): DarkFigures
}

export function createDarkWatch(): DarkWatch {
  /** What is proven and open. */
  const live = new Set<number>()
  /** What asked and was not answered yet. A poll is like that most of the time, and works. */
  const asked = new Set<number>()
  const plain: number[] = []
  const withHandshake: number[] = []
  const requestsAtMs: number[] = []
  let darkSinceMs: number | null = null
  let handshakeWasCut = false
  let cuts = 0
  let connections = 0

  function lightsOut(record: ProxyRecord, wasWorking: boolean): void {
    live.delete(record.id)
    const wasAsking = asked.delete(record.id)
    if (darkSinceMs !== null) {
      handshakeWasCut ||= wasAsking
      return
    }
    if (!wasWorking || live.size > 0) return
    cuts += 1
    darkSinceMs = record.atMs
    handshakeWasCut = false
  }

  return {
    see(record) {
      const { what, id, atMs, kind } = record
      switch (what) {
        case 'connected':
          connections += 1
          break
        case 'request':
          asked.add(id)
          requestsAtMs.push(atMs)
          break
        case 'proof':
          asked.delete(id)
          live.add(id)
          if (darkSinceMs !== null) (handshakeWasCut ? withHandshake : plain).push(atMs - darkSinceMs)
          darkSinceMs = null
          break
        case 'ended':
          live.delete(id)
          asked.delete(id)
          break
        case 'cut':
        case 'truncate':
        case 'end-after-open':
          lightsOut(record, live.has(id) || (kind === 'http' && asked.has(id)))
          break
        case 'cut-request':
          lightsOut(record, false)
          break
        case 'accept':
        case 'status':
        case 'drop-upgrade':
        case 'duplicate':
        case 'stall':
        case 'half-open':
          break
        default:
          what satisfies never
      }
    },
    figures() {
      const all = [...plain, ...withHandshake]
      return {
        cuts,
        darkMedianMs: percentile(all, 0.5),
        darkP95Ms: percentile(all, 0.95),
        darkWorstMs: percentile(all, 1),
        handshakeCuts: withHandshake.length,
        handshakeMedianMs: percentile(withHandshake, 0.5),
        handshakeP95Ms: percentile(withHandshake, 0.95),
        plainMs: plain,
        withHandshakeMs: withHandshake,
        darkAtEnd: darkSinceMs !== null,
        connections,
        requests: requestsAtMs.length,
        requestsInWorstSecond: busiestSecond(requestsAtMs),
      }
    },
  }
}

export function busiestSecond(sortedAtMs: readonly number[]): number {
  let most = 0
  let from = 0
  sortedAtMs.forEach((atMs, at) => {
    while (atMs - sortedAtMs[from]! >= 1000) from++
    most = Math.max(most, at - from + 1)
  })
  return most
}
