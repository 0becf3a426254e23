/** The Node entry: the same names, on Node's platform. Chosen by the `node` export condition. */
import type { AnyEvents } from '../client/client'
import { type PullClientConstructor, type PullClientInstance, pullClientClass } from '../client/pull-client'
import { nodePlatform } from '../platform/node'
import { type PullClientParts, standardParts } from './parts'

export const PullClient = /* @__PURE__ */ pullClientClass(/* @__PURE__ */ standardParts(nodePlatform))
export type PullClient<Events extends object = AnyEvents> = PullClientInstance<Events>
/**
 * A client class of chosen parts, for bundles that must be small: a page that only ever talks to one kind of server.
 *
 * @example
 * const TextClient = definePullClient({ transports: { websocket: webSocketTransport }, codecs: { text: textCodec } })
 */
export function definePullClient({ transports, codecs }: PullClientParts): PullClientConstructor {
  return pullClientClass({ platform: nodePlatform, factories: transports, codecs })
}
export * from './public'
