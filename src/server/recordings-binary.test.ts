/**
 * Replays what was recorded of a real Push server 2.0 in binary framing, both ways: responses, refusals and closes must
 * be the same once mids and times are made equal. The expectations were cut from the recordings, not from this server.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PullServer } from './server'
import { signedId } from './signature'
import { useServers } from './test-bench'
import { envelopes, http, openWebSocket, type HttpResult, type Opened } from './test-client'
import { decodeBatch, type Response } from './test-protobuf'

interface Ask {
  readonly method: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly bodyBase64?: string
}

interface Expected {
  readonly status: number
  readonly headers?: Record<string, string>
  /** An answer in text. */
  readonly body?: string
  /** Bodies a connection in text framing received. */
  readonly bodies?: readonly string[]
  readonly responses?: readonly unknown[]
  readonly close?: { readonly code: number; readonly reason: string }
}

interface Case {
  readonly name: string
  readonly kind: 'http' | 'websocket'
  readonly before?: readonly Ask[]
  /** Public ids, or `private:public`, that somebody else has online. */
  readonly online?: readonly string[]
  readonly listeners?: readonly { readonly ask: Ask; readonly expect: Expected }[]
  readonly ask: Ask
  /** Frames the client sends. */
  readonly up?: readonly ({ readonly text: string } | { readonly base64: string })[]
  readonly during?: readonly Ask[]
  readonly expect: Expected
}

const KEY = 'test-secret'
const start = useServers({ version: 4, signatureKey: KEY, pollHoldMs: 150, batchWindowMs: 60 })
const file = new URL('../../test/fixtures/server/push-server-2.0-binary.json', import.meta.url)
const recordings = JSON.parse(readFileSync(file, 'utf8')) as { recording: string; cases: Case[] }[]

describe('push-server-2.0, binary', () => {
  test.each(recordings.map(({ recording, cases }) => [recording, cases] as const))('%s', async (_name, cases) => {
    const server = await start()
    for (const each of cases) await check(server, each)
  })

  test('nothing was left out of the fixture', () => {
    expect(recordings.length).toBe(22)
    expect(recordings.flatMap(({ cases }) => cases).length).toBe(67)
  })
})

async function check(server: PullServer, recorded: Case): Promise<void> {
  for (const ask of recorded.before ?? []) await send(server, ask)
  const others: Opened[] = []
  for (const online of recorded.online ?? []) {
    const [publicId = '', privateId = randomBytes(16).toString('hex')] = online.split(':').reverse()
    const path = `/bitrix/subws/?CHANNEL_ID=${signedId(privateId, publicId, KEY)}`
    others.push(await open(server, { method: 'GET', path }))
  }
  const listeners = recorded.listeners ?? []
  for (const each of listeners) others.push(await open(server, each.ask))
  if (recorded.kind === 'http') await checkHttp(server, recorded)
  else await checkSocket(server, recorded)
  for (const [index, each] of listeners.entries()) {
    const socket = others[(recorded.online ?? []).length + index]!
    await checkReceived(server, each.ask, socket, each.expect, recorded.name)
  }
  for (const socket of others) {
    socket.close()
    await socket.ended
  }
  await expect.poll(() => server.connections().length, { interval: 3 }).toBe(0)
}

async function checkHttp(server: PullServer, recorded: Case): Promise<void> {
  const answering = send(server, recorded.ask)
  if (recorded.during !== undefined) {
    await expect.poll(() => server.connections().length, { interval: 3 }).toBe(1)
    for (const ask of recorded.during) await send(server, ask)
  }
  const answer = await answering
  const { status, headers, responses, body } = recorded.expect
  expect(answer.status, recorded.name).toBe(status)
  expect(comparable(answer.headers), recorded.name).toEqual(headers)
  if (responses === undefined) expect(answer.body, recorded.name).toBe(body)
  else expect(comparableResponses(decodeBatch(answer.bytes)), recorded.name).toEqual(responses)
}

async function checkSocket(server: PullServer, recorded: Case): Promise<void> {
  const socket = await open(server, recorded.ask)
  for (const frame of recorded.up ?? []) {
    socket.socket!.send('text' in frame ? frame.text : Buffer.from(frame.base64, 'base64'))
  }
  for (const ask of recorded.during ?? []) await send(server, ask)
  const { close } = recorded.expect
  if (close === undefined) await checkReceived(server, recorded.ask, socket, recorded.expect, recorded.name)
  else {
    expect(await socket.ended, recorded.name).toEqual(close)
    return
  }
  socket.close()
  await socket.ended
}

/** A last message of our own tells that nothing more was on its way. */
async function checkReceived(
  server: PullServer,
  ask: Ask,
  socket: Opened,
  wanted: Expected,
  name: string,
): Promise<void> {
  // What the client sent has been read once the server answers a ping sent behind it.
  const answered = new Promise((resolve) => socket.socket!.once('pong', resolve))
  socket.socket!.ping()
  await answered
  const channel = /CHANNEL_ID=([0-9a-f]{32})/.exec(ask.path)![1]!
  await send(server, { method: 'POST', path: `/bitrix/pub/?CHANNEL_ID=${channel}`, body: '"the end"' })
  if (!ask.path.includes('binaryMode=true')) {
    const frames = await socket.until((pieces) => pieces.join('').includes('"text":"the end"'))
    const bodies = [...frames.join('').matchAll(/"text":(.*?)\}#!NGINXNME!#/g)].map((match) => match[1])
    expect(bodies, name).toEqual([...wanted.bodies!, '"the end"'])
    return
  }
  const frames = await socket.until((pieces) => pieces.some((piece) => flat(piece).includes('"the end"')))
  const responses = frames.flatMap((frame) => decodeBatch(Buffer.from(frame, 'base64')))
  expect(comparableResponses(responses.slice(0, -1)), name).toEqual(wanted.responses)
}

function flat(frame: string): string[] {
  return decodeBatch(Buffer.from(frame, 'base64')).flatMap((each) =>
    (each.outgoingMessages?.messages ?? []).map((message) => message.body),
  )
}

async function open(server: PullServer, ask: Ask): Promise<Opened> {
  const before = server.connections().length
  const socket = await openWebSocket(server.url + (await filled(server, ask.path)), ask.headers)
  expect(socket.status).toBe(101)
  await expect.poll(() => server.connections().length, { interval: 3 }).toBe(before + 1)
  return socket
}

async function send(server: PullServer, ask: Ask): Promise<HttpResult> {
  const { method, headers, body, bodyBase64 } = ask
  const content = bodyBase64 === undefined ? body : Buffer.from(bodyBase64, 'base64')
  const path = await filled(server, ask.path)
  return http(server.url + path, {
    method,
    ...(headers === undefined ? {} : { headers }),
    ...(content === undefined ? {} : { body: content }),
  })
}

/** `<mid:2>` is the mid of the second message that is stored, read in text framing. */
async function filled(server: PullServer, path: string): Promise<string> {
  const wanted = /<mid:(\d+)>/.exec(path)
  if (wanted === null) return path
  const text = path.replace('&binaryMode=true', '').replace(wanted[0], '0'.repeat(26))
  const { body } = await http(server.url + text)
  return path.replace(wanted[0], envelopes(body)[Number(wanted[1]) - 1]!.mid!)
}

const IGNORED = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])

function comparable(headers: HttpResult['headers']): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (IGNORED.has(name) || (name === 'content-length' && value !== '0')) continue
    kept[name] = name === 'last-message-id' && String(value).length === 26 ? '<mid>' : String(value)
  }
  return kept
}

function comparableResponses(responses: readonly Response[]): unknown[] {
  const mids: string[] = []
  return responses.map((response) => {
    if (response.serverStats !== undefined) {
      expect(Array.isArray(JSON.parse(response.serverStats.json))).toBe(true)
      return { serverStats: { json: '<statistics>' } }
    }
    if (response.outgoingMessages === undefined) return response
    const messages = response.outgoingMessages.messages.map((message) => {
      if (!mids.includes(message.id)) mids.push(message.id)
      return { ...message, id: `<mid ${mids.indexOf(message.id) + 1}>`, created: instant(message.created) }
    })
    return { outgoingMessages: { messages } }
  })
}

function instant(created: number): string {
  if (Math.abs(created - Date.now() / 1000) < 60) return '<seconds>'
  return Math.abs(created - (Date.now() % 4_294_967_296)) < 60_000 ? '<milliseconds>' : String(created)
}
