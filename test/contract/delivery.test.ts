/** Live messages arrive as they were published, once, in order per channel: every generation over every transport. */
import { describe, expect, test, vi } from 'vitest'
import { cut, numbered, scene } from '../support/follow'
import { TARGETS } from './targets'

// Most of the time these tests wait.
vi.setConfig({ maxConcurrency: 13 })

const TEXTS: Readonly<Record<string, string>> = {
  cyrillic: 'Привет, мир! Ёжик',
  emoji: '👩‍👩‍👧‍👦 🎉 𝄞',
  marks: 'a #!NGINXNMS!# b #!NGINXNME!# c }#!NGINXNME!##!NGINXNMS!#{"id":1,"text":{}}',
  dollars: "$& $1 $$ $` $'",
  separators: 'line\u2028paragraph\u2029end',
  controls: 'tab\t new\n return\r quote" back\\slash \u0000',
  'white space': '   \u00a0  ',
  empty: '',
  large: 'Пуш-0123456789-✓ '.repeat(9_310),
}

describe.concurrent.each(TARGETS)(
  '$name',
  ({ server: serverOptions, client, transport, replays, namesChannels, isPushStream }) => {
    test('T1: texts arrive as published', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start(serverOptions)
        const follower = await follow(server, { ...client })
        expect(follower.client.transport).toBe(transport)
        for (const [name, text] of Object.entries(TEXTS)) {
          server.publish({ module_id: 'Contract', command: 'text', params: { name, text } })
        }
        const count = Object.keys(TEXTS).length
        await follower.until(`${count} texts`, () => follower.events.length >= count)
        const got = Object.fromEntries(
          follower.events.map(({ params }) => {
            const { name, text } = params as { name: string; text: string }
            return [name, text]
          }),
        )
        expect(got).toEqual(TEXTS)
        expect(follower.events).toHaveLength(count)
        for (const event of follower.events) {
          expect(event).toMatchObject({ module: 'contract', command: 'text', replayed: false })
          expect(event.extra.server_time_ago).toBeLessThan(3)
          expect(event.id === null).toBe(isPushStream)
        }
      }))

    test('T2: bodies that are no messages are counted, their neighbours are kept, however the JSON is written', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, batchWindowMs: 20 })
        const follower = await follow(server, { ...client, expectErrors: ['bad-frame'] })
        const body = (n: number, indent?: number): string =>
          JSON.stringify({ module_id: 'contract', command: 'odd', params: { n, text: 'a\u2028b' } }, null, indent)
        const bodies = [
          body(1),
          'plain text',
          body(2, 2), // pretty-printed: several lines
          '{"module_id":"contract","command":"cut","par',
          ` \t${body(3)}  `,
          '"a string"',
          '[1,2]',
          body(4).replaceAll(/[,:]/g, (mark) => `${mark}\r\n`),
          'null',
          body(5),
        ]
        for (const each of bodies) server.publishRaw(each)
        const numbers = (): number[] => follower.events.map(({ params }) => (params as { n: number }).n)
        await follower.until('five messages', () => follower.events.length >= 5)
        expect(numbers()).toEqual([1, 2, 3, 4, 5])
        expect(follower.events.map(({ params }) => (params as { text: string }).text)).toEqual(
          Array(5).fill('a\u2028b'),
        )
        await follower.until('five bad ones', () => follower.counters().bad >= 5)
        expect(follower.counters().bad).toBe(5)
        expect(follower.errors.length).toBeGreaterThan(0)
        expect(follower.client.status).toBe('connected')
      }))

    test('T2: what nobody can read is passed: it does not come again, neither with the next message nor after a break', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions })
        const follower = await follow(server, { ...client, expectErrors: ['bad-frame'] })
        const messages = numbered(server)
        messages.publish()
        await messages.check(follower)
        server.publishRaw('plain text')
        await follower.until('a bad one', () => follower.counters().bad > 0)
        messages.publish()
        await messages.check(follower)
        if (replays) {
          await cut(server)
          messages.publish()
          await messages.check(follower)
        }
        expect(follower.counters().bad).toBe(1)
        expect(follower.gaps).toEqual([])
      }))

    test('P9: both channels arrive, each in its order, and the event names its channel where the server does', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, batchWindowMs: 20 })
        const follower = await follow(server, { ...client })
        const messages = numbered(server)
        for (let at = 0; at < 200; at++) messages.publish()
        await messages.check(follower)
        for (const { params, channel } of follower.events) {
          expect(channel).toBe(namesChannels ? (params as { channel: string }).channel : null)
        }
      }))

    test('P9: a message of two channels comes once where it has an identity, and per channel where it has none', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start({ ...serverOptions, batchWindowMs: 20 })
        const follower = await follow(server, { ...client })
        const messages = numbered(server)
        server.publish({ module_id: 'contract', command: 'both', params: {} }, { users: [1], shared: true })
        await messages.check(follower)
        const both = follower.events.filter(({ command }) => command === 'both')
        // push-stream stores two messages, each with a number of its own: nothing says that they are one.
        expect(both).toHaveLength(isPushStream ? 2 : 1)
      }))

    test('a burst of 50 comes in the frames of the server', () =>
      scene(async ({ server: start, follow }) => {
        const server = await start(serverOptions)
        const follower = await follow(server, { ...client })
        // push-stream opens a channel with a message of its own, which comes when the stream stands.
        const framesOfEvents = (): number => {
          const { frames, commands } = follower.counters()
          return frames - commands
        }
        const messages = numbered(server, 'private')
        for (let at = 0; at < 50; at++) messages.publish()
        await follower.until('all 50', () => follower.events.length >= 50)
        const frames = framesOfEvents()
        // Push servers: the first at once, 49 gathered. push-stream: one frame or event each; a poll takes what is there.
        if (transport === 'long-polling') expect(frames).toBeLessThanOrEqual(3)
        else expect(frames).toBe(isPushStream ? 50 : 2)
        await messages.check(follower)
      }))
  },
)

test.concurrent.each(['websocket', 'long-polling'] as const)(
  'V13: %s: a server that does not know format=json sends text, which is read as such',
  (transport) =>
    scene(async ({ server: start, follow }) => {
      const server = await start({ version: 4, batchWindowMs: 20 })
      const follower = await follow(server, { transport, framing: 'json' })
      const messages = numbered(server)
      for (let at = 0; at < 50; at++) messages.publish()
      await follower.until('the first 50', () => follower.events.length >= 50)
      await cut(server)
      await follower.until('the loss', () => follower.counters().lost > 0)
      for (let at = 0; at < 50; at++) messages.publish()
      await messages.check(follower)
      expect(follower.counters().bad).toBe(0)
      const asked = server.log.filter(({ kind }) => kind === transport)
      expect(asked.every(({ query }) => query.includes('format=json'))).toBe(true)
    }),
)
