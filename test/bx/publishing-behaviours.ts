/** Owns the behaviours of members that need a server which takes messages: the local one, over real connections. */
import { expect } from 'vitest'
import { install } from '../../src/entry/bx/install'
import type { LegacyOptions, LegacyPullClient, LegacyPullClientConstructor } from '../../src/entry/bx/legacy-types'
import { standardParts } from '../../src/entry/parts'
import { nodePlatform } from '../../src/platform/node'
import { type PullServer, startPullServer } from '../../src/entry/testing'
import { until } from '../e2e/until'
import type { RestCall } from './fake-core'

interface Pages {
  readonly server: PullServer
  readonly calls: RestCall[]
  /** A page of a user, started and connected. */
  open(userId: number, options?: LegacyOptions): Promise<LegacyPullClient>
}

/** Two generations that take messages. */
export async function onEachServer(run: (pages: Pages, version: 4 | 5) => Promise<void>): Promise<void> {
  for (const version of [4, 5] as const) {
    const server = await startPullServer({ version })
    const clients: LegacyPullClient[] = []
    const calls: RestCall[] = []
    try {
      await run({ server, calls, open }, version)
    } finally {
      clients.forEach((client) => client.stop())
      await server.close()
    }

    async function open(userId: number, options: LegacyOptions = {}): Promise<LegacyPullClient> {
      const root: { BX?: Record<string, unknown> } = {}
      install(
        root,
        null,
        standardParts(() => ({ ...nodePlatform(), console: null })),
      )
      const PullClient = root.BX?.['PullClient'] as LegacyPullClientConstructor
      const restClient = {
        async callMethod(method: string, params: object = {}, _done?: unknown, _sent?: unknown, logTag?: unknown) {
          calls.push({ method, params: params as Record<string, unknown>, logTag })
          const answer = await ask(server, userId, method, params)
          const error = answer['error'] ? { getError: () => answer } : null
          const result = { data: () => answer['result'], error: () => error }
          if (error) throw result
          return result
        },
      }
      const client = new PullClient({ userId, restClient, ...options })
      clients.push(client)
      await client.start()
      return client
    }
  }
}

async function ask(
  server: PullServer,
  userId: number,
  method: string,
  params: object,
): Promise<Record<string, unknown>> {
  if (method === 'pull.config.get') return { result: server.config(userId) }
  const body = new URLSearchParams({ sessid: 'x' })
  Object.entries(params).forEach(([name, value]) => {
    if (Array.isArray(value)) value.forEach((one, at) => body.set(`${name}[${at}]`, String(one)))
    else body.set(name, String(value))
  })
  const response = await fetch(`${server.url}/rest/${method}.json`, { method: 'POST', body })
  return (await response.json()) as Record<string, unknown>
}

type Behaviour = () => Promise<void>

export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  sendMessage: () =>
    onEachServer(async ({ open }, version) => {
      const [sender, receiver] = [await open(1), await open(2)]
      const got: unknown[] = []
      receiver.subscribe({ type: 'client', moduleId: 'im', command: 'typing', callback: (...args) => got.push(args) })
      const sent = sender.sendMessage(['2'], 'im', 'typing', { n: version }, 60)
      await expect(sent).resolves.toBeDefined()
      await until('the message', 3000, () => got.length > 0)
      const extra = expect.objectContaining({ sender: expect.objectContaining({ type: 1 }) })
      expect(got).toEqual([[{ n: version }, extra, 'typing', { type: 'client', moduleId: 'im' }]])
      expect(() => sender.sendMessage(2 as never, 'im', 'typing')).toThrow(TypeError)
    }),
  setPublicIds: () =>
    onEachServer(async ({ open, server, calls }, version) => {
      const [sender, receiver] = [await open(1), await open(2)]
      const got: unknown[] = []
      receiver.subscribe({ type: 'client', moduleId: 'im', callback: ({ params }) => got.push(params) })
      sender.setPublicIds(Object.values(server.config(2).publicChannels || {}))
      await sender.sendMessage([2], 'im', 'typing', { n: 1 })
      await until('the message', 3000, () => got.length > 0)
      expect(calls.filter(({ method }) => method !== 'pull.config.get')).toEqual([])
      // Another user has to be asked for, by the name that calls have for it.
      if (version === 5) return
      const caller = await open(1, { getPublicListMethod: 'im.call.channel.public.list' })
      await caller.sendMessage([2], 'im', 'typing', { n: 2 })
      expect(calls.at(-1)).toEqual({
        method: 'im.call.channel.public.list',
        params: { users: [2] },
        logTag: undefined,
      })
    }),
  getUsersLastSeen: () =>
    onEachServer(async ({ open, calls }, version) => {
      const client = await open(1)
      const seen = await client.getUsersLastSeen([1])
      expect(Object.keys(seen)).toEqual(['1'])
      const asked = calls.filter(({ method }) => method === 'pull.api.user.getLastSeen').map(({ params }) => params)
      expect(asked).toEqual(version === 5 ? [] : [{ userIds: [1], sendToQueueSever: true }])
      expect(() => client.getUsersLastSeen(['1'] as never)).toThrow(TypeError)
    }),
}
