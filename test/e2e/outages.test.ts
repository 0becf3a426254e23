/** Servers that go down, come back, refuse and hang, while messages are being published. Real nginx, real Chromium. */
import { describe, expect, it } from 'vitest'
import type { FaultSettings } from '../../src/entry/testing'
import { GENERATIONS } from './generations'
import { until } from './until'
import { createWorld } from './world'

const { report, suite, run } = createWorld('outages')
const FRONTS = ['direct', 'proper'] as const

describe.each(GENERATIONS)('the push server is down: $name', suite, ({ name, options, isNode }) => {
  const cases = FRONTS.flatMap((front) => [true, false].map((keepHistory) => ({ front, keepHistory })))
  it.for(cases)('$front, history kept: $keepHistory', async ({ front, keepHistory }, context) => {
    await run(context, { server: options, front }, async ({ server, opened, watched, publisher, finish }) => {
      await watched.start()
      await watched.untilConnected('websocket', 2000)
      publisher.publish()
      await watched.untilDelivered(publisher.sent(), 2000)

      const back = server.restart({ downMs: 2500, keepHistory })
      // Published while the port refuses: only a kept history can have it.
      if (keepHistory) publisher.start(50)
      await watched.untilStatus('the loss', 2000, ({ status }) => status === 'reconnecting')
      await back
      const backAtMs = Date.now()
      // At most one step of the back-off: they have grown to 3 s (and a quarter) by then. push-stream has forgotten its
      // channels together with the history: they are refused once, and the next step is 6 s.
      const isRefused = !keepHistory && !isNode
      const steps = isRefused ? 3750 + 7500 : 3750
      const { atMs, skipped } = await watched.untilStatus(
        'connected over websocket',
        steps + 1000,
        ({ transport }, { timeline }) =>
          transport === 'websocket' && (!isRefused || timeline.some(({ detail }) => detail === 'renewed')),
      )
      report.add(`${name}, ${front}, down 2.5 s, history ${keepHistory ? 'kept' : 'lost'}`, {
        'back to connected ms': atMs - backAtMs,
      })
      expect(skipped).toEqual({})
      publisher.publish()
      if (front === 'proper') expect(opened.networkErrors.some((text) => text.includes('502'))).toBe(true)
      // What the server forgot nobody can know: that it did is told, once.
      const lost = expect.objectContaining({ reason: 'renumbered', certainty: 'suspected' })
      await finish({ networkErrors: true, gaps: keepHistory ? [] : [lost] })
      const { statuses } = await watched.facts()
      const told = statuses.map(({ status }) => status).filter((status, at, all) => status !== all[at - 1])
      // push-stream accepts a handshake before it refuses the channels.
      const blip = isRefused ? ['connected', 'reconnecting'] : []
      expect(told).toEqual(['connecting', 'connected', 'reconnecting', ...blip, 'connected', 'stopped'])
    })
  })
})

interface Refusal {
  readonly fault: string
  readonly settings: FaultSettings
  /** Longest time from the refusal, or from the handshake where there is none, to connected. */
  readonly withinMs: number
  readonly reason: string | undefined
}

const REFUSALS: readonly Refusal[] = [
  { fault: 'refused with 400', settings: { upgradeStatus: 400 }, withinMs: 1000, reason: 'refused' },
  { fault: 'refused with 502', settings: { upgradeStatus: 502 }, withinMs: 1000, reason: 'refused' },
  // Known only after its deadline of 8 s: until then the handshake may still be answered.
  { fault: 'never answered', settings: { upgradeHang: true }, withinMs: 4000, reason: undefined },
]

describe.each(GENERATIONS)('WebSocket handshakes fail: $name', suite, ({ name, options, isNode }) => {
  const fallback = isNode ? 'long-polling' : 'sse'
  const cases = FRONTS.flatMap((front) => REFUSALS.map((refusal) => ({ ...refusal, front })))
  it.for(cases)('$fault, $front: another transport, then WebSocket again', async (refusal, context) => {
    const { fault, settings, withinMs, reason, front } = refusal
    await run(context, { server: options, front }, async ({ server, watched, publisher, finish }) => {
      server.faults.set(settings)
      await watched.start({ timeouts: { probeFirstMs: 1000 } })
      publisher.start(50)
      const { atMs, skipped } = await watched.untilConnected(fallback, 8000)
      const { timeline } = await watched.facts()
      const sought = settings.upgradeHang === true ? 'open' : 'lost'
      const since = timeline.find(({ what, transport }) => what === sought && transport === 'websocket')!
      expect(atMs - since.atMs).toBeLessThan(withinMs)
      expect(skipped.websocket).toBe(reason)

      await until('messages over the other transport', 3000, async () => (await watched.messages()).length > 50)
      server.faults.clear()
      // What hangs, hangs on until its deadline; probes are 1, 2, 4 s apart.
      const clearedAtMs = Date.now()
      const again = await watched.untilConnected('websocket', 16_000)
      report.add(`${name}, ${front}, handshake ${fault}`, {
        [`${settings.upgradeHang === true ? 'handshake' : 'refused'} to connected ms`]: atMs - since.atMs,
        'cleared to WebSocket ms': again.atMs - clearedAtMs,
      })
      expect(again.skipped).toEqual({})
      const change = publisher.sent().private.length
      await until('messages over both, one after the other', 3000, () => publisher.sent().private.length > change + 25)
      await finish({ networkErrors: true })
      expect((await watched.facts()).transports.filter((kind) => kind !== null)).toEqual([fallback, 'websocket'])
    })
  })
})
