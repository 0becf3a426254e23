/** Owns a portal that is asked for configurations: what it answers, how late, and what its moods do to that. */
import { PullError } from '../../../src/core/pull-error'
import { type Channels, iso } from './virtual-channels'
import type { VirtualClock } from './virtual-clock'
import type { Load } from './virtual-load'
import type { PortalMood, Setup } from './virtual-plan'
import type { VirtualServer } from './virtual-server'

export interface Portal {
  mood: PortalMood
  /** One request of a page. */
  config(load: Load, signal: AbortSignal): Promise<unknown>
}

export interface PortalParts {
  readonly setup: Setup
  readonly clock: VirtualClock
  readonly server: VirtualServer
  readonly channels: Channels
  readonly random: () => number
  readonly secrets: string[]
}

const WAY_MS = 15

export function createPortal({ setup, clock, server, channels, random, secrets }: PortalParts): Portal {
  const portal: Portal = {
    mood: 'ok',
    config(load, signal) {
      load.configsPending++
      return new Promise((resolve, reject) => {
        let isOpen = true
        const end = (settle: () => void): void => {
          if (!isOpen) return
          isOpen = false
          load.configsPending--
          settle()
        }
        signal.addEventListener('abort', () => end(() => reject(new DOMException('aborted', 'AbortError'))))
        const { mood } = portal
        if (mood === 'hangs') return
        clock.after(mood === 'slow' ? 2000 + random() * 6000 : WAY_MS, () => {
          if (!isOpen || !load.isAlive) return
          const value = mood === 'garbage' ? { server: {} } : answer()
          load.time.deliver(WAY_MS, () => {
            if (mood === 'fails') end(() => reject(new TypeError('fetch failed')))
            // A first answer that cannot be used is final, which is no use here.
            else if (mood === 'garbage' && !load.hasBegun)
              end(() => reject(new PullError('config-unavailable', 'Again.', { retryable: true })))
            else end(() => resolve(value))
          })
        })
      })
    },
  }
  return portal

  function answer(): object {
    const { version, isNode } = server
    const [own, shared] = [channels.current('private'), channels.current('shared')]
    if (!isNode) [own, shared].forEach(({ id }) => server.allow(id))
    const config: Record<string, unknown> = {
      server: {
        version,
        server_enabled: true,
        mode: 'personal',
        long_polling: 'http://push.example/sub/',
        websocket_enabled: true,
        websocket: 'ws://push.example/subws/',
        ...(setup.ownStream && !isNode ? { sse: 'http://push.example/sse/' } : {}),
      },
      channels: { private: own.raw, shared: shared.raw },
      serverTime: iso(clock.now()),
    }
    if (version === 5) {
      const token = `token${channels.hex(24)}`
      secrets.push(token)
      server.issue(token, [own.id, shared.id])
      config['jwt'] = token
      config['exp'] = Math.floor(clock.now() / 1000) + setup.channelSeconds
    }
    return config
  }
}
