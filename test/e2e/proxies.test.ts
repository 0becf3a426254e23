/** Proxies that get in the way: without `Upgrade`, buffering, compressing, impatient. Real nginx, real Chromium. */
import { describe, expect, it } from 'vitest'
import type { TransportKind } from '../../src/entry'
import type { Front } from './fronts'
import { GENERATIONS, PUSH_SERVER, PUSH_STREAM } from './generations'
import { until } from './until'
import { createWorld } from './world'

const { report, suite, run } = createWorld('proxies')

describe('without the Upgrade headers', suite, () => {
  it('push-stream refuses at once: another transport within 1 s', async (context) => {
    await run(context, { server: PUSH_STREAM.options, front: 'no-upgrade' }, async (site) => {
      const { server, watched, publisher, finish } = site
      await watched.start()
      publisher.start(50)
      const { atMs, skipped } = await watched.untilConnected('sse', 3000)
      const { timeline } = await watched.facts()
      const refused = timeline.find(({ what, transport }) => what === 'lost' && transport === 'websocket')
      expect(skipped).toEqual({ websocket: 'refused' })
      report.add('push-stream 0.4.0, no Upgrade', { 'refused to connected ms': atMs - refused!.atMs })
      expect(atMs - refused!.atMs).toBeLessThan(1000)
      expect(server.log.find(({ path }) => path === '/bitrix/subws/')).toMatchObject({ status: 400 })
      await until('50 messages on each channel', 4000, () => publisher.sent().private.length >= 50)
      await finish({ networkErrors: true })
    })
  })

  // The handshake is answered as a long poll: with nothing for 40 s, or with the next message, which is eaten.
  const moments = ['nothing is published', 'a message is eaten', 'messages go on'] as const
  it.for(moments)('Push server takes the handshake for a long poll, and %s', async (moment, context) => {
    await run(context, { server: PUSH_SERVER.options, front: 'no-upgrade' }, async (site) => {
      const { server, watched, publisher, finish } = site
      await watched.start()
      const handshake = await until('the handshake', 2000, () =>
        server.log.find(({ path, headers }) => path === '/bitrix/subws/' && headers['sec-websocket-key'] !== undefined),
      )
      if (moment === 'a message is eaten') publisher.publish()
      if (moment === 'messages go on') publisher.start(50)
      const { atMs } = await watched.untilConnected('long-polling', 6000)
      report.add(`Push server 2.0, no Upgrade, ${moment}`, { 'handshake to connected ms': atMs - handshake.atMs })
      expect(atMs - handshake.atMs).toBeLessThan(4000)
      const { skipped } = await watched.untilStatus('the reason', 8000, (status) => 'websocket' in status.skipped)
      expect(skipped).toEqual({ websocket: moment === 'nothing is published' ? 'timeout' : 'refused' })
      await until('messages', 4000, () => {
        publisher.publish()
        return publisher.sent().private.length >= 50
      })
      await finish({ networkErrors: true })
    })
  })
})

describe('event streams that are held back', suite, () => {
  const cases = (['defaults', 'gzip'] as const).flatMap((front) => [
    { front, transports: ['sse', 'long-polling'] as TransportKind[] },
    { front, transports: ['websocket', 'sse', 'long-polling'] as TransportKind[] },
  ])
  it.for(cases)('$front, $transports: long polling within 12 s', async ({ front, transports }, context) => {
    await run(context, { server: PUSH_STREAM.options, front }, async ({ watched, publisher, finish }) => {
      const startedAtMs = Date.now()
      await watched.start({ transports })
      publisher.publish()
      const { atMs } = await watched.untilConnected('long-polling', 12_000)
      publisher.publish()
      const { atMs: knownAtMs, skipped } = await watched.untilStatus(
        'the reason',
        startedAtMs + 12_000 - Date.now(),
        (status) => status.skipped.sse !== undefined,
      )
      report.add(`push-stream 0.4.0, ${front}, ${transports.join(' ')}`, {
        'start to connected ms': atMs - startedAtMs,
        'to reason known ms': knownAtMs - startedAtMs,
      })
      expect(skipped).toEqual(transports[0] === 'sse' ? { sse: 'buffered' } : { websocket: 'refused', sse: 'buffered' })
      for (let count = 0; count < 20; count++) publisher.publish()
      await finish({ networkErrors: transports[0] === 'websocket' })
    })
  })

  it('proxy_buffering on with HTTP/1.1 holds nothing back: SSE', async (context) => {
    await run(context, { server: PUSH_STREAM.options, front: 'buffering' }, async ({ watched, publisher, finish }) => {
      await watched.start()
      const { skipped } = await watched.untilConnected('sse', 3000)
      expect(skipped).toEqual({ websocket: 'refused' })
      publisher.start(20)
      await until('messages', 3000, async () => (await watched.messages()).length > 20)
      await finish({ networkErrors: true })
    })
  })

  it.for(['defaults', 'gzip', 'buffering'] as const)('Push server has long polls only: %s', async (front, context) => {
    await run(context, { server: PUSH_SERVER.options, front }, async ({ watched, publisher, finish }) => {
      const startedAtMs = Date.now()
      await watched.start({ transports: ['sse', 'long-polling'] })
      const { atMs } = await watched.untilConnected('long-polling', 2000)
      report.add(`Push server 2.0, ${front}, sse long-polling`, { 'start to connected ms': atMs - startedAtMs })
      publisher.start(20)
      await until('messages', 3000, async () => (await watched.messages()).length > 20)
      await finish()
    })
  })
})

/** The proxy itself ends every connection after 2 s of silence: ten in this time are its doing. */
const IDLE_CUT_MS = 2000
const WATCHED_MS = 20_000
/** Twice what the proxy forces: room for a refused attempt on the way and for looking after a better transport. */
const ATTEMPTS_BOUND = (2 * WATCHED_MS) / IDLE_CUT_MS

describe.each(GENERATIONS)('connections are cut after 2 s of silence: $name', suite, ({ name, options, isNode }) => {
  const front: Front = 'short-timeout'
  const kinds = ['auto' as const, 'long-polling' as const, ...(isNode ? [] : ['sse' as const])]
  const cases = [
    { transport: 'auto' as const, everyMs: Infinity },
    ...kinds.map((transport) => ({ transport, everyMs: 2700 })),
  ]
  it.for(cases)('$transport, a message every $everyMs ms: exact and calm', async ({ transport, everyMs }, context) => {
    await run(context, { server: options, front }, async ({ watched, publisher, attempts, finish }) => {
      await watched.start({ transport })
      await watched.untilConnected(null, 2000)
      const startedAtMs = Date.now()
      let publishedAtMs = startedAtMs
      await until('the end of the watch', WATCHED_MS + 1000, () => {
        if (Date.now() - publishedAtMs >= everyMs) {
          publishedAtMs = Date.now()
          publisher.publish()
        }
        return Date.now() - startedAtMs >= WATCHED_MS
      })
      const count = attempts().length
      const published = publisher.sent().private.length + publisher.sent().shared.length
      const { transports } = await watched.facts()
      report.add(`${name}, ${transport}, idle cut 2 s, message every ${everyMs / 1000} s`, {
        'attempts in 20 s': count,
        'open now': transports.at(-1) ?? 'none',
        'connections lost': transports.filter((kind) => kind === null).length,
      })
      await finish({ networkErrors: true, lastWithinMs: 8000 })
      // A long poll ends with every message as well.
      const answered = transport === 'long-polling' ? published : 0
      expect(count).toBeLessThanOrEqual(ATTEMPTS_BOUND + answered)
    })
  })
})
