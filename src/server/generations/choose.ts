/** Owns which generation serves a version, and what its storage is limited to. */
import type { HubLimits } from '../hub'
import type { Settings } from '../options'
import type { Generation } from './generation'
import { createNodeServer } from './node-server'
import { createPushStream } from './push-stream'

export function chooseGeneration(settings: Settings): Generation {
  return settings.version <= 2 ? createPushStream(settings) : createNodeServer(settings)
}

export function hubLimits(settings: Settings): HubLimits {
  const pushStream = settings.version <= 2
  return {
    firstTag: settings.pushStream === '0.3.4' ? 0 : 1,
    historyTtlMs: settings.historyTtlMs,
    historyCount: pushStream ? settings.historyCount : Infinity,
  }
}
