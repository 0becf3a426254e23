/**
 * Owns who may come to the queue server at all, whatever its generation: nobody where there is none (version 0), and
 * in the cloud only who names the portal. A stranger is refused like somebody without a channel.
 */
import type { Generation, HttpAnswer } from './generations/generation'
import type { Settings } from './options'
import { nodeValue, type RawQuery } from './query'
import { clientIdOf } from './signature'

const NOWHERE: HttpAnswer = { status: 404, headers: { 'Content-Type': 'text/plain' }, body: '' }

export function guarded(generation: Generation, settings: Settings): Generation {
  if (settings.version === 0) {
    return {
      ...generation,
      route: () => null,
      stray: () => NOWHERE,
      strayUpgrade: () => ({ type: 'answer', answer: NOWHERE }),
    }
  }
  if (settings.mode === 'personal') return generation
  const clientId = clientIdOf(settings.signatureKey)
  const known = (query: RawQuery) => (nodeValue(query, 'clientId') === clientId ? query : nameless(query))
  return {
    ...generation,
    admit: (hub, ask) => generation.admit(hub, { ...ask, query: known(ask.query) }),
    publish: (hub, request) => generation.publish(hub, { ...request, query: known(request.query) }),
  }
}

function nameless(query: RawQuery): RawQuery {
  return { path: query.path, raw: new Map(), repeated: new Set() }
}
