import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import type { Codec, Frame } from '../codec/codec'
import { PullError } from '../core/pull-error'
import type { FetchLike } from '../platform/platform'
import { type Route, createUplink } from './uplink'

/** Frames that can be read by eye: what went up, and nothing else, matters here. */
const codec: Codec = {
  decode: () => [{ type: 'answer', id: null, outcome: { result: ['posted'] } }],
  call: (calls) => calls.map(({ id, method }) => `${id} ${method}`).join(', '),
  publish: (messages) => new ArrayBuffer(messages.length),
  channelStats: (channels) => new ArrayBuffer(channels.length),
}
const RPC: Route = { via: 'rpc', linkId: 1, codec }
const SOCKET: Route = { via: 'socket', linkId: 1, codec }
const POST: Route = { via: 'post', url: 'https://portal.example/rest/', codec }
const CHANNEL = { id: 'a'.repeat(32), signature: 'b'.repeat(40) }
const MESSAGE = { receivers: [CHANNEL], body: '{}', expiry: 0 }

function scene(first: Route, fetch: FetchLike | null = null) {
  const clock = createFakeClock()
  const sent: [number, Frame][] = []
  const world = { route: first, isOpen: true }
  const uplink = createUplink({
    clock,
    fetch,
    timeouts: { requestMs: 5000 },
    route: () => world.route,
    send: (linkId, frame) => world.isOpen && !!sent.push([linkId, frame]),
  })
  return { clock, sent, world, uplink }
}
const failure = (promise: Promise<unknown>): Promise<[string, boolean]> =>
  promise.then(
    () => ['none', false],
    (error: PullError) => [error.code, error.retryable],
  )

describe('JSON-RPC', () => {
  test('V6: answers are matched by id, in any order', async () => {
    const { uplink, sent, clock } = scene(RPC)
    const [first, second] = [uplink.call('a', {}), uplink.call('b', {})]
    uplink.answered(1, { type: 'answer', id: 2, outcome: { result: 'B' } })
    uplink.answered(1, { type: 'answer', id: 9, outcome: { result: 'nobody asked' } })
    uplink.answered(1, { type: 'answer', id: 1, outcome: { result: 'A' } })
    expect(await Promise.all([first, second])).toEqual(['A', 'B'])
    expect([sent, clock.timers]).toEqual([
      [
        [1, '1 a'],
        [1, '2 b'],
      ],
      0,
    ])
  })
  test('V6: a batch is one frame with an outcome for each', async () => {
    const { uplink, sent } = scene(RPC)
    const outcomes = uplink.callAll([['a', {}], ['b', {}]]) // prettier-ignore
    uplink.answered(1, { type: 'answer', id: 1, outcome: { result: 1 } })
    uplink.answered(1, { type: 'answer', id: 2, outcome: { error: { code: -32601, message: 'secret words' } } })
    expect(sent).toEqual([[1, '1 a, 2 b']])
    expect(await outcomes[0]).toBe(1)
    const error = (await outcomes[1]!.catch((thrown: unknown) => thrown)) as PullError
    expect(error).toMatchObject({ code: 'server-refused', retryable: false, facts: { rpcCode: -32601 } })
    expect(error.message).not.toContain('secret')
  })
  test('V6: without an answer it fails in time', async () => {
    const { uplink, clock } = scene(RPC)
    const failed = failure(uplink.call('a', {}))
    await clock.advance(4999)
    expect(clock.timers).toBe(1)
    await clock.advance(1)
    expect(await failed).toEqual(['no-answer', true])
  })
  test('V6: what waits over a link that ends fails, the rest does not', async () => {
    const { uplink, world } = scene(RPC)
    const lost = failure(uplink.call('a', {}))
    world.route = { ...RPC, linkId: 2 }
    const kept = uplink.call('b', {})
    uplink.linkEnded(1)
    expect(await lost).toEqual(['not-connected', true])
    uplink.answered(2, { type: 'answer', id: 2, outcome: { result: 'B' } })
    expect(await kept).toBe('B')
  })
  test('V6: a socket that takes nothing any more, no connection, and a server that cannot', async () => {
    const { uplink, world, clock } = scene(RPC)
    world.isOpen = false
    expect(await failure(uplink.call('a', {}))).toEqual(['not-connected', true])
    world.route = { via: 'wait' }
    expect(await failure(uplink.call('a', {}))).toEqual(['not-connected', true])
    world.route = { via: 'never', error: new PullError('not-supported', 'no') }
    expect(await failure(uplink.call('a', {}))).toEqual(['not-supported', false])
    expect(clock.timers).toBe(0)
  })
  test('stopping ends what waits', async () => {
    const { uplink, clock } = scene(RPC)
    const failed = failure(uplink.call('a', {}))
    uplink.stop(new PullError('stopped', 'over'))
    expect([await failed, clock.timers]).toEqual([['stopped', false], 0])
  })
})

describe('version 4', () => {
  test('over the WebSocket nothing confirms a message; statistics are answered in the order of the questions', async () => {
    const { uplink, sent } = scene(SOCKET)
    expect(await uplink.publish([MESSAGE, MESSAGE])).toBe(false)
    const [first, second] = [uplink.channelStats([CHANNEL]), uplink.channelStats([CHANNEL, CHANNEL])]
    for (const isOnline of [true, false]) {
      uplink.answered(1, { type: 'answer', id: null, outcome: { result: [{ id: CHANNEL.id, isOnline }] } })
    }
    expect(await Promise.all([first, second])).toEqual([
      [{ id: CHANNEL.id, isOnline: true }],
      [{ id: CHANNEL.id, isOnline: false }],
    ])
    expect(sent.map(([, frame]) => (frame as ArrayBuffer).byteLength)).toEqual([2, 1, 2])
  })
  test('a POST has no header that would cost a preflight, and its answer counts', async () => {
    const asked: [string, RequestInit | undefined][] = []
    const { uplink, clock } = scene(POST, (url, init) => {
      asked.push([url, init])
      return Promise.resolve(new Response('{}', { status: 200 }))
    })
    expect([await uplink.publish([MESSAGE]), await uplink.channelStats([CHANNEL])]).toEqual([true, ['posted']])
    expect(asked[0]![0]).toBe('https://portal.example/rest/')
    expect(asked[0]![1]).toMatchObject({ method: 'POST', credentials: 'same-origin' })
    expect(asked[0]![1]!.headers).toBeUndefined()
    expect(clock.timers).toBe(0)
  })
  test.each([
    [400, ['server-refused', false]],
    [502, ['server-refused', true]],
    [429, ['server-refused', true]],
  ])('a POST refused with %i', async (status, outcome) => {
    const { uplink } = scene(POST, () => Promise.resolve(new Response('secret words', { status })))
    expect(await failure(uplink.publish([MESSAGE]))).toEqual(outcome)
  })
  test('a POST that is not answered is given up; stopping ends it at once', async () => {
    const hang: FetchLike = (_url, init) =>
      new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(new Error('aborted'))))
    const { uplink, clock } = scene(POST, hang)
    const late = failure(uplink.publish([MESSAGE]))
    await clock.advance(5000)
    expect(await late).toEqual(['no-answer', true])
    const stopped = failure(uplink.publish([MESSAGE]))
    uplink.stop(new PullError('stopped', 'over'))
    expect([await stopped, clock.timers]).toEqual([['stopped', false], 0])
  })
})

test('whoever watches is told of changes until it does not want to', () => {
  const { uplink } = scene(RPC)
  let told = 0
  const unwatch = uplink.watch(() => told++)
  uplink.changed()
  unwatch()
  uplink.changed()
  expect(told).toBe(1)
})
