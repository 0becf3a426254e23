/** Owns what the contract is run against: every generation of the local server, each with every transport it has. */
import type { PullServerOptions } from '../../src/entry/testing'
import type { PullClientOptions, TransportKind } from '../../src/entry/node'

export interface Target {
  readonly name: string
  readonly generation: string
  readonly transport: TransportKind
  readonly server: PullServerOptions
  /** What the client is told: the transport is forced. */
  readonly client: Pick<PullClientOptions, 'transport' | 'framing'>
  /** 0.3.4 replays nothing over WebSocket: what is missed there is missed for good, and a `gap` says so. */
  readonly replays: boolean
  /** Whether messages name their channel (0.3.4 and Push server 2.0 do not). */
  readonly namesChannels: boolean
  readonly isPushStream: boolean
}

interface Spoken {
  readonly name: string
  readonly server: PullServerOptions
  readonly framing?: NonNullable<PullClientOptions['framing']>
}

export const GENERATIONS: readonly Spoken[] = [
  { name: 'push-stream 0.3.4', server: { version: 1 } },
  { name: 'push-stream 0.4.0', server: { version: 2, pushStream: '0.4.0' } },
  { name: 'push-stream 0.5.5', server: { version: 2, pushStream: '0.5.5' } },
  { name: 'push server 1.0', server: { version: 3 } },
  { name: 'push server 2.0', server: { version: 4 } },
  { name: 'push server 2.0, text', server: { version: 4 }, framing: 'text' },
  { name: 'push server 2.0, json', server: { version: 4, jsonArray: true }, framing: 'json' },
  { name: 'push server 3.0', server: { version: 5 } },
]

export const TARGETS: readonly Target[] = GENERATIONS.flatMap(({ name, server, framing = 'auto' }) => {
  const isPushStream = server.version === 1 || server.version === 2
  const transports: TransportKind[] = isPushStream
    ? ['websocket', 'sse', 'long-polling']
    : server.version === 5
      ? ['websocket']
      : ['websocket', 'long-polling']
  return transports.map((transport) => ({
    name: `${name}, ${transport}`,
    generation: name,
    transport,
    server,
    client: { transport, framing },
    replays: !(server.version === 1 && transport === 'websocket'),
    namesChannels: server.version === 2 || server.version === 3,
    isPushStream,
  }))
})
