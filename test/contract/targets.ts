/** Owns what the contract is run against: every generation of the local server, each with every transport it has. */
import type { PullServerOptions } from '../../src/entry/testing'
import type { TransportKind } from '../../src/entry/node'

export interface Target {
  readonly name: string
  readonly generation: string
  readonly transport: TransportKind
  readonly server: PullServerOptions
  /** 0.3.4 replays nothing over WebSocket: what is missed there is missed for good, and a `gap` says so. */
  readonly replays: boolean
  /** Whether messages name their channel (0.3.4 and Push server 2.0 do not). */
  readonly namesChannels: boolean
  readonly isPushStream: boolean
}

export const GENERATIONS: readonly { readonly name: string; readonly server: PullServerOptions }[] = [
  { name: 'push-stream 0.3.4', server: { version: 1 } },
  { name: 'push-stream 0.4.0', server: { version: 2, pushStream: '0.4.0' } },
  { name: 'push-stream 0.5.5', server: { version: 2, pushStream: '0.5.5' } },
  { name: 'push server 1.0', server: { version: 3 } },
  { name: 'push server 2.0', server: { version: 4 } },
]

export const TARGETS: readonly Target[] = GENERATIONS.flatMap(({ name, server }) => {
  const isPushStream = server.version === 1 || server.version === 2
  const transports: TransportKind[] = isPushStream
    ? ['websocket', 'sse', 'long-polling']
    : ['websocket', 'long-polling']
  return transports.map((transport) => ({
    name: `${name}, ${transport}`,
    generation: name,
    transport,
    server,
    replays: !(server.version === 1 && transport === 'websocket'),
    namesChannels: server.version === 2 || server.version === 3,
    isPushStream,
  }))
})
