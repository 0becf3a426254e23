/** Owns which generation serves a version, and what its storage is limited to. */
import type { HubLimits } from '../hub'
import type { Settings } from '../options'
import type { Generation } from './generation'
import { createNodeServer } from './node-server'
import { createPushStream } from './push-stream'
import type { UserDirectory } from './rpc-methods'
import { createRpcServer } from './rpc-server'

export function chooseGeneration(settings: Settings, users: UserDirectory): Generation {
  const { version } = settings
  switch (version) {
    case 0: // nobody gets to it: queue-door.ts
    case 1:
    case 2:
      return createPushStream(settings)
    case 3:
    case 4:
      return createNodeServer(settings)
    case 5:
      return createRpcServer(settings, users)
    default:
      return version satisfies never
  }
}

export function hubLimits(settings: Settings): HubLimits {
  return {
    firstTag: settings.pushStream === '0.3.4' ? 0 : 1,
    historyTtlMs: settings.historyTtlMs,
    historyCount: settings.version <= 2 ? settings.historyCount : Infinity,
  }
}
