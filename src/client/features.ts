/**
 * Owns what a client can do beside listening: publishing, watch tags and presence, put together. They outlive sessions:
 * what was asked for before `start()` or between two connections waits for one.
 */
import type { PullConfig } from '../config/config'
import type { PullError } from '../core/pull-error'
import type { Platform } from '../platform/platform'
import type { SteadyClock } from '../platform/steady-clock'
import { createAsking } from '../portal/ask'
import type { Portal } from '../portal/portal'
import { type Presence, createPresence } from '../presence/presence'
import { createPublicIds } from '../publish/public-ids'
import { type PublishOptions, type Publisher, createPublisher } from '../publish/publisher'
import type { PullEvent } from '../session/dispatch'
import type { Session } from '../session/session-types'
import { type Watcher, createWatcher } from '../watch/watcher'

export interface FeatureDeps {
  readonly platform: Platform
  readonly clock: SteadyClock
  readonly portal: Portal | null
  readonly portalMs: number
  readonly publish: Required<PublishOptions>
  report(error: PullError): void
  listenerThrew(thrown: unknown, key: string): void
}

export interface Features {
  readonly send: Publisher['send']
  readonly watch: Watcher['watch']
  readonly presence: Presence
  attach(session: Session): void
  stop(error: PullError): void
  received(event: PullEvent): void
  /** How many messages wait, and how many tags are watched. */
  counts(): { readonly queued: number; readonly tags: number }
}

export function createFeatures(deps: FeatureDeps): Features {
  const { platform, clock, portal, portalMs, report } = deps
  const { fetch, page } = platform
  const { ask, stop } = createAsking({ portal, clock, fetch, deadlineMs: portalMs })
  let session: Session | null = null

  const configNow = (): PullConfig | null => session && session.view().config
  const findChannels = createPublicIds({
    ask,
    serverNow: () => platform.clock.now() - ((session && session.view().clockShiftMs) || 0),
    configured: () => (configNow() || { publicChannels: new Map() }).publicChannels,
  })
  const publisher = createPublisher({ clock, limits: deps.publish, findChannels })
  const watcher = createWatcher({ clock, page, ask, report })
  const presence = createPresence({
    ask,
    hasPortal: !!portal,
    findChannels,
    report,
    listenerThrew: deps.listenerThrew,
  })

  return {
    send: publisher.send,
    watch: watcher.watch,
    presence: presence.presence,
    attach(next) {
      session = next
      const { uplink } = next
      uplink.watch(watcher.check)
      publisher.attach(uplink)
      presence.attach(uplink)
      watcher.start()
    },
    stop(error) {
      session = null
      publisher.stop(error)
      presence.stop()
      watcher.stop()
      stop(error)
    },
    received: presence.received,
    counts: () => ({ queued: publisher.waiting, tags: watcher.size }),
  }
}
