/** Owns a page for tests of the facade: a fake core, a fake push-stream server, a virtual clock. */
import { PUSH_STREAM_SERVER } from '../support/config-sample'
import { type FakeNetwork, createFakeNetwork } from '../support/fake-network'
import { type FakePlatform, createFakePlatform, seededRandom } from '../support/fake-platform'
import type { Root } from '../../src/entry/bx/core'
import { install } from '../../src/entry/bx/install'
import type { LegacyPullClient, LegacyPullClientConstructor } from '../../src/entry/bx/legacy-types'
import { standardParts } from '../../src/entry/parts'
import { type FakeCore, createFakeCore } from './fake-core'

export const CHANNEL = 'a'.repeat(32)

export interface LegacyWorld {
  readonly root: Root
  readonly core: FakeCore
  readonly platform: FakePlatform
  readonly network: FakeNetwork
  readonly PullClient: LegacyPullClientConstructor
  /** `BX.PULL`. */
  readonly client: LegacyPullClient
  config(): Record<string, unknown>
  publish(module_id: string, command: string, params?: unknown, extra?: object): void
  advance(ms: number): Promise<void>
}

export interface WorldOptions {
  readonly phrases?: Record<string, unknown> | null
  readonly attributes?: Readonly<Record<string, string>>
  readonly prepare?: (world: { platform: FakePlatform; root: Root }) => void
}

export function createLegacyWorld({ phrases = {}, attributes = {}, prepare }: WorldOptions = {}): LegacyWorld {
  const platform = createFakePlatform()
  const network = createFakeNetwork(platform.clock, seededRandom(2))
  platform.fetch = network.fetch
  platform.webSocket = network.webSocket
  network.allow(CHANNEL)
  const core = createFakeCore({ USER_ID: '7', SITE_ID: 's1', pull_server_enabled: 'Y', ...phrases })
  const root: Root = phrases ? { BX: core.bx } : {}
  prepare?.({ platform, root })
  core.answers['pull.config.get'] = () => world.config()
  install(
    root,
    { getAttribute: (name) => attributes[name] ?? null },
    standardParts(() => platform),
  )
  const bx = root.BX as { PULL: LegacyPullClient; PullClient: LegacyPullClientConstructor }
  const world: LegacyWorld = {
    root,
    core,
    platform,
    network,
    PullClient: bx.PullClient,
    client: bx.PULL,
    config: () => ({
      server: PUSH_STREAM_SERVER,
      api: { revision_web: 19 },
      channels: { private: { id: CHANNEL, type: 'private' } },
      serverTime: new Date(platform.clock.now()).toISOString(),
    }),
    publish: (module_id, command, params = {}, extra = {}) =>
      void network.publish(CHANNEL, {
        module_id,
        command,
        params,
        extra: { server_time_unix: platform.clock.now() / 1000, ...extra },
      }),
    advance: (ms) => platform.clock.advance(ms),
  }
  return world
}
