/** Owns what the server's tests share: servers that are closed after each test and have left nothing behind. */
import { afterEach, expect } from 'vitest'
import type { PullServerOptions } from './options'
import { startPullServer, type PullServer } from './server'
import { openWebSocket, type Opened } from './test-client'

/** Call once per test file. The servers hold polls long and gather briefly unless told otherwise. */
export function useServers(defaults: PullServerOptions = {}): (options?: PullServerOptions) => Promise<PullServer> {
  const started: PullServer[] = []
  afterEach(async () => {
    for (const server of started.splice(0)) {
      await server.close()
      expect(server.connections()).toEqual([])
    }
    await expect.poll(() => openSockets(), { interval: 3 }).toEqual([])
  })
  return async (options = {}) => {
    const server = await startPullServer({ pollHoldMs: 10_000, batchWindowMs: 1, ...defaults, ...options })
    started.push(server)
    return server
  }
}

/** Node's names of sockets and listeners this process still holds, the clients' own included. */
function openSockets(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'TCPServerWrap')
}

export const message = (n: number) => ({ module_id: 'im', command: 'message', params: { n } })

/** CHANNEL_ID of a user as a page would send it. */
export function ids(server: PullServer, userId = 1): string {
  const { channels } = server.config(userId)
  return `${channels.private.id}/${channels.shared.id}`
}

/** Opens a WebSocket and waits until the server delivers to it. */
export async function connect(server: PullServer, list = ids(server), extra = ''): Promise<Opened> {
  const before = server.connections().length
  const socket = await openWebSocket(`${server.url}/bitrix/subws/?CHANNEL_ID=${list}${extra}`)
  if (socket.status === 101) await expect.poll(() => server.connections().length, { interval: 3 }).toBe(before + 1)
  return socket
}
