/** The contract in a real browser: every generation of the server over every transport it has, and behind nginx. */
import { describe, expect, it } from 'vitest'
import { startPullServer } from '../../src/entry/testing'
import { TARGETS, type Target } from '../contract/targets'
import { createFiles } from './files'
import type { Site, Visitor } from './site'
import { until } from './until'
import type { Message, Watched } from './watched'
import { createWorld } from './world'

const { report, suite, run } = createWorld('contract')

const CLOUD = TARGETS.filter(({ generation }) => generation === 'push server 2.0').map((target): Target => ({
  ...target,
  name: `the cloud, ${target.transport}`,
  server: { version: 4, mode: 'shared' },
}))
const DIRECT = [...TARGETS, ...CLOUD].map((target) => ({ ...target, front: 'direct' as const }))
const BEHIND_NGINX = TARGETS.filter(({ server: { version = 0 }, client: { framing } }) => {
  return version >= 3 && framing === 'auto'
}).map((target) => ({ ...target, front: 'proper' as const }))

/** 200 KB of UTF-8. */
const LARGE = 'Пуш-0123456789-✓ '.repeat(9_310)

describe('every generation, every transport', suite, () => {
  it.for([...DIRECT, ...BEHIND_NGINX])('$name, $front', async (target, context) => {
    const { name, server: options, client, transport, replays, front } = target
    await run(context, { server: options, front }, async (site) => {
      // 0.3.4 replays nothing over WebSocket: a poll fetches what was missed, where polls are allowed.
      const startedAtMs = Date.now()
      await site.watched.start(replays ? client : { ...client, transport: 'auto' })
      const connected = await site.watched.untilConnected(transport, 3000)
      const receivedMs = await burst(site, target)
      await large(site)
      await oddBodies(site)
      const isOnline = options.version === 5 ? await watchPresence(site) : null
      await cut(site, target)
      const publishes = (options.version ?? 0) >= 4
      const sentMs = publishes ? await betweenPages(site, target, isOnline) : null
      // Chromium has no word for the end of a WebSocket that stood.
      await site.finish({ networkErrors: transport !== 'websocket', errors: ['bad-frame'] })
      expect(new Set((await site.watched.facts()).transports)).toEqual(new Set([transport, null]))
      if (!replays) expect(site.attempts().map(({ kind }) => kind)).toContain('long-polling')
      report.add(`${name}, ${front}`, {
        'start to connected ms': connected.atMs - startedAtMs,
        'publish to receive ms': receivedMs,
        ...(sentMs === null ? {} : { 'send to receive ms': sentMs }),
      })
    })
  })

  it('no queue server: the portal is polled', async (context) => {
    await run(context, { server: { version: 0 } }, async (site) => {
      const { watched, publisher } = site
      const startedAtMs = Date.now()
      // The step between two polls is a minute, and 10 s after news.
      await watched.start({ faster: 30 })
      const connected = await watched.untilConnected('interval-polling', 2000)
      const publishedAtMs = Date.now()
      publisher.publish()
      await watched.untilDelivered(publisher.sent(), 5000)
      for (let count = 0; count < 50; count++) publisher.publish()
      await large(site)
      await site.finish()
      report.add('no queue server, a clock that runs 30 times as fast', {
        'start to connected ms': connected.atMs - startedAtMs,
        'publish to receive ms': (await firstMessage(watched)).atMs - publishedAtMs,
      })
    })
  })
})

describe('publishing from a page of another origin', suite, () => {
  const publishing = TARGETS.filter(({ server: { version = 0 } }) => version >= 4)
  it.for(publishing)('$name: no preflight', async (target, context) => {
    const { server, client, transport } = target
    const files = createFiles()
    const pages = await startPullServer({ handler: files.serve })
    try {
      await run(context, { server, files }, async (site) => {
        const other = await site.visit()
        const people = [site, other]
        for (const [at, { opened, watched }] of people.entries()) {
          await opened.page.goto(`${pages.url}/`)
          await watched.start({ ...client, config: `${site.server.configUrl}?userId=${at + 1}` })
          await watched.untilConnected(transport, 3000)
        }
        await send(site, other, 2, 'to 2', client.framing)
        await send(other, site, 1, 'to 1', client.framing)
        await site.finish()
        const { log } = site.server
        expect(log.filter(({ method }) => method === 'OPTIONS')).toEqual([])
        expect(log.filter(({ kind }) => kind === 'publish')).toHaveLength(isPosted(target) ? 2 : 0)
      })
    } finally {
      await pages.close()
    }
  })
})

/** 50 messages come in the frames of the server. The answer: how long the first one took, ms. */
async function burst({ watched, publisher }: Site, { transport, isPushStream }: Target): Promise<number> {
  const publishedAtMs = Date.now()
  for (let count = 0; count < 50; count++) publisher.publishTo('private')
  await until('all 50', 5000, async () => (await watched.messages()).length >= 50, watched.facts)
  const { frames, commands } = await watched.counters()
  // push-stream opens a channel with a message of its own, a command, which comes when the stream stands. Push servers:
  // the first at once, 49 gathered. push-stream: one frame or event each; a poll takes what is there.
  if (transport === 'long-polling') expect(frames - commands).toBeLessThanOrEqual(3)
  else expect(frames - commands).toBe(isPushStream ? 50 : 2)
  return (await firstMessage(watched)).atMs - publishedAtMs
}

async function large({ server, watched }: Site): Promise<void> {
  server.publish({ module_id: 'e2e', command: 'text', params: { name: 'large', text: LARGE } })
  const isThere = `watched.messages.some(({ on }) => on === 'large')`
  await until('the large one', 5000, () => watched.ask<boolean>(isThere), watched.facts)
  // Taken off the list, which is read again and again, and slowly with a text of this size in it.
  expect(await watched.ask('watched.messages.pop()')).toMatchObject({ on: 'large', text: LARGE })
}

/** Bodies that are no messages are counted, their neighbours are kept, however the JSON is written. */
async function oddBodies({ server, watched }: Site): Promise<void> {
  const body = (name: string, indent?: number): string =>
    JSON.stringify({ module_id: 'e2e', command: 'text', params: { name, text: 'a\u2028b' } }, null, indent)
  const bodies = [
    body('plain'),
    'plain text',
    body('pretty-printed', 2),
    '{"module_id":"e2e","command":"text","par',
    ` \t${body('white space')}  `,
    '"a string"',
    '[1,2]',
    'null',
    body('last'),
  ]
  for (const each of bodies) server.publishRaw(each)
  await until('the last of them', 5000, async () => (await watched.messages()).at(-1)?.on === 'last', watched.facts)
  const names = (await watched.messages()).slice(-4).map(({ on, text }) => [on, text])
  expect(names).toEqual(['plain', 'pretty-printed', 'white space', 'last'].map((on) => [on, 'a\u2028b']))
  expect((await watched.counters()).bad).toBe(5)
}

/** What is published while nothing is connected comes afterwards, on both channels. */
async function cut({ server, watched, publisher }: Site, { transport }: Target): Promise<void> {
  // Chromium itself repeats a request whose connection was closed without an answer, and tells nobody.
  if (transport === 'long-polling') server.faults.set({ poll: 502, times: 1 })
  // Between two polls there is nothing to cut. In the same breath: nothing can reconnect in between.
  await until('something to cut', 2000, () => {
    if (server.faults.cut() === 0) return false
    for (let count = 0; count < 10; count++) publisher.publish()
    return true
  })
  await watched.untilDelivered(publisher.sent(), 8000)
  await watched.expectExactly(publisher.sent())
  expect((await watched.counters()).lost).toBeGreaterThan(0)
}

/** Told before the connection is cut, so that the next connection has to ask again. Ends with how to see it. */
async function watchPresence({ watched }: Site): Promise<() => Promise<boolean[]>> {
  await watched.ask('(watched.online = []), watched.client.presence.watch(2, (is) => watched.online.push(is)), null')
  return () => watched.ask<boolean[]>('watched.online')
}

/** User 2 comes, both write to each other, user 2 goes. The answer: how long a message took, ms, from page to page. */
async function betweenPages(site: Site, target: Target, isOnline: (() => Promise<boolean[]>) | null): Promise<string> {
  const { client, transport, server } = target
  const other = await site.visit()
  await other.watched.start({ ...client, config: '/rest/pull.config.get.json?userId=2' })
  await other.watched.untilConnected(transport, 3000)
  if (isOnline) await until('user 2 is there', 3000, async () => String(await isOnline()) === 'true', isOnline)
  const times = [await send(site, other, 2, 'to 2', client.framing), await send(other, site, 1, 'to 1', client.framing)]
  const posts = site.server.log.filter(({ kind }) => kind === 'publish')
  const { host } = new URL(site.origin)
  expect(posts.map(({ method, status, headers }) => [method, status, headers.host])).toEqual(
    isPosted(target) ? Array(2).fill(['POST', 200, host]) : [],
  )
  expect(times.map(({ confirmed }) => confirmed)).toEqual(Array(2).fill(isPosted(target) || server.version === 5))
  if (isOnline) {
    await other.watched.stop()
    await until('user 2 is gone', 3000, async () => String(await isOnline()) === 'true,false', isOnline)
  }
  return times.map(({ tookMs }) => tookMs).join('/')
}

/** Version 4 takes what pages send over a binary WebSocket, else by POST. */
function isPosted({ client, transport }: Target): boolean {
  return transport === 'long-polling' || client.framing !== 'auto'
}

interface Sent {
  readonly confirmed: boolean
  readonly tookMs: number
}

async function send(
  from: Visitor,
  to: Visitor,
  user: number,
  name: string,
  framing: Target['client']['framing'] = 'auto',
): Promise<Sent> {
  const text = 'ёлка 🎄 #!NGINXNMS!#'
  const { atMs, confirmed } = await from.watched.send({
    to: { users: [user] },
    module: 'e2e',
    command: 'text',
    params: { name, text },
  })
  const got = await until(
    `the message ${name}`,
    3000,
    async () => (await to.watched.messages()).find(({ on }) => on === name),
    to.watched.facts,
  )
  expect(got).toMatchObject({ text, sender: framing === 'auto' ? 'client' : 'unknown' })
  return { confirmed, tookMs: got.atMs - atMs }
}

async function firstMessage(watched: Watched): Promise<Message> {
  return (await watched.messages())[0]!
}
