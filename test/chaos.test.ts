/** The chaos rig itself: it must see what is lost, repeated, out of order or dark, and drive other clients than ours. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createDarkWatch } from './support/chaos/dark-time'
import { HABITS } from './support/chaos/habits'
import { isBroken, run } from './support/chaos/run'
import { ourClient, type SubjectFactory } from './support/chaos/subject'
import { createTally, percentile } from './support/chaos/tally'
import { vendorClient } from './support/chaos/vendor-page'
import { TARGETS } from './contract/targets'
import type { ProxyRecord } from './support/fault-proxy'

const SEED = Number(process.env['BX_PULL_SEED'] ?? 11)
const IDEAL = HABITS.find(({ name }) => name === 'ideal')!
const OF_1_0 = TARGETS.find(({ name }) => name === 'push server 1.0, websocket')!

describe('tally', () => {
  test('what a full store threw away before it came is gone, not lost', () => {
    const tally = createTally(2)
    for (const at of [10, 20, 30, 40]) tally.published('private', at)
    tally.published('shared', 50)
    tally.received(1)
    expect(tally.figures([], true)).toMatchObject({ lost: 3, gone: 1, untold: 1, untoldSample: ['2p@20'] })
    expect(tally.figures([{ sinceMs: 15, untilMs: 25 }], true)).toMatchObject({ lost: 3, gone: 1, untold: 0 })
  })
  test('lost, repeated and out of order are counted per channel', () => {
    const tally = createTally()
    for (let at = 0; at < 6; at++) tally.published(at % 2 === 0 ? 'private' : 'shared', at * 10)
    // 3 after 5 is late; 2 after 5 is of the other channel; 4 comes twice; 6 never.
    for (const n of [1, 5, 3, 2, 4, 4]) tally.received(n)
    expect(tally.missing).toBe(1)
    expect(tally.figures([], true)).toEqual({
      published: 6,
      delivered: 5,
      lost: 1,
      repeated: 1,
      outOfOrder: 1,
      gone: 0,
      untold: 0,
      untoldSample: [],
      lostSample: ['6s@50'],
    })
  })

  test('what the server threw away is gone, and untold unless a gap names its time', () => {
    const tally = createTally()
    for (const atMs of [0, 1000, 2000]) tally.published('private', atMs)
    tally.published('shared', 2000)
    tally.thrownAway('private')
    tally.published('private', 3000)
    expect(tally.figures([{ sinceMs: 900, untilMs: 1100 }], true)).toMatchObject({ lost: 2, gone: 3, untold: 2 })
    expect(tally.figures([], false)).toMatchObject({ lost: 0, gone: 5, untold: 5 })
  })

  test('percentiles', () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at)
    expect([percentile(values, 0.5), percentile(values, 0.95), percentile(values, 1), percentile([], 0.5)]).toEqual([
      51,
      96,
      100,
      null,
    ])
  })
})

describe('dark time', () => {
  const seen = (...records: [number, number, ProxyRecord['what'], ProxyRecord['kind']?][]) => {
    const watch = createDarkWatch()
    for (const [atMs, id, what, kind = 'websocket'] of records) watch.see({ atMs, id, what, kind })
    return watch.figures()
  }

  test('from the cut to the next proof, a handshake that was cut in between told apart', () => {
    const figures = seen(
      [0, 1, 'connected'],
      [1, 1, 'request'],
      [2, 1, 'proof'],
      [100, 1, 'cut'],
      [200, 2, 'request'],
      [210, 2, 'proof'],
      [300, 2, 'cut'],
      [400, 3, 'request'],
      [401, 3, 'cut-request'],
      [700, 4, 'request'],
      [750, 4, 'proof'],
    )
    expect(figures).toMatchObject({ cuts: 2, plainMs: [110], withHandshakeMs: [450], darkAtEnd: false })
    expect(figures).toMatchObject({ connections: 1, requests: 4, requestsInWorstSecond: 4 })
  })

  test('a poll that waits works, a handshake does not, and another connection that lives is light', () => {
    expect(seen([1, 1, 'request', 'http'], [50, 1, 'cut', 'http'])).toMatchObject({ cuts: 1, darkAtEnd: true })
    expect(seen([1, 1, 'request'], [50, 1, 'cut'])).toMatchObject({ cuts: 0, darkAtEnd: false })
    expect(seen([1, 1, 'request'], [2, 1, 'proof'], [3, 2, 'request'], [4, 2, 'proof'], [50, 1, 'cut'])).toMatchObject({
      cuts: 0,
      darkAtEnd: false,
    })
  })
})

describe('a run', () => {
  const options = {
    target: OF_1_0,
    habit: IDEAL,
    seed: SEED,
    messages: 200,
    perSecond: 200,
    cutEveryMs: [300, 400] as const,
  }

  test('with our client is exact, and nothing is left open', async () => {
    const figures = await run({ ...options, subject: ourClient })
    expect(figures).toMatchObject({
      published: 200,
      delivered: 200,
      lost: 0,
      repeated: 0,
      outOfOrder: 0,
      failure: null,
    })
    expect(figures.cuts).toBeGreaterThan(0)
    expect(isBroken(figures)).toBe(false)
  })

  test('sees a client that repeats', async () => {
    const repeating: SubjectFactory = (setup) =>
      ourClient({
        ...setup,
        deliver(n) {
          setup.deliver(n)
          if (n === 7) setup.deliver(n)
        },
      })
    const figures = await run({ ...options, messages: 20, subject: repeating })
    expect(figures.repeated).toBe(1)
    expect(isBroken(figures)).toBe(true)
  })

  test('drives a script for pages, as the vendor writes them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bx-pull-'))
    const file = join(folder, 'stand-in.js')
    writeFileSync(file, STAND_IN)
    try {
      const figures = await run({ ...options, subject: vendorClient([file]) })
      expect(figures).toMatchObject({ published: 200, failure: null, errors: {} })
      expect(figures.delivered).toBeGreaterThan(100)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** The least that keeps to the vendor's API: it asks for the last mid. */
const STAND_IN = `
BX.PullClient = function (options) { this.options = options; this.handlers = []; this.query = '' }
BX.PullClient.prototype = {
  subscribe: function (handler) { this.handlers.push(handler) },
  start: function () {
    var client = this
    return this.options.restClient.callMethod('pull.config.get', {}).then(function (answer) {
      client.config = answer.data()
      client.connect()
      return true
    })
  },
  connect: function () {
    var client = this, channels = this.config.channels
    var ids = encodeURIComponent(channels.private.id + '/' + channels.shared.id)
    var socket = this.socket = new WebSocket(this.config.server.websocket + '?CHANNEL_ID=' + ids + this.query)
    socket.onopen = function () { client.open = true }
    socket.onerror = function () {}
    socket.onmessage = function (event) {
      event.data.replace(/#!NGINXNMS!#(.*?)#!NGINXNME!#/g, function (_, text) {
        var message = JSON.parse(text)
        client.query = '&mid=' + message.mid
        client.handlers.forEach(function (handler) {
          if (handler.moduleId === message.text.module_id) handler.callback(message.text.params)
        })
      })
    }
    socket.onclose = function () {
      client.open = false
      if (!client.stopped) setTimeout(function () { client.connect() }, 50)
    }
  },
  isConnected: function () { return !!this.open },
  stop: function () { this.stopped = true; this.socket.close() },
}
`
