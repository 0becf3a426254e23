/** Owns the commands of module `pull` (protocol.md section 8): what each one asks of a session. Pure. */
import type { ChannelSuccessor } from '../config/successor'
import { parseChannelSuccessor } from '../config/successor'

export type SystemCommand =
  /** A channel ended; `successor` is `null` when a new configuration must be fetched. `channelId` is a secret. */
  | { readonly type: 'channel-expired'; readonly channelId: string; readonly successor: ChannelSuccessor | null }
  | { readonly type: 'config-expired' }
  | { readonly type: 'server-restart' }

/** `null`: no command that asks anything of us (`open`, `reopen`, unknown ones). Never throws. */
export function systemCommand(command: string, params: unknown): SystemCommand | null {
  switch (command.toLowerCase()) {
    case 'channel_expire':
      return channelExpired(params)
    case 'config_expire':
      return { type: 'config-expired' }
    case 'server_restart':
      return { type: 'server-restart' }
    default:
      return null
  }
}

function channelExpired(params: unknown): SystemCommand | null {
  const { action, channel, new_channel } = recordOf(params)
  const { id } = recordOf(channel)
  if (typeof id !== 'string' || id === '') return null
  // Matched by id: applications label both of their channels with one type, and a deleted channel's command
  // may carry the portal's shared channel under another label.
  const successor = action === 'reconnect' ? parseChannelSuccessor(new_channel) : null
  return { type: 'channel-expired', channelId: id, successor }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
