/** Owns the commands of module `pull`: what each one asks of a session. Pure. */
import { toRecord } from '../portal/foreign-value'
import { type ChannelSuccessor, parseChannelSuccessor } from '../config/successor'

export type SystemCommand =
  /** A channel ended; `successor` is `null` when a new configuration must be fetched. `channelId` is a secret. */
  | { readonly type: 'channel_expire'; readonly channelId: string; readonly successor: ChannelSuccessor | null }
  | { readonly type: 'config_expire' }
  | { readonly type: 'server_restart' }

/** `null`: no command that asks anything of us (`open`, `reopen`, unknown ones). Never throws. */
export function systemCommand(command: string, params: unknown): SystemCommand | null {
  const type = command.toLowerCase()
  if (type === 'config_expire' || type === 'server_restart') return { type }
  if (type !== 'channel_expire') return null
  const { action, channel, new_channel } = toRecord(params)
  const { id } = toRecord(channel)
  if (typeof id !== 'string' || !id) return null
  // Matched by id: applications label both of their channels with one type, and a deleted channel's command
  // may carry the portal's shared channel under another label.
  return { type, channelId: id, successor: action === 'reconnect' ? parseChannelSuccessor(new_channel) : null }
}
