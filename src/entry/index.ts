/** The browser entry. Importing it touches no global: it can be imported while rendering on a server. */
import type { AnyEvents } from '../client/client'
import { type PullClientConstructor, type PullClientInstance, pullClientClass } from '../client/pull-client'
import { browserPlatform } from '../platform/browser'
import { type PullClientParts, standardParts } from './parts'

export const PullClient = /* @__PURE__ */ pullClientClass(/* @__PURE__ */ standardParts(browserPlatform))
export type PullClient<Events extends object = AnyEvents> = PullClientInstance<Events>
/**
 * A client class of chosen parts, for bundles that must be small: a page that only ever talks to one kind of server.
 *
 * @example
 * const TextClient = definePullClient({ transports: { websocket: webSocketTransport }, codecs: { text: textCodec } })
 */
export function definePullClient({ transports, codecs }: PullClientParts): PullClientConstructor {
  return pullClientClass({ platform: browserPlatform, factories: transports, codecs })
}
export * from './public'
