/**
 * Owns what becomes of one event: the portal's custom events first, then the subscribers, each with data of its own.
 */
import type { PullEvent } from '../../session/dispatch'
import type { Core } from './core'
import type { LegacyExtra } from './legacy-types'
import type { Subscribers } from './subscribers'

/** Older news of who is online are no news. */
const ONLINE_LONGEST_S = 240

export interface IncomingDeps {
  readonly core: Core
  readonly deliver: Subscribers['deliver']
  /** Told the name of the portal's event, before anybody hears it. */
  captured(name: string, ...said: unknown[]): void
}

export function tellIncoming(event: PullEvent, { core, deliver, captured }: IncomingDeps): void {
  const { module, command, params, sender } = event
  const extra: LegacyExtra = { ...event.extra, server_time_ago: event.extra.server_time_ago || 0 }
  const text = JSON.stringify({ command, params, extra })
  const read = (): { params: unknown; extra: unknown } => JSON.parse(text) as ReturnType<typeof read>
  const fire = (name: string, ...before: string[]): void => {
    const copy = read()
    core.fire(name, before.concat(command, copy.params as string, copy.extra as string))
  }
  const isClient = sender.type === 'client'
  const isOnline = !isClient && module === 'online'
  const name = isOnline ? 'onPullOnlineEvent' : `onPull${isClient ? 'Client' : ''}Event`
  captured(name, module, command, params, extra)
  if (isOnline) {
    if (extra.server_time_ago >= ONLINE_LONGEST_S) return
    fire(name)
  } else {
    fire(`${name}-${module}`)
    fire(name, module)
  }
  deliver(isOnline ? 'online' : isClient ? 'client' : 'server', module, read)
}
