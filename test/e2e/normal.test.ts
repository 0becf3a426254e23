/** The normal case in a real browser: direct and behind nginx as sites run it, every transport, payloads of every kind. */
import { describe, expect, it } from 'vitest'
import type { TransportKind } from '../../src/entry'
import { GENERATIONS, PUSH_SERVER, PUSH_STREAM } from './generations'
import { until } from './until'
import { createWorld } from './world'

const { report, suite, run } = createWorld('normal')

/** What breaks careless code: marks of the text framing, separators, signs outside the basic plane, size. */
const TEXTS: Readonly<Record<string, string>> = {
  cyrillic: 'Съешь ещё этих мягких французских булок, да выпей чаю',
  emoji: '👩‍👩‍👧‍👦 🇷🇺 😀\u{1F9D1}\u{1F3FD}‍\u{1F680}',
  marks: 'a#!NGINXNMS!#{"id":1}#!NGINXNME!#b #!NGINXNME!# } " \\ \n \r\n \t </script> %2F + &',
  separators: 'a\u2028b\u2029c\u0000d\u00a0e\ufeff',
  long: 'Ж'.repeat(100_000),
}

const FRONTS = ['direct', 'proper'] as const

describe.each(GENERATIONS)('$name', suite, ({ options, name, isNode }) => {
  const all: TransportKind[] = isNode ? ['websocket', 'long-polling'] : ['websocket', 'sse', 'long-polling']
  const choices = ['auto' as const, ...all].flatMap((transport) => FRONTS.map((front) => ({ transport, front })))

  it.for(choices)('$transport, $front: every event arrives exactly', async ({ transport, front }, context) => {
    await run(context, { server: options, front }, async ({ server, watched, publisher, attempts, finish }) => {
      // What was published before the session is not news. Server times have whole seconds, and a page knows them by half
      // the duration of one request: wait for the second after the next one.
      server.config()
      server.publish({ module_id: 'e2e', command: 'number', params: { on: 'private', n: -1 } })
      const second = Math.floor(Date.now() / 1000)
      await until('a second later', 2200, () => Math.floor(Date.now() / 1000) > second + 1)

      const kind = transport === 'auto' ? 'websocket' : transport
      const startedAtMs = Date.now()
      await watched.start({ transport })
      const connected = await watched.untilConnected(kind, 2000)
      expect(connected.skipped).toEqual({})
      report.add(`${name}, ${transport}, ${front}`, { 'start to connected ms': connected.atMs - startedAtMs })

      for (const [text, value] of Object.entries(TEXTS)) {
        server.publish({ module_id: 'e2e', command: 'text', params: { name: text, text: value } })
      }
      for (let count = 0; count < 50; count++) publisher.publish()
      await finish()

      const got = await watched.messages()
      const texts = got.filter(({ text }) => text !== undefined).map(({ on, text }) => [on, text])
      expect(texts).toEqual(Object.entries(TEXTS))
      expect(got.filter(({ n }) => n < 0)).toEqual([])
      expect(new Set(attempts().map((request) => request.kind))).toEqual(new Set([kind]))
      if (kind !== 'long-polling') expect(attempts()).toHaveLength(1)
      const { transports, statuses } = await watched.facts()
      expect(transports).toEqual([kind, null])
      expect([...new Set(statuses.map(({ status }) => status))]).toEqual(['connecting', 'connected', 'stopped'])
    })
  })

  const forced = all.flatMap((kind) => FRONTS.map((front) => ({ kind, front })))
  it.for(forced)('N7: $kind forced, $front: no other transport is ever opened', async ({ kind, front }, context) => {
    await run(context, { server: options, front }, async ({ server, watched, publisher, attempts, finish }) => {
      await watched.start({ transport: kind })
      await watched.untilConnected(kind, 2000)
      publisher.start(20)
      // A drop, and refusals: a forced transport has nothing to fall back on and must not.
      server.faults.set({ upgradeStatus: 502, sse: 502, poll: 502, times: 2 })
      const cutAtMs = Date.now()
      // Between two polls there is nothing to cut.
      await until('something to cut', 1000, () => server.faults.cut() === 1)
      await until('two refusals', 10_000, () => server.faults.current.times === 0)
      const again = await watched.untilConnected(kind, 5000)
      report.add(`${name}, ${kind} forced, ${front}`, { 'cut and refused twice to connected ms': again.atMs - cutAtMs })
      await finish({ networkErrors: true })
      expect([...new Set(attempts().map((request) => request.kind))]).toEqual([kind])
      expect(new Set((await watched.facts()).transports)).toEqual(new Set([kind, null]))
    })
  })
})

describe('what is not there', suite, () => {
  it('forced SSE on a server without event streams opens nothing else and says why', async (context) => {
    const server = { ...PUSH_SERVER.options, pollHoldMs: 300 }
    await run(context, { server }, async ({ watched, attempts }) => {
      await watched.start({ transport: 'sse' })
      const status = await watched.untilStatus('a reason', 3000, ({ skipped }) => skipped.sse !== undefined)
      expect(status).toMatchObject({ status: 'connecting', transport: null, skipped: { sse: 'not-event-stream' } })
      expect(attempts().every(({ headers }) => headers.accept === 'text/event-stream')).toBe(true)
      await watched.stop()
    })
  })

  it('a runtime without WebSocket goes on with the next transport', async (context) => {
    await run(context, { server: PUSH_STREAM.options }, async ({ opened, watched, finish }) => {
      await opened.page.evaluate('delete window.WebSocket')
      await watched.start()
      const status = await watched.untilConnected('sse', 2000)
      expect(status.skipped).toEqual({ websocket: 'unsupported' })
      await finish()
    })
  })
})
