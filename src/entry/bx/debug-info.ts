/** Owns what `getDebugInfo()` tells people: words of the vendor's client, and nothing that anybody could listen with. Pure. */
import type { PullDiagnostics } from '../../client/diagnostics'

export interface DebugFacts {
  readonly userId: unknown
  readonly guestUserId: unknown
  readonly isBrowserOnline: boolean
  readonly isSupported: boolean
  readonly diagnostics: PullDiagnostics
  readonly history: unknown
  readonly tags: readonly string[]
}

const yes = (is: unknown): 'Y' | 'N' => (is ? 'Y' : 'N')

export function debugInfo(facts: DebugFacts): Record<string, unknown> {
  const { diagnostics, guestUserId } = facts
  const { server, status, transport, failures, cursor } = diagnostics
  const { version = 0, mode = '', endpoints = {}, channels = [] } = server || {}
  const isWebSocket = transport === 'websocket'
  const dieOf = (wanted: string): string => {
    const found = channels.find(({ type }) => type === wanted)
    return (found && found.endAtMs && new Date(found.endAtMs).toISOString()) || '-'
  }
  return {
    UserId: `${facts.userId}${guestUserId ? ' (guest)' : ''}`,
    'Guest userId': guestUserId || '-',
    'Browser online': yes(facts.isBrowserOnline),
    Connect: yes(status === 'connected'),
    'Server type': mode === 'shared' ? 'cloud' : 'local',
    'WebSocket supported': yes(facts.isSupported),
    'WebSocket connected': yes(isWebSocket),
    'WebSocket mode': !isWebSocket ? '-' : version > 4 ? 'json-rpc' : version === 4 ? 'protobuf' : 'text',
    'Try connect': yes(status === 'connecting' || status === 'reconnecting'),
    'Try number': failures,
    Path: endpoints[isWebSocket ? 'websocket' : 'longPolling'] || '-',
    ChannelID: channels.map(({ type }) => `${type} ***`).join(', ') || '-',
    ...(server
      ? { ChannelDie: dieOf('private'), ChannelDieShared: dieOf('shared') }
      : { 'Config error': 'no configuration' }),
    'Last message': cursor.mid || cursor.time || '-',
    'Session history': facts.history,
    'Watch tags': facts.tags,
  }
}
