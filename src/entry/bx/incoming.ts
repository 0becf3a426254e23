/**
 * Owns what becomes of one event: the portal's custom events first, then the subscribers, each with data of its own.
 */
import type { PullEvent } from '../../session/dispatch'
import type { Core } from './core'
import type { LegacyExtra } from './legacy-types'
import type { Subscribers } from './subscribers'

/** Older news of who is online are no news. */
const ONLINE_LONGEST_S = 240

/** `captured` is told the name of the portal's event, before anybody hears it. */
export function tellIncoming(
  event: PullEvent,
  fire: Core['fire'],
  deliver: Subscribers['deliver'],
  captured: (name: string, ...said: unknown[]) => void,
): void {
  const { module, command, params, sender } = event
  const extra: LegacyExtra = { ...event.extra, server_time_ago: event.extra.server_time_ago || 0 }
  const text = JSON.stringify({ command, params, extra })
  const read = (): { params: unknown; extra: unknown } => JSON.parse(text) as ReturnType<typeof read>
  const tell = (name: string, ...before: unknown[]): void => {
    const copy = read()
    fire(name, before.concat([command, copy.params, copy.extra]))
  }
  const isClient = sender.type === 'client'
  const isOnline = !isClient && module === 'online'
  const name = isOnline ? 'onPullOnlineEvent' : `onPull${isClient ? 'Client' : ''}Event`
  captured(name, module, command, params, extra)
  if (isOnline) {
    if (extra.server_time_ago >= ONLINE_LONGEST_S) return
    tell(name)
  } else {
    tell(`${name}-${module}`)
    tell(name, module)
  }
  deliver(isOnline ? 'online' : isClient ? 'client' : 'server', module, read)
}
